"""The client dies, or agents do: no load outlives its owner, and no number is made up."""

from __future__ import annotations

import json
import time
from pathlib import Path
from signal import SIGKILL
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from groundswell_coordinator.report.consistency import discrepancies
from tests.e2e.processes import eventually
from tests.e2e.writing import arrivals, iterations, write_test

if TYPE_CHECKING:
    from tests.e2e.commands import Groundswell, Ran
    from tests.e2e.demo import Demo

_AGENTS = 3
_RATE = 150
_SECONDS = 4
_PLANNED = _RATE * _SECONDS
_MAX_VUS = 90


@pytest.fixture
def test_file(groundswell: Groundswell, demo: Demo) -> Path:
    """Requests that take a while, so that some are on their way whenever a process dies."""
    scenario = arrivals(f"{_RATE}/s", f"{_SECONDS}s", "/slow?ms=50", max_vus=_MAX_VUS)
    return write_test(
        groundswell.folder,
        demo.url,
        {"load": scenario},
        thresholds={"http_req_failed": ["rate < 1%"]},
    )


def test_when_the_client_is_killed_its_agents_stop_and_the_run_is_inconclusive(
    groundswell: Groundswell, demo: Demo, test_file: Path
) -> None:
    # Short enough a path for a socket, which the coordinator has for its own agents.
    with TemporaryDirectory(prefix="gs-") as sockets:
        env = {"TMPDIR": sockets, "XDG_RUNTIME_DIR": ""}
        with groundswell.starting_run(test_file, agents=_AGENTS, env=env) as running:
            demo.wait_for_load(_RATE)
            assert len(groundswell.agents()) == _AGENTS
            assert len(list(Path(sockets).glob("groundswell-*/coordinator"))) == 1
            running.signal(SIGKILL)
            running.process.wait()
            groundswell.assert_nothing_is_left(within_s=2.0)
        assert list(Path(sockets).iterdir()) == []

    count = demo.requests()
    time.sleep(0.5)
    assert demo.requests() == count < _PLANNED
    _assert_coordinator_lost(groundswell)
    _assert_the_next_run_closes_it(groundswell, demo)


def _assert_coordinator_lost(groundswell: Groundswell) -> None:
    listed = groundswell("runs")
    shown = groundswell("show", "last")
    summary = json.loads(groundswell("show", "last", "--json").stdout)

    assert "INCONCLUSIVE" in listed.stdout
    assert "INCONCLUSIVE  e2e" in shown.stdout
    assert "coordinator_lost" in shown.stdout
    assert (summary["verdict"], summary["exit_code"]) == ("INCONCLUSIVE", 96)
    # Where it ended before its first second was stored, there are no samples either.
    codes = [reason["code"] for reason in summary["reasons"]]
    assert codes[-1] == "coordinator_lost"
    assert set(codes) <= {"no_samples", "coordinator_lost"}
    assert [agent["name"] for agent in summary["agents"]] == ["agent-1", "agent-2", "agent-3"]


def _assert_the_next_run_closes_it(groundswell: Groundswell, demo: Demo) -> None:
    before = groundswell("show", "last").stdout

    groundswell.run(write_test(groundswell.folder, demo.url, {"next": iterations(2)}, name="next"))

    newest, lost = json.loads(groundswell("runs", "--json").stdout)
    assert (newest["test"], newest["verdict"]) == ("next", "PASS")
    assert (lost["test"], lost["verdict"], lost["exit_code"]) == ("e2e", "INCONCLUSIVE", 96)
    assert lost["ended_at"] is not None
    assert groundswell("show", lost["run"]).stdout == before


def test_when_one_agent_is_killed_the_others_go_on_and_all_that_was_planned_is_accounted_for(
    groundswell: Groundswell, demo: Demo, test_file: Path
) -> None:
    with groundswell.starting_run(test_file, agents=_AGENTS) as running:
        demo.wait_for_load(2 * _RATE)
        groundswell.agents()["agent-2"].kill()
        ran = running.end_of_run()

    load = ran.summary.scenarios["load"]
    assert load.planned == _PLANNED, ran
    assert load.planned == load.fired + sum(load.dropped.values()) + load.unknown
    assert discrepancies(ran.summary) == ()
    _assert_agents_lost(ran, "agent-2")
    # To its end, and the two others' thirds are whole.
    assert ran.summary.duration_s == _SECONDS
    assert load.fired >= _PLANNED * 2 / 3
    # What nobody can know of: at most what was due after its last report, and its running ones.
    running_at_most = _MAX_VUS / _AGENTS
    assert 0 <= demo.requests() - ran.count("http_reqs") <= load.unknown + running_at_most, ran


