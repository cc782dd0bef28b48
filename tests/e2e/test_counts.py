"""What a run says it sent, against what nginx says it received: not about the same, the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from groundswell_coordinator.report.consistency import discrepancies
from tests.e2e.writing import arrivals, iterations, users, write_test

if TYPE_CHECKING:
    from tests.e2e.commands import Groundswell, Ran
    from tests.e2e.writing import Fields
    from tests.nginx_server import NginxServer

_NO_FAILURES = {"http_req_failed": ["rate == 0"], "dropped_iterations": ["count == 0"]}


def _six_executors() -> dict[str, Fields]:
    """Every executor at once: one that draws its arrivals, others that start late or pause."""
    two_requests = [{"get": "/one"}, {"pause": "5ms"}, {"get": "/two"}]
    climb = [{"duration": "1s", "target": "150/s"}, {"duration": "1s", "target": "20/s"}]
    return {
        "even": arrivals("150/s", "2s", steps=two_requests),
        "chance": {
            "executor": "ramping-arrival-rate",
            "arrivals": "poisson",
            "start_rate": "20/s",
            "stages": climb,
            "max_vus": 100,
            "steps": [{"get": "/chance"}],
        },
        "late": users(3, "1s", start_time="1s", steps=[*two_requests, {"pause": "20ms..40ms"}]),
        "waves": {
            "executor": "ramping-vus",
            "start_vus": 1,
            "stages": [{"duration": "1s", "target": 6}, {"duration": "1s", "target": 0}],
            "steps": [{"get": "/wave"}, {"pause": "30ms"}],
        },
        "shared": iterations(73, "/shared", vus=3),
        "each": {
            "executor": "per-vu-iterations",
            "vus": 5,
            "iterations": 11,
            "start_time": "500ms",
            "steps": two_requests,
        },
    }


def _assert_all_agree(ran: Ran, counted: int) -> None:
    """Every request of the run is one sample of each of these, and one in nginx's own count."""
    values = ran.summary.metrics["http_req_failed"].values
    assert ran.count("http_reqs") == counted, ran
    assert ran.count("http_req_duration") == counted
    assert ran.count("http_req_response_time") == counted
    assert (values["passes"], values["fails"]) == (0, counted)
    assert discrepancies(ran.summary) == ()


def _run_at_rate(
    groundswell: Groundswell, nginx: NginxServer, rate: int, seconds: int, agents: int
) -> None:
    scenario = arrivals(f"{rate}/s", f"{seconds}s", max_vus=400)
    test = write_test(groundswell.folder, nginx.url, {"load": scenario}, thresholds=_NO_FAILURES)
    before = nginx.requests()

    ran = groundswell.run(test, agents=agents)

    load = ran.summary.scenarios["load"]
    planned = rate * seconds
    assert (load.planned, load.fired, load.unknown, load.dropped) == (planned, planned, 0, {}), ran
    assert ran.count("iterations") == planned
    assert ran.count("send_lag") == planned
    assert len(ran.summary.agents) == agents
    assert (ran.exit_code, ran.summary.verdict) == (0, "PASS"), ran
    _assert_all_agree(ran, nginx.requests() - before)


def test_every_planned_request_reaches_nginx_exactly_once(
    groundswell: Groundswell, nginx: NginxServer
) -> None:
    _run_at_rate(groundswell, nginx, rate=500, seconds=4, agents=3)


@pytest.mark.slow
def test_twenty_thousand_planned_requests_of_four_agents_are_twenty_thousand_at_nginx(
    groundswell: Groundswell, nginx: NginxServer
) -> None:
    _run_at_rate(groundswell, nginx, rate=2000, seconds=10, agents=4)


@pytest.mark.slow
def test_users_without_pauses_send_exactly_what_nginx_counts(
    groundswell: Groundswell, nginx: NginxServer
) -> None:
    test = write_test(groundswell.folder, nginx.url, {"load": users(8, "1s")})
    before = nginx.requests()

    ran = groundswell.run(test, agents=2)

    load = ran.summary.scenarios["load"]
    assert load.planned is None
    assert load.fired == ran.count("iterations") == ran.count("http_reqs")
    _assert_all_agree(ran, nginx.requests() - before)


def test_all_six_executors_at_once_add_up_to_what_nginx_counts(
    groundswell: Groundswell, nginx: NginxServer
) -> None:
    test = write_test(groundswell.folder, nginx.url, _six_executors())
    before = nginx.requests()

    ran = groundswell.run(test, "--seed", "7", agents=3)

    scenarios = ran.summary.scenarios
    _assert_all_agree(ran, nginx.requests() - before)
    assert sum(one.fired for one in scenarios.values()) == ran.count("iterations")
    assert (scenarios["even"].planned, scenarios["even"].fired) == (300, 300)
    assert (scenarios["shared"].planned, scenarios["shared"].fired) == (73, 73)
    assert (scenarios["each"].planned, scenarios["each"].fired) == (55, 55)
    # A Poisson process of 170 on average: half or twice of that would be no chance any more.
    assert 85 < scenarios["chance"].fired < 340
    for one in scenarios.values():
        assert one.fired > 0
        if one.planned is not None:
            assert one.planned == one.fired + sum(one.dropped.values()) + one.unknown


def test_what_is_sent_during_warm_up_is_counted_and_not_judged(
    groundswell: Groundswell, nginx: NginxServer
) -> None:
    # All of the first count as failed, and all of them come within the warm-up.
    scenarios = {
        "early": arrivals("200/s", "500ms", steps=[{"get": "/", "expect_status": 404}]),
        "later": arrivals("50/s", "1s", start_time="1s"),
    }
    thresholds = {"http_req_failed": ["rate == 0"], "http_reqs": ["count == 50"]}
    test = write_test(groundswell.folder, nginx.url, scenarios, warmup="1s", thresholds=thresholds)
    before = nginx.requests()

    ran = groundswell.run(test, agents=2)

    failed = ran.summary.metrics["http_req_failed"].values
    assert nginx.requests() - before == ran.count("http_reqs") == 150
    assert (failed["passes"], failed["fails"]) == (100, 50)
    assert [one.ok for one in ran.summary.thresholds] == [True, True], ran
    assert (ran.exit_code, ran.summary.verdict) == (0, "PASS")
