"""Whose fault it is that a run cannot be trusted, with a real cgroup, a busy agent and a slow target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.cpu_limit import cpu_limit
from tests.e2e.processes import eventually
from tests.e2e.writing import arrivals, users, write_test

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.commands import Groundswell, Ran
    from tests.e2e.demo import Demo
    from tests.nginx_server import NginxServer

PASSING = {"http_reqs": ["count > 0"]}


def run_throttled(groundswell: Groundswell, test: Path) -> Ran:
    """With an agent that has a fifth of a core from soon after its start on."""
    with cpu_limit(0.2) as group, groundswell.starting_run(test) as running:
        eventually(lambda: "agent-1" in groundswell.agents(), 20.0, "the agent's process")
        (group / "cgroup.procs").write_text(str(groundswell.agents()["agent-1"].pid))
        return running.end_of_run()


def test_an_agent_that_its_cgroup_throttles_makes_the_run_inconclusive(
    groundswell: Groundswell, nginx: NginxServer
) -> None:
    """Lag is not judged here, so it is the throttling alone."""
    test = write_test(groundswell.folder, nginx.url, {"load": users(8, "4s")}, thresholds=PASSING)
    ran = run_throttled(groundswell, test)
    assert (ran.exit_code, ran.summary.verdict) == (96, "INCONCLUSIVE"), ran
    (reason,) = ran.summary.reasons
    assert (reason.code, reason.agent) == ("agent_saturated", "agent-1")
    assert reason.message.startswith("agent-1 was throttled by its cgroup for ")
    assert reason.message.endswith(": raise its CPU limit")
    # Told while it went on, too.
    assert "agent_saturated: agent-1 was throttled by its cgroup for " in ran.stderr
    assert ran.summary.metrics["agent_cpu_throttled"].values["max"] > 0.01


def test_a_slow_target_is_the_cause_where_the_agent_kept_up(
    groundswell: Groundswell, demo: Demo
) -> None:
    """Five VUs carry ten a second of what takes half a second."""
    test = write_test(
        groundswell.folder,
        demo.url,
        {"load": arrivals("50/s", "3s", "/slow?ms=500", max_vus=5)},
        thresholds=PASSING,
    )
    ran = groundswell.run(test)
    assert (ran.exit_code, ran.summary.verdict) == (96, "INCONCLUSIVE"), ran
    (reason,) = ran.summary.reasons
    assert (reason.code, reason.cause) == ("rate_not_reached", "target"), ran
    assert "the target was too slow for so many VUs" in reason.message


def test_an_agent_that_is_throttled_is_the_cause_itself(
    groundswell: Groundswell, nginx: NginxServer
) -> None:
    """The target answers at once, and yet five VUs do not suffice: the agent does not come to them."""
    test = write_test(
        groundswell.folder,
        nginx.url,
        {"load": arrivals("8000/s", "4s", max_vus=5)},
        thresholds=PASSING,
    )
    ran = run_throttled(groundswell, test)
    reasons = {reason.code: reason for reason in ran.summary.reasons}
    assert set(reasons) == {"agent_saturated", "rate_not_reached"}, ran
    assert reasons["rate_not_reached"].cause == "generator"
