"""Labels: who selects finds somebody, and only whom it means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.deploy.manifests import called, matches, peers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.deploy.manifests import Manifests, Object


def workloads_select_their_own_pods(manifests: Manifests) -> Iterator[str]:
    for workload in manifests.workloads:
        if workload.selects:
            selector = workload.object["spec"]["selector"]
            found = [one.called for one in manifests.selected(selector)]
            if found != [workload.called]:
                yield f"{workload.called}: its selector finds {found}, and not its own pods alone"
        for spread in workload.pod.get("topologySpreadConstraints", []):
            if not matches(spread["labelSelector"], workload.labels):
                yield f"{workload.called}: topologySpreadConstraints do not count its own pods"


def services_and_budgets_find_pods(manifests: Manifests) -> Iterator[str]:
    for service in manifests.of("Service"):
        if len(manifests.selected(_of_service(service))) != 1:
            yield f"{called(service)}: its selector finds not exactly one workload"
    for budget in manifests.of("PodDisruptionBudget"):
        found = manifests.selected(budget["spec"]["selector"])
        if len(found) != 1:
            yield f"{called(budget)}: its selector finds not exactly one workload"
        for workload in found:
            if workload.object["spec"].get("replicas", 1) == 1:
                yield f"{called(budget)}: {workload.called} has one pod, and no node could be drained"


def policies_find_pods(manifests: Manifests) -> Iterator[str]:
    """Who is behind a `namespaceSelector` is elsewhere, and not known here."""
    for policy in manifests.of("NetworkPolicy"):
        if not manifests.selected(policy["spec"]["podSelector"]):
            yield f"{called(policy)}: its selector finds no pod"
        for peer, _ in peers(policy):
            here = "podSelector" in peer and "namespaceSelector" not in peer
            if here and not manifests.selected(peer["podSelector"]):
                yield f"{called(policy)}: {peer['podSelector']} finds no pod"


def names_can_be_asked_for(manifests: Manifests) -> Iterator[str]:
    """A pod whose ways out are listed needs the one to DNS."""
    for policy in manifests.of("NetworkPolicy"):
        if "Egress" not in policy["spec"]["policyTypes"]:
            continue
        for protocol in ("UDP", "TCP"):
            if not any(_is_dns(peer, ports, protocol) for peer, ports in peers(policy)):
                yield f"{called(policy)}: no way to DNS over {protocol}"


def monitors_find_services(manifests: Manifests) -> Iterator[str]:
    for monitor in manifests.of("ServiceMonitor"):
        found = [
            service
            for service in manifests.of("Service")
            if matches(monitor["spec"]["selector"], service["metadata"]["labels"])
        ]
        if not found:
            yield f"{called(monitor)}: its selector finds no Service"
        for endpoint in monitor["spec"]["endpoints"]:
            for service in found:
                if endpoint["port"] not in {port["name"] for port in service["spec"]["ports"]}:
                    yield f"{called(monitor)}: {called(service)} has no port {endpoint['port']}"


def _of_service(service: Object) -> Mapping[str, Any]:
    return {"matchLabels": service["spec"]["selector"]}


def _is_dns(peer: Object, ports: list[Object], protocol: str) -> bool:
    """CoreDNS' pods have the label of the server before it, and nothing besides that we know of."""
    port = {"port": 53, "protocol": protocol}
    labels = {"k8s-app": "kube-dns"}
    home = {"kubernetes.io/metadata.name": "kube-system"}
    return (
        peer.get("podSelector") == {"matchLabels": labels}
        and peer.get("namespaceSelector") == {"matchLabels": home}
        and port in ports
    )
