"""`groundswell capacity` as a person uses it, against a target whose capacity is known."""

from __future__ import annotations

from signal import SIGINT
from typing import TYPE_CHECKING

import pytest

from groundswell_coordinator.report.consistency import discrepancies
from tests.e2e.commands import HERE, SUMMARY
from tests.e2e.processes import eventually
from tests.e2e.queue_target import queue_target
from tests.e2e.writing import UNHURRIED, Fields, arrivals, users, write_test

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from groundswell_coordinator.report.capacity_summary import CapacitySummary
    from tests.e2e.commands import Groundswell, Ran, Running

# Five workers, fifty milliseconds each.
WORKERS, SERVICE_S = 5, 0.05
CAPACITY = WORKERS / SERVICE_S
HELD = {"http_req_duration": ["p(95) < 150ms"], "http_req_failed": ["rate < 1%"]}
# Where it is not asked how fast the target is: the machine that runs the tests may be busy.
ANSWERED = {"http_req_failed": ["rate < 1%"]}
PATIENT = {**UNHURRIED, "cpu_throttled": "100%"}
SHORT = ("--hold", "1s", "--settle", "1s", "--tolerance", "10%")


def written(
    folder: Path,
    url: str,
    *,
    thresholds: Fields = ANSWERED,
    limits: Fields = PATIENT,
    scenarios: Fields | None = None,
) -> Path:
    scenarios = scenarios or {"load": arrivals("50/s", "1m", max_vus=100)}
    return write_test(folder, url, scenarios, thresholds=thresholds, generator_limits=limits)


def searching(
    groundswell: Groundswell, test: Path, *words: str, agents: int = 1
) -> AbstractContextManager[Running]:
    file = f"{HERE}/{SUMMARY}"
    options = ("--agents", str(agents), "--summary-json", file, *SHORT, *words)
    return groundswell.starting("capacity", test, *options)


def search(groundswell: Groundswell, test: Path, *words: str, agents: int = 1) -> Ran:
    with searching(groundswell, test, *words, agents=agents) as running:
        return running.end_of_run(within_s=120.0)


def found(ran: Ran) -> CapacitySummary:
    assert ran.summary.capacity is not None, ran
    assert discrepancies(ran.summary) == ()
    assert "Traceback" not in ran.stderr
    return ran.summary.capacity


def phases(capacity: CapacitySummary) -> list[tuple[str, float, str]]:
    return [(one.phase, one.rate, one.outcome) for one in capacity.levels]


@pytest.mark.slow
def test_the_capacity_of_a_queue_is_found_within_the_tolerance(
    groundswell: Groundswell, tmp_path: Path
) -> None:
    with queue_target(tmp_path, WORKERS, SERVICE_S) as url:
        test = written(groundswell.folder, url, thresholds=HELD)
        between = ("--from", "85/s", "--to", "130/s", "--tolerance", "12%", "--hold", "2s")
        words = (*between, "--normal", "50/s")
        ran = search(groundswell, test, *words)
    capacity = found(ran)
    assert (ran.exit_code, ran.summary.verdict, capacity.end) == (0, "PASS", "found"), ran
    assert capacity.highest == pytest.approx(CAPACITY, rel=0.12)
    assert capacity.lowest_failed is not None
    assert capacity.highest is not None
    assert capacity.highest < capacity.lowest_failed <= capacity.highest * 1.12
    assert "p(95) < 150ms" in (capacity.why or "")
    assert capacity.margin == pytest.approx(capacity.highest / 50 - 1)
    assert "lowest that fails" in ran.stdout
    # What was said of it can be worked out again from the store.
    again = groundswell("verdict", "last")
    assert again.exit_code == 0
    page = ran.stdout.split("THRESHOLDS")[0].strip()
    assert page == again.stdout.split("THRESHOLDS")[0].strip()
    assert all(one.ok for one in ran.summary.thresholds)


@pytest.mark.slow
def test_where_the_last_rate_passes_the_capacity_is_at_least_that(
    groundswell: Groundswell, tmp_path: Path
) -> None:
    """Beside it a user goes on all the time, though its own duration is a second."""
    scenarios = {"load": arrivals("50/s", "1s", max_vus=50), "beside": users(1, "1s")}
    with queue_target(tmp_path, WORKERS, SERVICE_S) as url:
        test = written(groundswell.folder, url, scenarios=scenarios)
        words = ("--from", "20/s", "--to", "30/s", "--normal", "10/s", "--require", "30/s")
        ran = search(groundswell, test, *words, agents=2)
    capacity = found(ran)
    assert (ran.exit_code, ran.summary.verdict) == (0, "PASS"), ran
    told = [("climb", 20, "passed"), ("climb", 30, "passed"), ("confirm", 30, "passed")]
    assert phases(capacity) == told
    assert (capacity.at_least, capacity.margin) == (True, 2)
    assert "CAPACITY  ≥ 30/s" in ran.stdout
    load, beside = (ran.summary.scenarios[name] for name in ("load", "beside"))
    assert load.planned == load.fired
    assert beside.fired > 3 / SERVICE_S
    assert ran.count("http_reqs") == load.fired + beside.fired
    # What is beside is in no level's numbers.
    assert all(level.requests < 2 * level.rate for level in capacity.levels)


