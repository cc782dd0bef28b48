"""A threshold that is broken for good ends the run everywhere; a window judges by itself."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.e2e.writing import arrivals, users, write_test

if TYPE_CHECKING:
    from tests.e2e.commands import Groundswell, Running
    from tests.e2e.demo import Demo

_DELAY_S = 2.0


def test_a_broken_threshold_stops_every_agent_within_two_seconds(
    groundswell: Groundswell, demo: Demo
) -> None:
    broken = {
        "threshold": "p(95) < 1ms",
        "abort_on_fail": True,
        "delay_abort_eval": f"{_DELAY_S:g}s",
    }
    scenario = arrivals("60/s", "60s", "/slow?ms=30")
    test = write_test(
        groundswell.folder,
        demo.url,
        {"load": scenario},
        thresholds={"http_req_duration": [broken], "http_req_failed": ["rate == 0"]},
    )

    with groundswell.starting_run(test, agents=3) as running:
        demo.wait_for_load()
        load_at = time.monotonic()
        abort_at, last_growth_at = _moments_of_the_abort(running, demo)
        ran = running.end_of_run()

    assert abort_at - load_at >= _DELAY_S - 0.5, "judged before its delay"
    assert last_growth_at - abort_at < 2.0, "load went on"
    assert (ran.exit_code, ran.summary.verdict) == (99, "FAIL"), ran
    assert ran.codes[0] == "threshold_failed"
    assert ran.summary.duration_s < 30
    # What was cancelled by the abort is counted, too.
    assert ran.count("http_reqs") == demo.requests()
    groundswell.assert_nothing_is_left()


def _moments_of_the_abort(running: Running, demo: Demo) -> tuple[float, float]:
    """When the run said that it aborts, and when the target's count grew for the last time."""
    abort_at = last_growth_at = 0.0
    count = demo.requests()
    while running.process.poll() is None:
        now = time.monotonic()
        assert now - running.begin < 60, "never aborted"
        if not abort_at and "aborting" in running.stderr:
            abort_at = now
        if (grown := demo.requests()) > count:
            count, last_growth_at = grown, time.monotonic()
        time.sleep(0.02)
    assert abort_at, running.stderr
    return abort_at, last_growth_at


@pytest.mark.slow
def test_a_bad_moment_fails_its_window_though_the_whole_run_is_good(
    groundswell: Groundswell, demo: Demo
) -> None:
    # One second in three is slow: a ninth of all requests, and all of the window from 1 to 2.
    scenarios = {
        "before": arrivals("80/s", "1s"),
        "slow": arrivals("20/s", "1s", "/slow?ms=250", start_time="1s"),
        "after": arrivals("80/s", "1s", start_time="2s"),
    }
    limits = ["p(80) < 200ms", {"threshold": "p(80) < 200ms", "over": "1s"}]
    test = write_test(
        groundswell.folder, demo.url, scenarios, thresholds={"http_req_duration": limits}
    )

    ran = groundswell.run(test)

    whole, windowed = ran.summary.thresholds
    assert (whole.ok, whole.window) == (True, None), ran
    assert windowed.ok is False
    assert windowed.window is not None
    assert (windowed.window.over_s, windowed.window.start_s) == (1.0, 1.0)
    assert windowed.value is not None
    assert windowed.value > 200
    assert (ran.exit_code, ran.codes) == (99, ("threshold_failed",))
    assert "in the worst window, 1s to 2s" in ran.stdout


@pytest.mark.slow
def test_a_window_that_is_broken_aborts_the_run(groundswell: Groundswell, demo: Demo) -> None:
    limit = {"threshold": "p(50) < 1ms", "over": "2s", "abort_on_fail": True}
    scenarios = {"load": users(4, "60s", "/slow?ms=50")}
    test = write_test(
        groundswell.folder, demo.url, scenarios, thresholds={"http_req_duration": [limit]}
    )

    ran = groundswell.run(test)

    assert (ran.exit_code, ran.summary.verdict) == (99, "FAIL"), ran
    # No full window before two seconds have passed.
    assert 2.0 <= ran.summary.duration_s < 30
    assert ran.count("http_reqs") == demo.requests()
