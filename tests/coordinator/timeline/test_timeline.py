from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from groundswell.errors import ProtocolViolation
from groundswell.metrics.folding import MAX_SERIES
from groundswell.metrics.histogram import Histogram
from groundswell.metrics.series import Series
from groundswell.metrics.trend_value import trend_value
from groundswell.v1.metrics_pb2 import (
    METRIC_KIND_COUNTER,
    METRIC_KIND_TREND,
    CounterValue,
    Report,
    SeriesDeclaration,
    TrendValue,
)
from groundswell.verdict.selection import parse_selection
from groundswell_coordinator.timeline.interval import Interval, Rate
from groundswell_coordinator.timeline.timeline import Outcome, Timeline, first_judged
from tests.coordinator.reporting import (
    RUN,
    Reporter,
    Values,
    account,
    histogram_of,
)

REQUESTS = Series.of("http_reqs", {})
DURATION = Series.of("http_req_duration", {})


@pytest.fixture
def timeline() -> Timeline:
    return Timeline(RUN, {"i1": "agent-1", "i2": "agent-2"})


@pytest.fixture
def one() -> Reporter:
    return Reporter("i1")


@pytest.fixture
def two() -> Reporter:
    return Reporter("i2")


def test_an_interval_holds_what_all_agents_measured(
    timeline: Timeline, one: Reporter, two: Reporter
) -> None:
    two.number("checks")  # so that the two agents number their series differently
    values: Values = {
        "http_reqs": 3,
        "vus": 4,
        "agent_cpu": 0.5,
        "checks": (1, 2),
        "http_req_duration": [1.0, 2.0],
    }
    assert timeline.add(one.report(0, values), now=1.1) is Outcome.MERGED
    assert timeline.seal_due(1.2) == []
    values |= {"agent_cpu": 0.7, "http_req_duration": [3.0]}
    assert timeline.add(two.report(0, values), now=1.2) is Outcome.MERGED
    (sealed,) = timeline.seal_due(1.2)
    assert sealed.counters == {REQUESTS: 6}
    assert sealed.gauges == {Series.of("vus", {}): 8, Series.of("agent_cpu", {}): 0.7}
    assert sealed.rates == {Series.of("checks", {}): Rate(2, 4)}
    assert sealed.trends[DURATION].count == 3
    assert timeline.trend(parse_selection("http_req_duration")).max_ms == 3.0


def test_a_report_counts_once_however_often_it_comes(timeline: Timeline, one: Reporter) -> None:
    report = one.report(0, {"http_reqs": 3})
    assert timeline.add(report, 1.0) is Outcome.MERGED
    assert timeline.add(report, 1.1) is Outcome.DUPLICATE
    timeline.seal_due(2.0)
    assert timeline.add(report, 2.0) is Outcome.DUPLICATE
    assert timeline.sealed(0).counters == {REQUESTS: 3}


def test_an_interval_is_not_waited_for_beyond_its_grace(timeline: Timeline, one: Reporter) -> None:
    timeline.add(one.report(0, {"http_reqs": 3}), 1.0)
    assert timeline.seal_due(1.79) == []
    assert [interval.number for interval in timeline.seal_due(1.8)] == [0]


def test_a_later_report_amends(timeline: Timeline, one: Reporter, two: Reporter) -> None:
    timeline.add(one.report(0, {"http_reqs": 3, "http_req_duration": [1.0]}), 1.0)
    timeline.seal_due(2.0)
    late = two.report(0, {"http_reqs": 2, "vus": 1, "http_req_duration": [9.0]})
    assert timeline.add(late, 3.0) is Outcome.AMENDMENT
    assert timeline.sealed(0).counters == {REQUESTS: 5}
    assert timeline.sealed(0).gauges == {Series.of("vus", {}): 1}
    assert timeline.sealed(0).trends[DURATION].count == 2
    assert timeline.trend(parse_selection("http_req_duration")).max_ms == 9.0
    assert timeline.add(late, 3.1) is Outcome.DUPLICATE


def test_an_agent_that_said_last_is_not_waited_for(
    timeline: Timeline, one: Reporter, two: Reporter
) -> None:
    timeline.add(one.report(0, last=True), 1.0)
    timeline.add(two.report(0), 1.0)
    timeline.add(two.report(1, {"http_reqs": 1}), 2.0)
    assert [interval.number for interval in timeline.seal_due(2.0)] == [0, 1]


