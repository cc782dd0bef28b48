"""Names of other objects: they are in the same render, or the README says who makes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.deploy.manifests import VARIABLE, called
from tests.deploy.renders import DEPLOY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.deploy.manifests import Manifests, Object, Workload

# Of every cluster.
_CLUSTER_PRIORITIES = frozenset({"system-cluster-critical", "system-node-critical"})


def accounts_exist(manifests: Manifests) -> Iterator[str]:
    for workload in manifests.workloads:
        name = workload.pod.get("serviceAccountName")
        if name not in manifests.names("ServiceAccount"):
            yield f"{workload.called}: there is no ServiceAccount {name}"
    for binding in manifests.of("RoleBinding"):
        if binding["roleRef"]["name"] not in manifests.names(binding["roleRef"]["kind"]):
            yield f"{called(binding)}: there is no {binding['roleRef']}"


def priorities_exist(manifests: Manifests) -> Iterator[str]:
    known = manifests.names("PriorityClass") | _CLUSTER_PRIORITIES
    for workload in manifests.workloads:
        name = workload.pod.get("priorityClassName")
        if name is not None and name not in known:
            yield f"{workload.called}: there is no PriorityClass {name}"


def configuration_exists_or_is_documented(manifests: Manifests) -> Iterator[str]:
    """A certificate's Secret is here where its Certificate is."""
    documented = (DEPLOY / "README.md").read_text()
    made = {("Secret", one["spec"]["secretName"]) for one in manifests.of("Certificate")}
    for who, kind, name in _needed(manifests):
        is_here = name in manifests.names(kind) or (kind, name) in made
        if not is_here and f"`{name}`" not in documented:
            yield f"{who}: {kind} {name} is neither here nor in deploy/README.md"


def variables_are_set(manifests: Manifests) -> Iterator[str]:
    """`$(NAME)` in arguments; one that is not set would be passed on as it stands."""
    for workload, container in manifests.containers:
        names = {one["name"] for one in container.get("env", [])}
        for name in VARIABLE.findall(" ".join(container.get("args", []))):
            if name not in names:
                yield f"{workload.called}: $({name}) is not set"
        for one in container.get("env", []):
            of = one.get("valueFrom", {}).get("resourceFieldRef", {})
            if of and of["resource"] not in _resources(container):
                yield f"{workload.called}: {one['name']} is {of['resource']}, which is not given"


def _needed(manifests: Manifests) -> Iterator[tuple[str, str, str]]:
    """Who needs it, its kind, its name."""
    for workload in manifests.workloads:
        for kind, name in {*_of_volumes(workload), *_of_variables(workload), *_of_pulls(workload)}:
            yield workload.called, kind, name
    for monitor in manifests.of("ServiceMonitor"):
        for endpoint in monitor["spec"]["endpoints"]:
            tls = endpoint["tlsConfig"]
            for secret in (tls["ca"]["secret"], tls["cert"]["secret"], tls["keySecret"]):
                yield called(monitor), "Secret", secret["name"]


def _resources(container: Object) -> set[str]:
    resources = container.get("resources", {})
    return {f"{part}.{name}" for part, values in resources.items() for name in values}


def _of_volumes(workload: Workload) -> Iterator[tuple[str, str]]:
    for volume in workload.pod.get("volumes", []):
        if "secret" in volume and not volume["secret"].get("optional"):
            yield "Secret", volume["secret"]["secretName"]
        if "configMap" in volume:
            yield "ConfigMap", volume["configMap"]["name"]


def _of_variables(workload: Workload) -> Iterator[tuple[str, str]]:
    for container in workload.containers:
        for one in container.get("env", []):
            source = one.get("valueFrom", {})
            if "secretKeyRef" in source:
                yield "Secret", source["secretKeyRef"]["name"]
            if "configMapKeyRef" in source:
                yield "ConfigMap", source["configMapKeyRef"]["name"]


def _of_pulls(workload: Workload) -> Iterator[tuple[str, str]]:
    for secret in workload.pod.get("imagePullSecrets", []):
        yield "Secret", secret["name"]
