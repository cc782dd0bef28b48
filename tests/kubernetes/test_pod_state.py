"""What pods say of themselves, as clusters write it, and what a client says of all of them."""

from __future__ import annotations

from typing import Any

import pytest

from groundswell_coordinator.launch.kubernetes.census import Census
from groundswell_coordinator.launch.kubernetes.errors import PlacementFailed
from groundswell_coordinator.launch.kubernetes.pod_state import PodState
from groundswell_coordinator.launch.kubernetes.settings import RunSettings

_SETTINGS = RunSettings("r", "load", "i", agents=50, planned_s=1, graceful_stop_s=1)
_CPU = (
    "0/5 nodes are available: 2 Insufficient cpu, 3 node(s) had untolerated taint {a: b}. "
    "preemption: 0/5 nodes are available: 5 No preemption victims found."
)
_READY = {"conditions": [{"type": "Ready", "status": "True"}], "phase": "Running"}
_UNSCHEDULABLE = {
    "phase": "Pending",
    "conditions": [{"type": "PodScheduled", "status": "False", "message": _CPU}],
}


def _pod(status: dict[str, Any], role: str = "agent", **metadata: object) -> PodState:
    labels = {"app.kubernetes.io/component": role}
    return PodState.of({"metadata": {"name": "p", "labels": labels, **metadata}, "status": status})


def _container(phase: str = "Pending", **state: dict[str, Any]) -> dict[str, Any]:
    return {"phase": phase, "containerStatuses": [{"state": state}]}


def _waiting(reason: str, message: str = "") -> dict[str, Any]:
    return _container(waiting={"reason": reason, "message": message})


def test_the_schedulers_reasons_are_told_without_the_number_of_nodes() -> None:
    pod = _pod(_UNSCHEDULABLE)
    assert pod.pending == "Insufficient cpu, node(s) had untolerated taint {a: b}"
    other = _pod(
        {"conditions": [{"type": "PodScheduled", "status": "False", "message": "odd\nword"}]}
    )
    assert other.pending == "odd word"


@pytest.mark.parametrize("reason", ["ContainerCreating", "PodInitializing"])
def test_a_pod_that_begins_is_no_bad_news(reason: str) -> None:
    pod = _pod(_waiting(reason))
    assert (pod.pending, pod.hopeless) == ("starting", "")
    assert _pod({}).pending == "starting"


def test_a_first_pull_that_failed_is_not_the_last_word() -> None:
    assert _pod(_waiting("ErrImagePull", "timeout")).hopeless == ""
    assert "not found" in _pod(_waiting("ImagePullBackOff", "not found")).hopeless


def test_a_crash_loop_is_told_with_the_last_line_that_was_written() -> None:
    status = _waiting("CrashLoopBackOff", "back-off 10s")
    terminated = {"reason": "Error", "exitCode": 2, "message": "Usage: …\nno such option\n"}
    status["containerStatuses"][0]["lastState"] = {"terminated": terminated}
    assert _pod(status).hopeless == "CrashLoopBackOff: back-off 10s: Error, exit 2: no such option"


def test_a_pod_that_was_taken_away_has_not_failed() -> None:
    evicted = _container("Failed", terminated={"exitCode": 105})
    evicted["conditions"] = [{"type": "DisruptionTarget", "status": "True"}]
    assert _pod(evicted).is_moved
    assert _pod(_READY, deletionTimestamp="2026-03-04T05:06:07Z").is_moved
    killed = _pod(_container("Failed", terminated={"exitCode": 137, "reason": "OOMKilled"}))
    assert (killed.is_moved, killed.ended) == (False, "OOMKilled, exit 137")


def test_how_many_wait_and_for_what_is_one_line() -> None:
    pods = [_pod(_READY)] * 38 + [_pod(_UNSCHEDULABLE)] * 11
    census = Census.of(_SETTINGS, [*pods, _pod(_READY, "coordinator")])
    assert str(census) == (
        "38/50 agents ready, 12 pending: Insufficient cpu, node(s) had untolerated taint {a: b}; no pod yet"
    )
    census.check()
    assert not census.is_complete
    complete = Census.of(_SETTINGS, [_pod(_READY)] * 50 + [_pod(_READY, "coordinator")])
    assert complete.is_complete
    assert not Census.of(_SETTINGS, [_pod(_READY)] * 50).is_complete


def test_three_agents_that_ended_by_themselves_are_enough() -> None:
    failed = _pod(_container("Failed", terminated={"exitCode": 2, "message": "no"}))
    Census.of(_SETTINGS, [failed] * 2).check()
    with pytest.raises(PlacementFailed, match="exit 2: no"):
        Census.of(_SETTINGS, [failed] * 3).check()


def test_without_its_coordinator_there_is_no_run() -> None:
    with pytest.raises(PlacementFailed, match="coordinator's pod has ended"):
        Census.of(_SETTINGS, [_pod(_READY, "coordinator", deletionTimestamp="now")]).check()