def test_a_lost_agent_is_not_waited_for_but_still_heard(
    timeline: Timeline, one: Reporter, two: Reporter
) -> None:
    timeline.add(one.report(0, {"http_reqs": 1}), 1.0)
    timeline.lose("i2")
    assert [interval.number for interval in timeline.seal_due(1.0)] == [0]
    assert timeline.add(two.report(0, {"http_reqs": 1}), 1.1) is Outcome.AMENDMENT


def test_nothing_is_sealed_behind_the_last_interval_of_all(
    timeline: Timeline, one: Reporter, two: Reporter
) -> None:
    timeline.add(one.report(0, last=True), 1.0)
    timeline.add(two.report(0, last=True), 1.0)
    assert [interval.number for interval in timeline.seal_due(100.0)] == [0]
    assert timeline.is_complete


def test_a_silent_fleet_leaves_empty_intervals(timeline: Timeline) -> None:
    assert [interval.number for interval in timeline.seal_due(3.0)] == [0, 1]
    assert timeline.sealed(1) == Interval(1)


def test_a_report_that_runs_ahead_waits_for_those_before_it(
    timeline: Timeline, one: Reporter, two: Reporter
) -> None:
    for reporter in (one, two):
        timeline.add(reporter.report(1, {"http_reqs": 1}), 1.0)
    assert timeline.seal_due(1.0) == []
    for reporter in (one, two):
        timeline.add(reporter.report(0, {"http_reqs": 1}), 1.0)
    assert [interval.number for interval in timeline.seal_due(1.0)] == [0, 1]


def test_a_closed_run_takes_no_more(timeline: Timeline, one: Reporter, two: Reporter) -> None:
    timeline.add(one.report(1, {"http_reqs": 1}), 1.0)
    assert [interval.number for interval in timeline.close()] == [0, 1]
    assert timeline.add(two.report(1, {"http_reqs": 1}), 1.0) is Outcome.TOO_LATE
    assert timeline.too_late == 1
    assert timeline.sealed(1).counters == {REQUESTS: 1}
    assert timeline.seal_due(100.0) == []


def test_what_lies_in_the_warm_up_is_kept_and_not_in_the_cumulative_trend(one: Reporter) -> None:
    timeline = Timeline(RUN, {"i1": "agent-1"}, judged_from=1)
    timeline.add(one.report(0, {"http_req_duration": [100.0], "send_lag": [50.0]}), 1.0)
    timeline.add(one.report(1, {"http_req_duration": [1.0], "send_lag": [2.0]}), 2.0)
    timeline.seal_due(2.0)
    selection = parse_selection("http_req_duration")
    assert timeline.trend(selection).max_ms == 1.0
    assert timeline.trend_between(selection, 0, 2).max_ms == 100.0
    assert timeline.agents[0].lag("send_lag", ()).max_ms == 2.0


@pytest.mark.parametrize(
    ("warmup", "interval"), [(Fraction(0), 0), (Fraction(30), 30), (Fraction(3, 2), 2)]
)
def test_judging_begins_with_the_first_whole_interval(warmup: Fraction, interval: int) -> None:
    assert first_judged(warmup) == interval


def test_a_selection_is_the_union_of_all_series_that_match(
    timeline: Timeline, one: Reporter
) -> None:
    values: Values = {
        "http_req_duration{name:a,status:200}": [1.0],
        "http_req_duration{name:a,status:500}": [2.0],
        "http_req_duration{name:b}": [9.0],
    }
    timeline.add(one.report(0, values), 1.0)
    timeline.seal_due(2.0)
    assert timeline.trend(parse_selection("http_req_duration{name:a}")) == histogram_of([1, 2])
    assert timeline.trend(parse_selection("http_req_duration{name:c}")).count == 0


def test_series_that_come_later_join_their_selections(timeline: Timeline, one: Reporter) -> None:
    selection = parse_selection("http_reqs")
    timeline.add(one.report(0, {"http_reqs{name:a}": 1}), 1.0)
    assert len(timeline.matching(selection)) == 1
    timeline.add(one.report(1, {"http_reqs{name:b}": 1}), 2.0)
    assert len(timeline.matching(selection)) == 2


