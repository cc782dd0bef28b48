"""Every rule catches what it is there for: a manifest is right until one thing in it is wrong."""

from __future__ import annotations

import copy
from functools import cache
from typing import TYPE_CHECKING

import pytest

from tests.deploy.manifests import Manifests, Workload
from tests.deploy.renders import TARGETS, rendered
from tests.deploy.rules import complaints

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.deploy.manifests import Object

COORDINATOR, AGENT = "groundswell-coordinator", "groundswell-agent"
PEOPLE = "groundswell-people"


@cache
def _whole() -> Manifests:
    options = {"certificates": {"create": True}, "serviceMonitor": {"create": True}}
    people = [{"kind": "User", "name": "somebody"}]
    return rendered({**TARGETS, **options, "people": people})


class Broken:
    """The chart with options, to be broken."""

    def __init__(self) -> None:
        self.manifests = Manifests(copy.deepcopy(_whole().objects))

    def __call__(self, kind: str, name: str) -> Object:
        return self.manifests.one(kind, name)

    def pod(self, name: str) -> Object:
        return self._deployment(name).pod

    def container(self, name: str) -> Object:
        return self._deployment(name).containers[0]

    def labels(self, name: str) -> Object:
        return self._deployment(name).labels

    def without(self, kind: str, name: str) -> None:
        one = self(kind, name)
        kept = tuple(other for other in self.manifests.objects if other is not one)
        self.manifests = Manifests(kept)

    def argument(self, name: str, old: str, new: str) -> None:
        arguments = self.container(name)["args"]
        (index,) = (index for index, word in enumerate(arguments) if word.startswith(old))
        arguments[index] = new

    def _deployment(self, name: str) -> Workload:
        return Workload(self("Deployment", name))


def _set(target: Object, key: str, value: object) -> None:
    target[key] = value


COMPONENT = "app.kubernetes.io/component"

