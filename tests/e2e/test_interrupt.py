"""Ctrl-C: once ends the run in order, twice at once; either way nothing is left behind."""

from __future__ import annotations

import time
from signal import SIGHUP, SIGINT, SIGTERM, Signals
from typing import TYPE_CHECKING

import pytest

from groundswell_coordinator.report.consistency import discrepancies
from tests.e2e.processes import eventually
from tests.e2e.writing import arrivals, users, write_test

if TYPE_CHECKING:
    from pathlib import Path

    from _pytest.mark import ParameterSet

    from tests.e2e.commands import Groundswell, Ran
    from tests.e2e.demo import Demo

_THRESHOLDS = {"http_req_failed": ["rate < 1%"]}


def _users_of_slow(folder: Path, demo: Demo) -> Path:
    """Iterations that no graceful stop waits for."""
    scenarios = {"load": users(4, "60s", "/slow?ms=20000")}
    return write_test(folder, demo.url, scenarios, thresholds=_THRESHOLDS)


def _assert_it_is_over(groundswell: Groundswell, demo: Demo) -> None:
    groundswell.assert_nothing_is_left()
    count = demo.requests()
    time.sleep(0.3)
    assert demo.requests() == count


def _assert_interrupted(ran: Ran) -> None:
    assert (ran.exit_code, ran.summary.verdict) == (105, "INCONCLUSIVE"), ran
    # Of a run that was cut short before anything had ended, nothing can be judged either.
    assert ran.codes in (("interrupted",), ("no_samples", "interrupted"))
    assert 0 <= ran.summary.duration_s < 60
    assert discrepancies(ran.summary) == ()
    assert "INCONCLUSIVE  e2e" in ran.stdout
    assert "Traceback" not in ran.stderr


def _slow(*values: object) -> ParameterSet:
    return pytest.param(*values, marks=pytest.mark.slow)


@pytest.mark.parametrize("number", [SIGINT, _slow(SIGTERM), _slow(SIGHUP)])
def test_one_signal_lets_running_iterations_end_and_prints_the_summary(
    groundswell: Groundswell, demo: Demo, number: Signals
) -> None:
    scenarios = {
        "users": users(4, "60s", "/slow?ms=700"),
        "arrivals": arrivals("100/s", "60s", "/slow?ms=100"),
    }
    test = write_test(groundswell.folder, demo.url, scenarios, thresholds=_THRESHOLDS)

    with groundswell.starting_run(test, agents=2) as running:
        demo.wait_for_load(50)
        running.signal(number)
        ran = running.end_of_run(within_s=20)

    _assert_interrupted(ran)
    # None was cut short, and none was started any more.
    counts = [ran.count(metric) for metric in ("http_reqs", "iterations", "http_req_duration")]
    assert counts == [demo.requests()] * 3
    assert demo.statuses_of("/slow") == {"200": demo.requests()}
    assert {one.interrupted for one in ran.summary.scenarios.values()} == {0}
    # What was planned until then, and not a moment longer.
    planned = ran.summary.scenarios["arrivals"]
    assert (planned.planned, planned.dropped, planned.unknown) == (planned.fired, {}, 0)
    _assert_it_is_over(groundswell, demo)
    assert groundswell("show", "last").stdout == ran.stdout


@pytest.mark.parametrize("number", [SIGINT, _slow(SIGTERM)])
def test_a_second_signal_ends_it_at_once(
    groundswell: Groundswell, demo: Demo, number: Signals
) -> None:
    test = _users_of_slow(groundswell.folder, demo)
    with groundswell.starting_run(test, agents=2) as running:
        demo.wait_for_load(4)
        running.signal(number)
        eventually(lambda: "stopping" in running.stderr, 5, "the run stops")
        interrupted_at = time.monotonic()
        running.signal(number)
        ran = running.end_of_run(within_s=20)
        took = time.monotonic() - interrupted_at

    _assert_interrupted(ran)
    # Less than the five seconds of a graceful stop.
    assert took < 4.5
    # They were sent, and nothing more is known of them.
    assert ran.count("http_reqs") == demo.requests() == 4
    assert not ran.summary.metrics.keys() & {"http_req_failed", "http_req_duration"}
    assert ran.summary.scenarios["load"].interrupted == 4
    _assert_it_is_over(groundswell, demo)


@pytest.mark.slow
def test_iterations_that_do_not_end_are_cut_short_after_five_seconds(
    groundswell: Groundswell, demo: Demo
) -> None:
    with groundswell.starting_run(_users_of_slow(groundswell.folder, demo)) as running:
        demo.wait_for_load(4)
        interrupted_at = time.monotonic()
        running.signal(SIGINT)
        ran = running.end_of_run(within_s=30)
        took = time.monotonic() - interrupted_at

    _assert_interrupted(ran)
    assert 4.5 < took < 12
    assert ran.summary.scenarios["load"].interrupted == 4
    _assert_it_is_over(groundswell, demo)


def _has_come_to(moment: str, shown: str) -> bool:
    """Whether a state or one after it is shown: who begins to watch late sees the latest alone."""
    states = ("waiting", "preparing", "starting", "running")
    return any(f"e2e: {state}" in shown for state in states[states.index(moment) :])


@pytest.mark.parametrize(
    ("moment", "number"),
    [
        ("agents", SIGINT),
        ("agents", SIGTERM),
        ("running", SIGINT),
        _slow("waiting", SIGINT),
        _slow("waiting", SIGTERM),
        _slow("preparing", SIGINT),
        _slow("starting", SIGINT),
        _slow("running", SIGTERM),
    ],
)
def test_a_signal_before_the_load_ends_everything_without_a_request(
    groundswell: Groundswell, demo: Demo, moment: str, number: Signals
) -> None:
    scenarios = {"load": arrivals("100/s", "60s", start_time="1s")}
    test = write_test(groundswell.folder, demo.url, scenarios, thresholds=_THRESHOLDS)

    with groundswell.starting_run(test) as running:
        if moment == "agents":
            eventually(groundswell.agents, 10, "agents start")
        else:
            eventually(lambda: _has_come_to(moment, running.stderr), 10, moment)
        running.signal(number)
        done = running.end(within_s=20)

    assert done.exit_code == 105, done
    assert "Traceback" not in done.stderr
    assert demo.requests() == 0
    _assert_it_is_over(groundswell, demo)
    if moment == "running":
        # The common start had been ordered, and lay in the future.
        ran = running.end_of_run()
        assert ran.summary.duration_s >= 0
        assert "agent_lost" not in ran.codes