# --- what is not in order ---


def declared(metric: str, kind: int, **tags: str) -> SeriesDeclaration:
    declaration = SeriesDeclaration(number=1, metric=metric, tags=tags)
    declaration.kind = kind  # type: ignore[assignment]
    return declaration


def broken_trend() -> Report:
    good, bad = (trend_value(number, histogram_of([1.0])) for number in (1, 2))
    bad.payload = bad.payload[:-1]
    declarations = [
        SeriesDeclaration(number=number, metric=metric, kind=4)  # type: ignore[arg-type]
        for number, metric in ((1, "http_req_duration"), (2, "send_lag"))
    ]
    return Report(
        run_id=RUN, incarnation="i1", interval=0, declarations=declarations, trends=[good, bad]
    )


COUNTER = CounterValue(series=1, delta=1)


@pytest.mark.parametrize(
    ("report", "message"),
    [
        (Report(run_id="other", incarnation="i1"), "another run"),
        (Report(run_id=RUN, incarnation="i9"), "unknown agent"),
        (Report(run_id=RUN, incarnation="i1", counters=[COUNTER]), "never declared"),
        (
            Report(run_id=RUN, incarnation="i1", declarations=[declared("http_reqs", 4)]),
            "http_reqs is a counter, not a trend",
        ),
        (
            Report(run_id=RUN, incarnation="i1", declarations=[declared("http_reqs", 0)]),
            "no known kind",
        ),
        (
            Report(
                run_id=RUN,
                incarnation="i1",
                declarations=[declared("http_reqs", 1)],
                trends=[TrendValue(series=1)],
            ),
            "series 1 is a counter, not a trend",
        ),
        (
            Report(
                run_id=RUN,
                incarnation="i1",
                declarations=[declared("http_reqs", 1)],
                counters=[COUNTER, COUNTER],
            ),
            "twice in one report",
        ),
        (
            Report(
                run_id=RUN,
                incarnation="i1",
                declarations=[declared("http_reqs", 1), declared("http_reqs", 1, name="a")],
            ),
            "declared as another series",
        ),
        (Report(run_id=RUN, incarnation="i1", interval=4_000_000_000), "interval 4000000000 at"),
        (broken_trend(), "a histogram"),
    ],
)
def test_a_report_that_is_not_in_order_is_refused_whole(
    timeline: Timeline, report: Report, message: str
) -> None:
    with pytest.raises(ProtocolViolation, match=message):
        timeline.add(report, 1.0)
    timeline.lose("i2")
    assert timeline.add(Reporter("i1").report(0, last=True), 1.0) is Outcome.MERGED
    assert len(timeline.seal_due(1.0)) == 1
    assert timeline.sealed(0) == Interval(0)
    assert timeline.agents[0].lags == {}


def test_two_numbers_of_one_series_are_refused_in_one_report(timeline: Timeline) -> None:
    declarations = [
        SeriesDeclaration(number=number, metric="http_reqs", kind=METRIC_KIND_COUNTER)
        for number in (1, 2)
    ]
    counters = [CounterValue(series=number, delta=1) for number in (1, 2)]
    report = Report(run_id=RUN, incarnation="i1", declarations=declarations, counters=counters[:1])
    assert timeline.add(report, 1.0) is Outcome.MERGED
    twice = Report(run_id=RUN, incarnation="i1", interval=1, counters=counters)
    with pytest.raises(ProtocolViolation, match="a series stands twice in one report"):
        timeline.add(twice, 2.0)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("checks", (3, 2), "more passes"),
        ("checks", (1, 2**53 + 1), "a count beyond all measure"),
        ("http_reqs", 2**53 + 1, "a count beyond all measure"),
        ("vus", float("nan"), "no number"),
        ("vus", float("-inf"), "a gauge beyond all measure"),
    ],
)
def test_impossible_values_are_refused(
    timeline: Timeline, one: Reporter, name: str, value: float, message: str
) -> None:
    with pytest.raises(ProtocolViolation, match=message):
        timeline.add(one.report(0, {name: value}), 1.0)


