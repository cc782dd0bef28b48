"""Iterations of a test in Python that failed: when all of them did, and what is told."""

from __future__ import annotations

from groundswell.metrics.series import Series
from groundswell.verdict.verdict import ReasonCode
from groundswell_coordinator.judge.failures import ENOUGH, WARNING, Failures
from groundswell_coordinator.timeline.interval import Interval
from tests.core.script.writing import loaded

_TWO = """
    from groundswell import *
    test = Test("t", target="http://shop.test")
    @test.scenario(constant_vus(duration="1s"))
    async def a(vu: VU) -> None: ...
    @test.scenario(constant_vus(duration="1s"))
    async def b(vu: VU) -> None: ...
    """


def _interval(number: int, *counts: tuple[str, int, dict[str, str]]) -> Interval:
    """Counts are (metric, count, tags)."""
    interval = Interval(number)
    for metric, count, tags in counts:
        interval.counters[Series.of(metric, tags)] = count
    return interval


def _fed(*intervals: Interval) -> Failures:
    failures = Failures(loaded(_TWO))
    for interval in intervals:
        failures.observe(interval)
    return failures


def _ended(name: str, count: int) -> tuple[str, int, dict[str, str]]:
    return ("iterations", count, {"scenario": name})


def _failed(
    name: str, count: int, at: str = "t.py:3", **more: str
) -> tuple[str, int, dict[str, str]]:
    tags = {"scenario": name, "exception": "ValueError", "at": at, **more}
    return ("failed_iterations", count, tags)


def test_a_scenario_is_hopeless_once_enough_have_failed_and_none_has_not() -> None:
    few = _fed(_interval(0, _ended("a", 99), _ended("b", ENOUGH - 1), _failed("b", ENOUGH - 1)))
    assert few.hopeless() is None
    few.observe(_interval(1, _ended("b", 1), _failed("b", 1, "t.py:9")))
    assert few.hopeless() == "b"
    # One good one and it is not.
    few.observe(_interval(2, _ended("b", 1)))
    assert few.hopeless() is None


def test_what_the_target_did_is_no_fault_of_the_code() -> None:
    failures = _fed(_interval(0, _ended("a", 50), _failed("a", 50, cause="response")))
    assert failures.hopeless() is None
    assert list(failures.reasons()) == []
    (warning,) = failures.warnings()
    assert warning.message == "50 of 50 iterations of a failed, 50 by ValueError at t.py:3"


def test_at_the_end_one_iteration_is_enough_for_the_reason() -> None:
    failures = _fed(_interval(0, _ended("a", 1), _failed("a", 1), _ended("b", 7), _failed("b", 2)))
    (reason,) = failures.reasons()
    assert reason.code is ReasonCode.SCRIPT_EXCEPTION
    assert reason.message == "every iteration of a failed, 1 by ValueError at t.py:3"
    (warning,) = failures.warnings()
    assert (warning.code, warning.message) == (
        WARNING,
        "2 of 7 iterations of b failed, 2 by ValueError at t.py:3",
    )


def test_the_most_frequent_are_named_and_the_rest_counted() -> None:
    each = [_failed("a", n, f"t.py:{n}") for n in range(1, 7)]
    failures = _fed(_interval(0, _ended("a", 100), *each))
    (warning,) = failures.warnings()
    assert warning.message == (
        "21 of 100 iterations of a failed, 6 by ValueError at t.py:6, 5 by ValueError at t.py:5,"
        " 4 by ValueError at t.py:4 and 3 more"
    )


def test_a_scenario_without_an_iteration_has_not_failed() -> None:
    failures = _fed(_interval(0))
    assert (failures.hopeless(), list(failures.reasons()), list(failures.warnings())) == (
        None,
        [],
        [],
    )