# What was broken, how, and what of the complaint tells that it was this.
BREAKS: dict[str, tuple[Callable[[Broken], object], str]] = {
    "a template without the label": (
        lambda b: b.labels(AGENT).pop(COMPONENT),
        "its selector finds []",
    ),
    "a selector that finds the other's pods, too": (
        lambda b: b("Deployment", AGENT)["spec"]["selector"]["matchLabels"].pop(COMPONENT),
        "and not its own pods alone",
    ),
    "spread over somebody else's pods": (
        lambda b: b.pod(AGENT)["topologySpreadConstraints"][0]["labelSelector"].update(
            matchLabels={"a": "b"}
        ),
        "do not count its own pods",
    ),
    "a service that finds nobody": (
        lambda b: _set(b("Service", COORDINATOR)["spec"]["selector"], COMPONENT, "x"),
        f"Service/{COORDINATOR}: its selector finds not exactly one",
    ),
    "a budget for nobody": (
        lambda b: _set(
            b("PodDisruptionBudget", AGENT)["spec"]["selector"]["matchLabels"], COMPONENT, "x"
        ),
        "its selector finds not exactly one",
    ),
    "a budget for one pod": (
        lambda b: _set(
            b("PodDisruptionBudget", AGENT)["spec"]["selector"]["matchLabels"],
            COMPONENT,
            "coordinator",
        ),
        "no node could be drained",
    ),
    "a policy for nobody": (
        lambda b: _set(
            b("NetworkPolicy", AGENT)["spec"]["podSelector"]["matchLabels"], COMPONENT, "x"
        ),
        "its selector finds no pod",
    ),
    "a policy that lets nobody in": (
        lambda b: _set(
            b("NetworkPolicy", AGENT)["spec"]["egress"][0]["to"][0]["podSelector"]["matchLabels"],
            COMPONENT,
            "x",
        ),
        "finds no pod",
    ),
    "labels of ours asked of the DNS server": (
        lambda b: _set(
            b("NetworkPolicy", AGENT)["spec"]["egress"][1]["to"][0]["podSelector"]["matchLabels"],
            "app.kubernetes.io/name",
            "groundswell",
        ),
        "no way to DNS over UDP",
    ),
    "DNS over UDP alone": (
        lambda b: b("NetworkPolicy", AGENT)["spec"]["egress"][1]["ports"].pop(),
        "no way to DNS over TCP",
    ),
    "a service to no port": (
        lambda b: _set(b("Service", COORDINATOR)["spec"]["ports"][0], "targetPort", "grcp"),
        "has no port grcp",
    ),
    "a probe of no port": (
        lambda b: _set(b.container(COORDINATOR)["livenessProbe"]["httpGet"], "port", "web"),
        "asks port web",
    ),
    "a policy for no port": (
        lambda b: _set(
            b("NetworkPolicy", AGENT)["spec"]["egress"][0]["ports"][0], "port", "control"
        ),
        "has no port control",
    ),
    "memory in a unit that is none": (
        lambda b: _set(b.container(AGENT)["resources"]["requests"], "memory", "512Mb"),
        "512Mb is no quantity",
    ),
    "memory in thousandths of bytes": (
        lambda b: _set(b.container(AGENT)["resources"]["requests"], "memory", "512m"),
        "less than a mebibyte",
    ),
    "a request above its limit": (
        lambda b: _set(b.container(AGENT)["resources"]["requests"], "memory", "2Gi"),
        "asks for more memory than its limit",
    ),
    "no limit of memory": (
        lambda b: b.container(AGENT)["resources"].pop("limits"),
        "a limit of memory, are missing",
    ),
    "root": (lambda b: _set(b.pod(AGENT)["securityContext"], "runAsUser", 0), "not root"),
    "the network of its node": (lambda b: _set(b.pod(AGENT), "hostNetwork", True), "hostNetwork"),
    "no seccomp profile": (
        lambda b: b.pod(AGENT)["securityContext"].pop("seccompProfile"),
        "no seccomp profile",
    ),
    "a folder of its node": (
        lambda b: b.pod(AGENT)["volumes"].append({"name": "x", "hostPath": {"path": "/"}}),
        "volume x is hostPath",
    ),
    "a capability": (
        lambda b: _set(
            b.container(AGENT)["securityContext"],
            "capabilities",
            {"drop": ["ALL"], "add": ["NET_ADMIN"]},
        ),
        "keeps capabilities",
    ),
    "a root that can be written to": (
        lambda b: b.container(AGENT)["securityContext"].pop("readOnlyRootFilesystem"),
        "may write into its image",
    ),
    "a sysctl that is not safe": (
        lambda b: _set(b.pod(AGENT)["securityContext"]["sysctls"][0], "name", "net.core.somaxconn"),
        "is no safe sysctl",
    ),
    "a token of the API server": (
        lambda b: b.pod(AGENT).pop("automountServiceAccountToken"),
        "a token that it has no use for",
    ),
    "variables of services": (
        lambda b: b.pod(AGENT).pop("enableServiceLinks"),
        "enableServiceLinks",
    ),
    "no account": (
        lambda b: b.without("ServiceAccount", AGENT),
        f"no ServiceAccount {AGENT}",
    ),
    "no priority": (
        lambda b: b.without("PriorityClass", "groundswell"),
        "no PriorityClass groundswell",
    ),
    "a secret that nobody makes": (
        lambda b: b.container(AGENT)["env"].append(
            {"name": "X", "valueFrom": {"secretKeyRef": {"name": "nobodys", "key": "x"}}}
        ),
        "Secret nobodys is neither here nor in deploy/README.md",
    ),
    "a variable that is not set": (
        lambda b: b.container(AGENT)["env"].pop(),
        "$(NODE) is not set",
    ),
    "workers from a request that is not there": (
        lambda b: _set(
            b.container(AGENT)["env"][0]["valueFrom"]["resourceFieldRef"], "resource", "limits.cpu"
        ),
        "WORKERS is limits.cpu, which is not given",
    ),
    "a role for everything": (
        lambda b: _set(b("Role", PEOPLE)["rules"][1], "verbs", ["*"]),
        "any of verbs",
    ),
    "a role for every secret": (
        lambda b: b("Role", PEOPLE)["rules"][3].pop("resourceNames"),
        "any Secret",
    ),
    "a role of the whole cluster": (
        lambda b: _set(b("Role", PEOPLE), "kind", "ClusterRole"),
        "is of the whole cluster",
    ),
    "a binding to no role": (
        lambda b: b.without("Role", PEOPLE),
        f"RoleBinding/{PEOPLE}: there is no",
    ),
    "a mount without a volume": (
        lambda b: b.pod(COORDINATOR)["volumes"].pop(),
        "volume tls is there or mounted",
    ),
    "nowhere to write": (
        lambda b: b.container(AGENT)["volumeMounts"].pop(1),
        "cannot write to /tmp",
    ),
    "no claim": (
        lambda b: b.without("PersistentVolumeClaim", "groundswell-store"),
        "PersistentVolumeClaim/groundswell-store: is there or mounted",
    ),
    "the newest image, whichever that is": (
        lambda b: _set(b.container(AGENT), "image", "groundswell:latest"),
        "neither a digest nor the tag",
    ),
    "an option that does not exist": (
        lambda b: b.container(AGENT)["args"].append("--turbo"),
        "No such option '--turbo'",
    ),
    "a value that cannot be read": (
        lambda b: b.argument(COORDINATOR, "--retain", "--retain=ninety days"),
        "--retain",
    ),
    "a command that does not exist": (
        lambda b: b.argument(AGENT, "agent", "worker"),
        "no command worker",
    ),
    "a file that nobody mounts": (
        lambda b: b.container(AGENT)["args"].append("--secrets-dir=/etc/secrets"),
        "nothing is mounted where /etc/secrets is",
    ),
    "another port than the one it says": (
        lambda b: b.argument(COORDINATOR, "--http", "--http=0.0.0.0:9702"),
        "http is 9701",
    ),
    "a coordinator that only its own pod reaches": (
        lambda b: b.argument(COORDINATOR, "--listen", "--listen=127.0.0.1:9700"),
        "grpc is 9700",
    ),
    "a key of a Secret that has none": (
        lambda b: b.argument(AGENT, "--key", "--key=/etc/groundswell/tls/key.pem"),
        "tls has no file for /etc/groundswell/tls/key.pem",
    ),
    "a probe without TLS": (
        lambda b: b.container(COORDINATOR)["readinessProbe"]["httpGet"].pop("scheme"),
        "readinessProbe does not speak HTTPS",
    ),
    "no issuer": (
        lambda b: b.without("Issuer", "groundswell-ca"),
        "there is no Issuer groundswell-ca",
    ),
    "no authority": (
        lambda b: b.without("Certificate", "groundswell-ca"),
        "nobody makes groundswell-ca",
    ),
    "a certificate of another name": (
        lambda b: _set(b("Certificate", COORDINATOR)["spec"], "dnsNames", ["load.internal"]),
        f"dials {COORDINATOR}, and the coordinator's certificate is of ['load.internal']",
    ),
    "agents that may start runs": (
        lambda b: b("Certificate", AGENT)["spec"]["uris"].append("groundswell://role/operator"),
        "not of the role agent alone",
    ),
    "agents whose certificate is a server's": (
        lambda b: _set(b("Certificate", AGENT)["spec"], "usages", ["server auth"]),
        "is not for clients",
    ),
    "a monitor of no service": (
        lambda b: _set(
            b("ServiceMonitor", COORDINATOR)["spec"]["selector"]["matchLabels"], COMPONENT, "x"
        ),
        "its selector finds no Service",
    ),
    "a monitor of no port": (
        lambda b: _set(b("ServiceMonitor", COORDINATOR)["spec"]["endpoints"][0], "port", "web"),
        "has no port web",
    ),
    "no time to end": (
        lambda b: b.pod(AGENT).pop("terminationGracePeriodSeconds"),
        "has 30 s to end, and may need 60",
    ),
    "two coordinators on one store": (
        lambda b: _set(b("Deployment", COORDINATOR)["spec"], "replicas", 2),
        "not one at a time",
    ),
}


@pytest.mark.parametrize("what", BREAKS)
def test_what_is_wrong_is_caught(what: str) -> None:
    breaking, word = BREAKS[what]
    broken = Broken()
    breaking(broken)
    found = complaints(broken.manifests)
    assert any(word in text for text in found), found