def test_an_account_of_a_scenario_that_the_test_does_not_have_is_refused(one: Reporter) -> None:
    timeline = Timeline("run-1", {one.incarnation: "agent-1"}, scenarios={"browse"})
    lie = one.report(0, {"http_reqs": 1})
    lie.accounts.add(scenario="", planned=1)
    with pytest.raises(ProtocolViolation, match="no scenario of the test"):
        timeline.add(lie, 1.0)
    true = one.report(0, {"http_reqs": 1})
    true.accounts.add(scenario="browse", planned=1)
    assert timeline.add(true, 1.0) is Outcome.MERGED


def test_an_agent_has_at_most_a_thousand_series(timeline: Timeline, one: Reporter) -> None:
    for number in range(MAX_SERIES):
        one.number(f"http_reqs{{name:{number}}}")
    timeline.add(one.report(0), 1.0)
    with pytest.raises(ProtocolViolation, match="more than 1000 series"):
        timeline.add(one.report(1, {"http_reqs{name:one too many}": 1}), 2.0)


def test_nothing_follows_the_last_interval(timeline: Timeline, one: Reporter) -> None:
    timeline.add(one.report(1, last=True), 2.0)
    with pytest.raises(ProtocolViolation, match="agent-1: interval 2 after 1, its last"):
        timeline.add(one.report(2), 3.0)
    assert timeline.add(one.report(0), 3.0) is Outcome.MERGED
    timeline.add(Reporter("i2").report(4), 5.0)
    with pytest.raises(ProtocolViolation, match="interval 3 is its last, but 4 is here"):
        timeline.add(Reporter("i2").report(3, last=True), 5.0)


def test_a_duplicate_on_a_new_stream_still_declares(timeline: Timeline, one: Reporter) -> None:
    timeline.add(Reporter("i1").report(0), 1.0)
    timeline.add(one.report(0, {"http_reqs": 1}), 1.0)
    plain = one.report(1, {"http_reqs": 1})
    del plain.declarations[:]
    assert timeline.add(plain, 2.0) is Outcome.MERGED


@pytest.mark.parametrize("lie", [{"count": 2**32 + 1}, {"sum_ns": 2**61, "max_ns": 2**61}])
def test_a_trend_beyond_all_measure_is_refused(timeline: Timeline, lie: dict[str, int]) -> None:
    histogram = Histogram()
    histogram.add_zeros(lie.get("count", 1))
    if "max_ns" in lie:
        histogram = histogram_of([2**61 / 1e6])
    report = Report(
        run_id=RUN,
        incarnation="i1",
        declarations=[declared("http_req_duration", METRIC_KIND_TREND)],
        trends=[trend_value(1, histogram)],
    )
    with pytest.raises(ProtocolViolation, match="a trend beyond all measure"):
        timeline.add(report, 1.0)


# --- storing ---


def test_an_interval_reads_back_as_it_was_stored(timeline: Timeline, one: Reporter) -> None:
    values: Values = {
        "http_reqs{name:a}": 3,
        "vus": 4,
        "checks": (1, 2),
        "http_req_duration": [1.0, 2.0],
    }
    timeline.add(one.report(0, values), 1.0)
    (sealed,) = timeline.seal_due(2.0)
    stored = sealed.to_report(RUN).SerializeToString()
    assert Interval.from_report(Report.FromString(stored)) == timeline.sealed(0)


def test_what_two_agents_may_say_reads_back_though_one_may_not_say_the_sum(
    timeline: Timeline, one: Reporter, two: Reporter
) -> None:
    for reporter in (one, two):
        timeline.add(reporter.report(0, {"http_reqs": 2**53, "vus": 2.0**53}), 1.0)
    (sealed,) = timeline.seal_due(1.0)
    stored = sealed.to_report(RUN).SerializeToString()
    assert Interval.from_report(Report.FromString(stored)).counters == {REQUESTS: 2**54}


