"""What a pod's manifest says of one container, as words for podman. Pure: nothing is started here.

What is not understood raises NotUnderstood: a manifest is run as it stands, or not at all.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.deploy.manifests import VARIABLE, NotUnderstood
from tests.deploy.quantity import quantity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

Spec = dict[str, Any]

# Those that change nothing for one container that runs.
_PASSIVE = frozenset(
    {"name", "image", "imagePullPolicy", "ports", "startupProbe", "livenessProbe", "readinessProbe"}
)
_TOLD = frozenset(
    {"command", "args", "env", "envFrom", "resources", "securityContext", "volumeMounts"}
)
# The latter is the pod's.
_PASSIVE_SECURITY = frozenset({"fsGroupChangePolicy", "seccompProfile", "sysctls"})


@dataclass(frozen=True)
class Surroundings:
    """What a pod finds in its cluster: ConfigMaps and Secrets by kind and name, folders of volumes."""

    name: str
    namespace: str
    address: str
    labels: Mapping[str, str]
    data: Mapping[tuple[str, str], Mapping[str, str]]
    volumes: Mapping[str, Path] = field(default_factory=dict[str, "Path"])


def security(pod: Spec, container: Spec) -> Spec:
    """The container's, and the pod's where it says nothing."""
    return {**pod.get("securityContext", {}), **container.get("securityContext", {})}


def pod_words(pod: Spec) -> list[str]:
    """Options of `podman pod create`: what all its containers share."""
    words: list[str] = []
    for option in pod.get("dnsConfig", {}).get("options", []):
        words += ["--dns-opt", f"{option['name']}:{option['value']}"]
    for sysctl in pod.get("securityContext", {}).get("sysctls", []):
        words += ["--sysctl", f"{sysctl['name']}={sysctl['value']}"]
    return words


def container_words(pod: Spec, container: Spec, around: Surroundings) -> list[str]:
    """Options, image and arguments of `podman create`."""
    if unknown := container.keys() - _PASSIVE - _TOLD:
        raise NotUnderstood(f"container: {sorted(unknown)}")
    variables = dict(_environment(container, around))
    words = [
        *_secured(security(pod, container)),
        *_limited(container),
        *_mounted(container, around),
    ]
    words += [word for key, value in variables.items() for word in ("--env", f"{key}={value}")]
    words += ["--stop-timeout", str(pod.get("terminationGracePeriodSeconds", 30))]
    if command := container.get("command"):
        words += ["--entrypoint", json.dumps([_filled(word, variables) for word in command])]
    return [*words, container["image"], *(_filled(w, variables) for w in container.get("args", []))]


def _secured(context: Spec) -> Iterator[str]:
    rest = dict(context)
    user, group = rest.pop("runAsUser", None), rest.pop("runAsGroup", 0)
    if rest.pop("runAsNonRoot", False) and not user:
        raise ValueError("runAsNonRoot, and no user of a number")
    if user is not None:
        yield f"--user={user}:{group}"
    if (files := rest.pop("fsGroup", None)) is not None:
        yield f"--group-add={files}"
    if rest.pop("readOnlyRootFilesystem", False):
        # Podman's own --read-only leaves /tmp and others open, which no cluster does.
        yield from ("--read-only", "--read-only-tmpfs=false")
    if not rest.pop("allowPrivilegeEscalation", True):
        yield "--security-opt=no-new-privileges"
    yield from (f"--cap-drop={one}" for one in rest.pop("capabilities", {}).get("drop", []))
    if unknown := rest.keys() - _PASSIVE_SECURITY:
        raise NotUnderstood(f"securityContext: {sorted(unknown)}")


def _limited(container: Spec) -> Iterator[str]:
    limits = container.get("resources", {}).get("limits", {})
    if "memory" in limits:
        yield f"--memory={int(quantity(limits['memory']))}"
    if "cpu" in limits:
        yield f"--cpus={quantity(limits['cpu'])}"


def _mounted(container: Spec, around: Surroundings) -> Iterator[str]:
    for mount in container.get("volumeMounts", []):
        if unknown := mount.keys() - {"name", "mountPath", "readOnly"}:
            raise NotUnderstood(f"volumeMounts: {sorted(unknown)}")
        mode = "ro" if mount.get("readOnly") else "rw"
        yield f"--volume={around.volumes[mount['name']]}:{mount['mountPath']}:{mode}"


def _environment(container: Spec, around: Surroundings) -> Iterator[tuple[str, str]]:
    for source in container.get("envFrom", []):
        for kind, key in (("ConfigMap", "configMapRef"), ("Secret", "secretRef")):
            if key in source:
                yield from around.data[kind, source[key]["name"]].items()
    for one in container.get("env", []):
        value = one.get("value")
        yield (
            one["name"],
            _looked_up(one["valueFrom"], container, around) if value is None else value,
        )


def _looked_up(source: Spec, container: Spec, around: Surroundings) -> str:
    ((kind, reference),) = source.items()
    match kind:
        case "configMapKeyRef":
            return around.data["ConfigMap", reference["name"]][reference["key"]]
        case "secretKeyRef":
            return around.data["Secret", reference["name"]][reference["key"]]
        case "resourceFieldRef":
            which, name = reference["resource"].split(".")
            amount = quantity(container["resources"][which][name])
            return str(math.ceil(amount / quantity(reference.get("divisor", "1"))))
        case "fieldRef":
            return _field(reference["fieldPath"], around)
        case _:
            raise NotUnderstood(f"valueFrom: {kind}")


def _field(path: str, around: Surroundings) -> str:
    if label := re.fullmatch(r"metadata\.labels\['(.+)'\]", path):
        return around.labels[label[1]]
    fields = {
        "metadata.name": around.name,
        "metadata.namespace": around.namespace,
        "spec.nodeName": "node-1",
        "status.podIP": around.address,
    }
    return fields[path]


def _filled(text: str, variables: Mapping[str, str]) -> str:
    """Kubernetes' own `$(NAME)`; an unknown one stays as it is."""
    return VARIABLE.sub(lambda found: variables.get(found[1], found[0]), text)
