"""Whatever the order, lateness and repetition of reports, a run adds up to its samples."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.scenario.model import ThresholdSpec
from groundswell.verdict.selection import parse_selection
from groundswell.verdict.threshold import parse
from groundswell_coordinator.judge.standing import value_of
from groundswell_coordinator.judge.window import TrendQueue
from groundswell_coordinator.timeline.interval import Interval
from groundswell_coordinator.timeline.timeline import GRACE_S, Outcome, Timeline
from tests.coordinator.reporting import RUN, Reporter, Values, histogram_of

if TYPE_CHECKING:
    from groundswell.v1.metrics_pb2 import Report

AGENTS = {"i1": "agent-1", "i2": "agent-2", "i3": "agent-3"}
SECONDS = 6
WARMUP = 2

milliseconds = st.integers(0, 5_000_000).map(lambda microseconds: microseconds / 1000)


@dataclass(frozen=True, slots=True)
class Second:
    """What one agent measured in one interval."""

    requests: int
    failed: int
    durations: tuple[float, ...]


seconds = st.builds(
    Second,
    requests=st.integers(0, 9),
    failed=st.integers(0, 9),
    durations=st.lists(milliseconds, max_size=4).map(tuple),
)
runs = st.lists(st.lists(seconds, min_size=SECONDS, max_size=SECONDS), min_size=3, max_size=3)
# When each report comes, in tenths of a second after its interval's end; and whether it does twice.
arrivals = st.lists(
    st.lists(st.tuples(st.integers(0, 60), st.booleans()), min_size=SECONDS, max_size=SECONDS),
    min_size=3,
    max_size=3,
)


def reports_of(reporter: Reporter, measured: list[Second]) -> list[Report]:
    reports: list[Report] = []
    for number, second in enumerate(measured):
        values: Values = {
            f"http_reqs{{name:{number % 2}}}": second.requests,
            "http_req_failed": (second.failed, second.failed + second.requests),
        }
        if second.durations:
            values[f"http_req_duration{{name:{number % 2}}}"] = list(second.durations)
        reports.append(reporter.report(number, values, last=number == SECONDS - 1))
    return reports


def is_due(timeline: Timeline, number: int, now: float) -> bool:
    """By asking every agent."""
    if any(agent.owes(number) for agent in timeline.agents):
        return now >= number + 1 + GRACE_S
    return number <= max(agent.newest for agent in timeline.agents)


def deliver(
    timeline: Timeline, run: list[list[Second]], delays: list[list[tuple[int, bool]]]
) -> tuple[list[int], Counter[Outcome]]:
    """Play the arrivals in ticks of 0.1 s: the intervals as they were sealed, and all outcomes."""
    due: dict[int, list[Report]] = {}
    for incarnation, measured, own in zip(AGENTS, run, delays, strict=True):
        reports = reports_of(Reporter(incarnation), measured)
        for number, (report, (delay, twice)) in enumerate(zip(reports, own, strict=True)):
            at = (number + 1) * 10 + delay
            due.setdefault(at, []).append(report)
            if twice:
                due.setdefault(at + 7, []).append(report)
    sealed: list[int] = []
    outcomes: Counter[Outcome] = Counter()
    for tenth in range((SECONDS + 1) * 10 + 70):
        outcomes.update(timeline.add(report, tenth / 10) for report in due.get(tenth, ()))
        for interval in timeline.seal_due(tenth / 10):
            assert interval.number == len(sealed)
            assert is_due(timeline, len(sealed), tenth / 10)
            sealed.append(interval.number)
        assert not is_due(timeline, len(sealed), tenth / 10)
        assert timeline.seal_due(tenth / 10) == []
    return sealed, outcomes


@settings(max_examples=60, deadline=None)
@given(runs, arrivals)
def test_a_run_adds_up_to_its_samples_in_whatever_order_they_arrive(
    run: list[list[Second]], delays: list[list[tuple[int, bool]]]
) -> None:
    timeline = Timeline(RUN, AGENTS, WARMUP)
    sealed, outcomes = deliver(timeline, run, delays)

    assert sealed == list(range(len(sealed)))
    # While an agent's last report is on its way, nobody can know that nothing follows.
    assert all(interval == Interval(interval.number) for interval in timeline.intervals()[SECONDS:])
    assert timeline.close() == []
    assert timeline.is_complete
    assert outcomes[Outcome.MERGED] + outcomes[Outcome.AMENDMENT] == 3 * SECONDS
    repeated = sum(twice for own in delays for _, twice in own)
    assert outcomes[Outcome.DUPLICATE] == repeated

    for number in range(SECONDS):
        interval = timeline.sealed(number)
        measured = [agent[number] for agent in run]
        assert sum(interval.counters.values()) == sum(one.requests for one in measured)
        (rate,) = interval.rates.values()
        assert rate.passes == sum(one.failed for one in measured)
        assert rate.total == sum(one.failed + one.requests for one in measured)

    selection = parse_selection("http_req_duration")
    judged = [ms for agent in run for second in agent[WARMUP:] for ms in second.durations]
    everything = [ms for agent in run for second in agent for ms in second.durations]
    assert timeline.trend(selection) == histogram_of(judged)
    assert timeline.trend_between(selection, WARMUP, SECONDS) == histogram_of(judged)
    assert timeline.trend_between(selection, 0, SECONDS) == histogram_of(everything)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(milliseconds, min_size=1, max_size=60),
    st.sampled_from([0, 50, 90, 95, 99, 99.9, 100]),
)
def test_a_percentile_threshold_reads_the_sample_of_its_rank(
    samples: list[float], percentile: float
) -> None:
    threshold = parse("http_req_duration", ThresholdSpec(threshold=f"p({percentile}) < 1"))
    # In two halves from two agents: a percentile is never an average of percentiles.
    merged = histogram_of(samples[::2])
    merged.merge(histogram_of(samples[1::2]))
    value = value_of(threshold, merged)
    rank = max(1, math.ceil(round(percentile * len(samples)) / 100))
    if percentile == 99.9:
        rank = math.ceil(len(samples) * 999 / 1000)
    truth = sorted(samples)[rank - 1]
    assert value is not None
    assert truth - 1e-9 <= value <= truth * 1.001 + 0.001


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(milliseconds, max_size=3), min_size=1, max_size=20), st.integers(1, 6))
def test_a_sliding_window_is_the_sum_of_its_seconds(
    per_second: list[list[float]], length: int
) -> None:
    queue = TrendQueue()
    for number, samples in enumerate(per_second):
        if number >= length:
            queue.pop()
        queue.push(histogram_of(samples))
        inside = per_second[max(0, number + 1 - length) : number + 1]
        assert queue.sum() == histogram_of([ms for second in inside for ms in second])