def test_a_test_without_thresholds_is_refused_before_any_load(groundswell: Groundswell) -> None:
    test = written(groundswell.folder, "http://127.0.0.1:9", thresholds={})
    done = groundswell("capacity", test, "--from", "10/s", "--to", "20/s")
    assert (done.exit_code, done.stdout) == (104, ""), done
    assert "error: the test has no thresholds" in done.stderr
    assert "hint: thresholds:" in done.stderr


@pytest.mark.slow
def test_below_what_is_required_it_fails(groundswell: Groundswell, tmp_path: Path) -> None:
    """Already the first rate is too much."""
    with queue_target(tmp_path, WORKERS, SERVICE_S) as url:
        test = written(groundswell.folder, url, thresholds=HELD)
        words = ("--from", "140/s", "--to", "900/s", "--require", "600/s")
        ran = search(groundswell, test, *words, "--junit", f"{HERE}/junit.xml")
    capacity = found(ran)
    assert (ran.exit_code, ran.summary.verdict, ran.codes) == (99, "FAIL", ("capacity_below",)), ran
    assert (capacity.end, capacity.highest, capacity.lowest_failed) == ("below", None, 140)
    assert "CAPACITY  < 140/s" in ran.stdout
    junit = next(groundswell.folder.glob("command-*/junit.xml")).read_text()
    assert '<failure type="capacity_below"' in junit


@pytest.mark.slow
def test_a_generator_that_does_not_keep_up_is_no_knee(
    groundswell: Groundswell, tmp_path: Path
) -> None:
    """No agent starts within a microsecond of the plan."""
    limits = {"send_lag": "1us", "cpu_throttled": "100%"}
    with queue_target(tmp_path, WORKERS, SERVICE_S) as url:
        test = written(groundswell.folder, url, limits=limits)
        ran = search(groundswell, test, "--from", "20/s", "--to", "40/s")
    capacity = found(ran)
    assert (ran.exit_code, ran.summary.verdict, ran.codes) == (
        *(96, "INCONCLUSIVE"),
        ("agent_saturated",),
    ), ran
    assert phases(capacity) == [("climb", 20, "generator")] * 2
    assert (capacity.highest, capacity.lowest_failed, capacity.stopped_at) == (None, None, 20)
    assert "the search ended at 20/s: agent-1: send lag p99" in ran.stdout


def test_ctrl_c_ends_a_search_with_what_it_knows(groundswell: Groundswell, tmp_path: Path) -> None:
    with queue_target(tmp_path, WORKERS, SERVICE_S) as url:
        test = written(groundswell.folder, url)
        with searching(groundswell, test, "--from", "20/s", "--to", "400/s") as running:
            eventually(lambda: "20/s passes" in running.stderr, 30.0, "the first level")
            running.signal(SIGINT)
            ran = running.end_of_run()
    capacity = found(ran)
    assert (ran.exit_code, ran.summary.verdict) == (105, "INCONCLUSIVE"), ran
    assert ran.codes == ("search_unsettled", "interrupted")
    assert (capacity.highest, capacity.is_confirmed) == (20, False)
    assert "highest that passes.: 20/s" in ran.stdout
    assert "not confirmed" in ran.stdout
    groundswell.assert_nothing_is_left()


@pytest.mark.slow
def test_a_level_that_loses_an_agent_is_repeated_by_those_who_are_left(
    groundswell: Groundswell, tmp_path: Path
) -> None:
    with queue_target(tmp_path, WORKERS, SERVICE_S) as url:
        test = written(groundswell.folder, url)
        words = ("--from", "20/s", "--to", "30/s", "--hold", "2s")
        with searching(groundswell, test, *words, agents=2) as running:
            eventually(lambda: "e2e: running" in running.stderr, 30.0, "the load")
            groundswell.agents()["agent-2"].kill()
            ran = running.end_of_run(within_s=120.0)
    capacity = found(ran)
    assert (ran.exit_code, ran.summary.verdict) == (0, "PASS"), ran
    assert phases(capacity)[:2] == [("climb", 20, "spoiled"), ("climb", 20, "passed")]
    assert capacity.levels[1].achieved == pytest.approx(20, rel=0.3)
    assert capacity.levels[0].reasons[0].message == "agent-2 was lost in it"
