"""Ends: what is stopped has the time it needs, and what was one stays one."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from groundswell.scenario.model import BaseScenario

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.deploy.manifests import Manifests

_GRACEFUL_STOP_S = BaseScenario.__dataclass_fields__["graceful_stop"].default
_LAST_REPORTS_S = 30


def leaves_time_for_the_graceful_stop(manifests: Manifests) -> Iterator[str]:
    """An agent that is told to leave ends its iterations first, then waits for acknowledgements."""
    assert isinstance(_GRACEFUL_STOP_S, int | Fraction)
    needed = _GRACEFUL_STOP_S + _LAST_REPORTS_S
    for workload in manifests.workloads:
        given = workload.pod.get("terminationGracePeriodSeconds", 30)
        if given < needed:
            yield f"{workload.called}: has {given} s to end, and may need {needed}"


def one_volume_has_one_pod(manifests: Manifests) -> Iterator[str]:
    """The new pod of a rolling update would wait for the volume, or the store, of the old one."""
    for workload in manifests.workloads:
        spec = workload.object["spec"]
        if (
            workload.object["kind"] != "Deployment"
            or workload.containers[0]["name"] != "coordinator"
        ):
            continue
        if spec["strategy"]["type"] != "Recreate" or spec["replicas"] != 1:
            yield f"{workload.called}: is not one at a time (replicas 1, strategy Recreate)"
