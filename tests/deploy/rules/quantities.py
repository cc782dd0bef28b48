"""Quantities: `128Mb` and `512m` of memory pass the schema, and mean nothing or half a byte."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from tests.deploy.manifests import called
from tests.deploy.quantity import amount

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.deploy.manifests import Manifests

_LEAST_BYTES = 1024 * 1024


def can_be_read(manifests: Manifests) -> Iterator[str]:
    for where, resource, text in _all(manifests):
        value = amount(text)
        if value is None:
            yield f"{where}: {text} is no quantity"
        elif resource != "cpu" and value < _LEAST_BYTES:
            yield f"{where}: {text} of {resource} is less than a mebibyte"
        elif resource == "cpu" and not Decimal("0.01") <= value <= 1024:
            yield f"{where}: {text} cores"


def requests_fit_limits(manifests: Manifests) -> Iterator[str]:
    """And memory has a limit: what is above it is better killed here than somebody else's."""
    for workload, container in manifests.containers:
        resources = container.get("resources", {})
        requests, limits = resources.get("requests", {}), resources.get("limits", {})
        if not {"cpu", "memory"} <= requests.keys() or "memory" not in limits:
            yield f"{workload.called}: requests of cpu and memory, and a limit of memory, are missing"
        for resource in requests.keys() & limits.keys():
            low, high = amount(requests[resource]), amount(limits[resource])
            if low is not None and high is not None and low > high:
                yield f"{workload.called}: asks for more {resource} than its limit"


def _all(manifests: Manifests) -> Iterator[tuple[str, str, str | int]]:
    """Where it stands, of what it is, and its text."""
    for workload, container in manifests.containers:
        for part in ("requests", "limits"):
            for resource, text in container.get("resources", {}).get(part, {}).items():
                yield workload.called, resource, text
    for workload in manifests.workloads:
        for volume in workload.pod.get("volumes", []):
            if "sizeLimit" in volume.get("emptyDir", {}):
                yield workload.called, volume["name"], volume["emptyDir"]["sizeLimit"]
    for claim in manifests.of("PersistentVolumeClaim"):
        yield called(claim), "storage", claim["spec"]["resources"]["requests"]["storage"]
