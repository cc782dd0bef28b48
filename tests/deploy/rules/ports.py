"""Ports: a name that is asked for is one that a container has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.deploy.manifests import called

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.deploy.manifests import Manifests, Object, Workload

PROBES = ("startupProbe", "livenessProbe", "readinessProbe")


def services_lead_to_ports(manifests: Manifests) -> Iterator[str]:
    for service in manifests.of("Service"):
        for workload in manifests.selected({"matchLabels": service["spec"]["selector"]}):
            for port in service["spec"]["ports"]:
                target = port.get("targetPort", port["port"])
                if not _has(workload, target):
                    yield f"{called(service)}: {workload.called} has no port {target}"


def probes_ask_ports(manifests: Manifests) -> Iterator[str]:
    for workload, container in manifests.containers:
        own = {port["name"] for port in container.get("ports", [])}
        for probe in PROBES:
            asked = container.get(probe, {}).get("httpGet", {}).get("port")
            if asked is not None and asked not in own:
                yield f"{workload.called}: {probe} asks port {asked}, which {container['name']} has not"


def policies_name_ports(manifests: Manifests) -> Iterator[str]:
    """A name is looked for on the pods that are connected to."""
    for policy in manifests.of("NetworkPolicy"):
        selected = manifests.selected(policy["spec"]["podSelector"])
        for rule in policy["spec"].get("ingress", []):
            yield from _named(policy, rule, selected)
        for rule in policy["spec"].get("egress", []):
            for peer in rule.get("to", []):
                if "podSelector" in peer and "namespaceSelector" not in peer:
                    yield from _named(policy, rule, manifests.selected(peer["podSelector"]))


def _named(policy: Object, rule: Object, pods: list[Workload]) -> Iterator[str]:
    for port in rule.get("ports", []):
        for workload in pods:
            if isinstance(port["port"], str) and not _has(workload, port["port"]):
                yield f"{called(policy)}: {workload.called} has no port {port['port']}"


def _has(workload: Workload, port: str | int) -> bool:
    ports = workload.ports()
    return port in ports if isinstance(port, str) else port in ports.values()