def test_a_restored_timeline_is_the_same_timeline(
    timeline: Timeline, one: Reporter, two: Reporter
) -> None:
    stored: list[tuple[bytes, list[bytes]]] = []
    for second in range(3):
        values: Values = {
            "http_reqs{scenario:s}": second,
            "http_req_duration": [second + 1.0],
            "send_lag": [2.0],
            "agent_cpu": 0.3,
        }
        accounts = [account("s", planned=second, fired=second)]
        timeline.add(one.report(second, values, accounts), second + 1.0)
        for sealed in timeline.seal_due(second + 1.9):
            parts = [part.SerializeToString() for part in sealed.parts]
            stored.append((sealed.to_report(RUN).SerializeToString(), parts))
    two.number("checks")
    late = two.report(1, {"http_reqs{scenario:s}": 5, "send_lag": [7.0]}, last=True)
    assert timeline.add(late, 3.0) is Outcome.AMENDMENT
    amendment = timeline.self_contained(late).SerializeToString()

    again = Timeline(RUN, {"i1": "agent-1", "i2": "agent-2"})
    for merged, parts in stored:
        interval = Interval.from_report(Report.FromString(merged))
        again.restore(interval, [Report.FromString(part) for part in parts])
    assert again.add(Report.FromString(amendment), 3.0) is Outcome.AMENDMENT

    assert again.intervals() == timeline.intervals()
    assert again.last_active == timeline.last_active == {"s": 2}
    duration = parse_selection("http_req_duration")
    assert again.trend(duration) == timeline.trend(duration)
    for old, new in zip(timeline.agents, again.agents, strict=True):
        assert new.accounts == old.accounts
        assert new.cpu_max == old.cpu_max
        assert new.lags == old.lags
    assert again.add(one.report(2), 3.0) is Outcome.DUPLICATE


def test_a_part_holds_what_tells_agents_apart_and_nothing_else(
    timeline: Timeline, one: Reporter
) -> None:
    values: Values = {
        "http_reqs": 3,
        "http_req_duration": [1.0],
        "send_lag": [2.0],
        "agent_cpu": 0.3,
    }
    report = one.report(0, values, [account("s", planned=3, fired=3)])
    timeline.add(report, 1.0)
    part = timeline.part(report)
    assert {one.metric for one in part.declarations} == {"send_lag", "agent_cpu"}
    assert not part.counters
    assert [one.scenario for one in part.accounts] == ["s"]
    (sealed,) = timeline.seal_due(2.0)
    assert sealed.parts == (part,)
    assert timeline.sealed(0).parts == ()


def test_whole_reports_are_kept_where_somebody_asks_for_them_and_given_away_once(
    one: Reporter, two: Reporter
) -> None:
    timeline = Timeline(RUN, {"i1": "agent-1", "i2": "agent-2"}, keeps_reports=True)
    first = one.report(0, {"http_reqs": 3, "http_req_duration": [1.0]})
    # On a stream that has declared all before, a report does not say what its numbers stand for.
    second = two.report(0, {"http_reqs": 5})
    later = two.report(1, {"http_reqs": 7})
    del later.declarations[:]
    for report in (first, second, later):
        timeline.add(report, 1.0)
    timeline.add(first, 1.1)
    (sealed,) = timeline.seal_due(1.2)
    kept = timeline.release_reports(0)
    assert {name: Interval.from_report(report) for name, report in kept.items()} == {
        "i1": Interval.from_report(first),
        "i2": Interval.from_report(second),
    }
    assert sum(report.counters[0].delta for report in kept.values()) == sum(
        sealed.counters.values()
    )
    assert timeline.release_reports(0) == {}
    assert Interval.from_report(timeline.release_reports(1)["i2"]).counters == {REQUESTS: 7}
    timeline.seal_due(2.8)
    timeline.add(one.report(1, {"http_reqs": 1}), 3.0)
    assert timeline.release_reports(1) == {}


def test_whole_reports_are_not_kept_for_nobody(timeline: Timeline, one: Reporter) -> None:
    timeline.add(one.report(0, {"http_reqs": 3}), 1.0)
    assert timeline.release_reports(0) == {}


def test_more_series_than_one_agent_may_have_are_read_back_of_several(
    timeline: Timeline, one: Reporter, two: Reporter
) -> None:
    for reporter, what in ((one, "a"), (two, "b")):
        values: Values = {f"http_reqs{{name:{what}{n}}}": n for n in range(900)}
        timeline.add(reporter.report(0, values), 1.0)
    (sealed,) = timeline.seal_due(1.1)
    stored = sealed.to_report(RUN).SerializeToString()
    assert len(sealed.counters) == 1800
    assert Interval.from_report(Report.FromString(stored)) == replace(sealed, parts=())