@pytest.mark.slow
def test_when_all_agents_are_killed_the_run_ends(
    groundswell: Groundswell, demo: Demo, test_file: Path
) -> None:
    with groundswell.starting_run(test_file, agents=_AGENTS) as running:
        demo.wait_for_load(2 * _RATE)
        for agent in groundswell.agents().values():
            agent.kill()
        killed_at = time.monotonic()
        ran = running.end_of_run()

    # Its lease, two more for late reports, and a few seconds for a busy machine.
    assert time.monotonic() - killed_at < 25
    load = ran.summary.scenarios["load"]
    assert load.planned == _PLANNED, ran
    assert load.planned == load.fired + sum(load.dropped.values()) + load.unknown
    assert 0 <= demo.requests() - ran.count("http_reqs") <= load.unknown + _MAX_VUS, ran
    _assert_agents_lost(ran, "agent-1", "agent-2", "agent-3")


def _assert_agents_lost(ran: Ran, *names: str) -> None:
    lost = sorted(
        reason.agent or "" for reason in ran.summary.reasons if reason.code == "agent_lost"
    )
    assert lost == list(names), ran
    assert (ran.exit_code, ran.summary.verdict) == (96, "INCONCLUSIVE"), ran
    for name in names:
        assert f"agent_lost: {name}" in ran.stdout
        assert f"agent_lost: {name}" in ran.stderr


@pytest.mark.slow
def test_an_agent_that_is_killed_before_its_first_report_is_accounted_for_too(
    groundswell: Groundswell, demo: Demo, test_file: Path
) -> None:
    with groundswell.starting_run(test_file, agents=_AGENTS) as running:
        demo.wait_for_load()
        groundswell.agents()["agent-3"].kill()
        ran = running.end_of_run()

    load = ran.summary.scenarios["load"]
    assert load.planned == _PLANNED, ran
    assert load.planned == load.fired + sum(load.dropped.values()) + load.unknown
    _assert_agents_lost(ran, "agent-3")


def test_an_agent_that_dies_while_the_run_starts_up_ends_it_before_any_load(
    groundswell: Groundswell, demo: Demo, test_file: Path
) -> None:
    with groundswell.starting(*("run", test_file, "--agents", "2")) as running:
        eventually(lambda: len(groundswell.agents()) == 2, 10, "agents start")
        groundswell.agents()["agent-1"].kill()
        done = running.end(within_s=30)

    assert done.exit_code == 102, done
    assert "agent" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.seconds < 20
    assert demo.requests() == 0
    groundswell.assert_nothing_is_left()


@pytest.mark.slow
def test_an_agent_that_is_frozen_for_longer_than_its_lease_is_lost_and_not_waited_for(
    groundswell: Groundswell, demo: Demo
) -> None:
    scenarios = {"load": arrivals("60/s", "9s", max_vus=30)}
    thresholds = {"http_req_failed": ["rate < 1%"]}
    test = write_test(groundswell.folder, demo.url, scenarios, thresholds=thresholds)

    with groundswell.starting_run(test, agents=3) as running:
        demo.wait_for_load(60)
        groundswell.agents()["agent-2"].freeze()
        ran = running.end_of_run(within_s=40)

    load = ran.summary.scenarios["load"]
    assert load.planned == 540 == load.fired + sum(load.dropped.values()) + load.unknown, ran
    _assert_agents_lost(ran, "agent-2")
    assert ran.seconds < 25
    groundswell.assert_nothing_is_left()


@pytest.mark.slow
def test_an_agent_that_is_frozen_for_less_than_its_lease_loses_no_iteration(
    groundswell: Groundswell, demo: Demo
) -> None:
    scenarios = {"load": arrivals("60/s", "6s", max_vus=200)}
    test = write_test(groundswell.folder, demo.url, scenarios)

    with groundswell.starting_run(test, agents=2) as running:
        demo.wait_for_load(60)
        agent = groundswell.agents()["agent-2"]
        agent.freeze()
        time.sleep(2.0)
        agent.thaw()
        ran = running.end_of_run()

    load = ran.summary.scenarios["load"]
    assert (load.planned, load.unknown) == (360, 0), ran
    assert load.fired + sum(load.dropped.values()) == 360
    assert ran.count("http_reqs") == load.fired == demo.requests()
    assert "agent_lost" not in ran.codes
