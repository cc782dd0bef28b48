from __future__ import annotations

import pytest

from groundswell.metrics.catalog import Kind
from groundswell.metrics.folding import MAX_SERIES
from groundswell.metrics.series import Series
from groundswell_agent.recording.recorder import Recorder
from groundswell_agent.recording.series_table import SeriesTable


def filled(table: SeriesTable, upto: int) -> None:
    for n in range(len(table), upto):
        table.number(Series.of("iterations", {"name": str(n)}), Kind.COUNTER)


def test_a_number_is_given_once_and_stays() -> None:
    table = SeriesTable()
    a, b = Series.of("iterations", {"x": "1"}), Series.of("iterations", {"x": "2"})
    assert [table.number(s, Kind.COUNTER) for s in (a, b, a, b)] == [1, 2, 1, 2]
    assert [d.number for d in table.declarations()] == [1, 2]
    assert [d.number for d in table.declarations(after=1)] == [2]


def test_a_metric_keeps_its_kind() -> None:
    table = SeriesTable()
    with pytest.raises(ValueError, match="http_reqs is a counter, not a trend"):
        table.number(Series.of("http_reqs", {}), Kind.TREND)
    table.number(Series.of("search_index", {}), Kind.TREND)
    with pytest.raises(ValueError, match="search_index is a trend, not a rate"):
        table.number(Series.of("search_index", {"a": "b"}), Kind.RATE)


def test_known_series_keep_their_tags_in_a_full_table() -> None:
    table = SeriesTable()
    filled(table, 900)
    assert table.fit(["iterations"], {"name": "899"}) == {"name": "899"}


def test_a_new_name_becomes_other_and_own_tags_go() -> None:
    table = SeriesTable()
    filled(table, 900)
    tags = {"scenario": "s", "name": "new", "check": "c", "status": "200", "user": "17"}
    assert table.fit(["http_reqs"], tags) == {
        "scenario": "s",
        "name": "other",
        "check": "other",
        "status": "200",
    }


def test_at_the_very_end_only_the_outcome_is_kept() -> None:
    table = SeriesTable()
    filled(table, 950)
    tags = {"scenario": "s", "name": "new", "status": "200", "expected_response": "true"}
    assert table.fit(["http_reqs"], tags) == {"name": "other", "expected_response": "true"}


def test_metrics_of_a_test_cannot_take_the_room_of_built_in_ones() -> None:
    recorder = Recorder(0.0)
    for n in range(950):
        recorder.trend(f"timer {n}", {})
    with pytest.raises(ValueError, match="no room for the metric timer 950"):
        recorder.trend("timer 950", {})
    for outcome in ({"expected_response": "true"}, {"expected_response": "false"}):
        tags = {"scenario": "s", "name": "n", "status": "200", **outcome}
        recorder.requests(tags, failed=False)
    recorder.errors({"scenario": "s", "name": "n", "error": "reset"})
    recorder.iterations({"scenario": "s"})
    for metric in ("send_lag", "agent_loop_lag", "agent_gc_pause", "group_duration"):
        recorder.trend(metric, {"scenario": "s"})
    for metric in ("dropped_iterations", "interrupted_iterations", "http_req_retries"):
        recorder.counter(metric, {"scenario": "s"})
    vitals = ("agent_cpu", "agent_cpu_throttled", "agent_connections", "agent_fds_left")
    for metric in ("vus", "vus_max", *vitals):
        recorder.gauge(metric, {"scenario": "s"})
    recorder.rate("checks", {"scenario": "s", "name": "n", "check": "c"})
    recorder.rate("checks", {"scenario": "s", "check": "c"})
    assert len(recorder.declarations()) <= MAX_SERIES
