"""A target that refuses, dies or freezes: errors are samples, and the run goes on."""

from __future__ import annotations

import time
from signal import SIGCONT, SIGKILL, SIGSTOP
from typing import TYPE_CHECKING

from groundswell_coordinator.report.consistency import discrepancies
from tests.e2e.writing import arrivals, iterations, write_test

if TYPE_CHECKING:
    from tests.e2e.commands import Groundswell, Ran
    from tests.e2e.demo import Demo

_FEW_FAILURES = {"http_req_failed": ["rate < 10%"], "dropped_iterations": ["count == 0"]}


def _errors(ran: Ran) -> dict[str, int]:
    errors: dict[str, int] = {}
    for one in ran.summary.errors:
        errors[one.error] = errors.get(one.error, 0) + one.count
    return errors


def _failures(ran: Ran) -> float:
    return ran.summary.metrics["http_req_failed"].values["passes"]


def _assert_judged_to_the_end(ran: Ran, planned: int) -> None:
    """Every planned iteration was tried, each error is one failure, and the threshold decided."""
    load = ran.summary.scenarios["load"]
    assert (load.planned, load.fired, load.unknown) == (planned, planned, 0), ran
    assert ran.count("iterations") == ran.count("http_reqs") == planned
    assert sum(_errors(ran).values()) == _failures(ran)
    assert discrepancies(ran.summary) == ()
    assert (ran.exit_code, ran.codes) == (99, ("threshold_failed",)), ran


def test_refused_connections_are_failed_requests_of_a_run_that_goes_on(
    groundswell: Groundswell,
) -> None:
    # Port 1 is nobody's.
    test = write_test(
        groundswell.folder,
        "http://127.0.0.1:1",
        {"load": iterations(50)},
        thresholds=_FEW_FAILURES,
    )

    ran = groundswell.run(test)

    _assert_judged_to_the_end(ran, 50)
    assert _errors(ran) == {"refused": 50}
    assert ran.count("http_req_response_time") == 50
    # Nothing was answered, so there is no duration, and nothing crossed the wire.
    assert ran.summary.metrics.get("http_req_duration") is None or not ran.count(
        "http_req_duration"
    )
    assert ran.count("data_sent") == ran.count("data_received") == 0
    assert "refused" in ran.stdout


def test_a_target_that_dies_in_the_middle_fails_what_comes_after(
    groundswell: Groundswell, mortal_demo: Demo
) -> None:
    scenarios = {"load": arrivals("100/s", "3s")}
    test = write_test(groundswell.folder, mortal_demo.url, scenarios, thresholds=_FEW_FAILURES)

    with groundswell.starting_run(test) as running:
        mortal_demo.wait_for_load(100)
        answered = mortal_demo.requests()
        mortal_demo.send(SIGKILL)
        ran = running.end_of_run()

    _assert_judged_to_the_end(ran, 300)
    errors = _errors(ran)
    assert set(errors) <= {"refused", "reset"}, errors
    assert errors["refused"] > 100
    assert ran.count("http_reqs") - _failures(ran) >= answered


def test_a_target_that_freezes_for_a_second_costs_timeouts_and_no_iteration(
    groundswell: Groundswell, mortal_demo: Demo
) -> None:
    scenarios = {"load": arrivals("100/s", "3s")}
    test = write_test(
        groundswell.folder,
        mortal_demo.url,
        scenarios,
        defaults={"timeout": "300ms"},
        thresholds=_FEW_FAILURES,
    )

    with groundswell.starting_run(test) as running:
        mortal_demo.wait_for_load(50)
        mortal_demo.send(SIGSTOP)
        time.sleep(1.0)
        mortal_demo.send(SIGCONT)
        ran = running.end_of_run()

    _assert_judged_to_the_end(ran, 300)
    assert set(_errors(ran)) == {"timeout"}
    # What was asked in the first 0.7 s of the second had no chance; what came before and after did.
    assert 50 <= _errors(ran)["timeout"] <= 200
    assert ran.summary.metrics["http_req_response_time"].values["max"] >= 300
