"""The logs, read back by the library's own reader."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING, Any, Protocol, cast
from urllib.parse import unquote

import pytest
from hdrh.histogram import HdrHistogram  # pyright: ignore[reportMissingTypeStubs]
from hdrh.log import HistogramLogReader  # pyright: ignore[reportMissingTypeStubs]
from hypothesis import HealthCheck, given, settings

from groundswell.errors import GroundswellError
from groundswell.metrics.histogram import Histogram
from groundswell.verdict.selection import Selection, parse_selection
from groundswell_coordinator.report.hlog import write_interval_logs
from groundswell_coordinator.store.records import StoredShare
from tests.coordinator.reporting import Reporter, histogram_of
from tests.coordinator.run.course import SECONDS, Course, courses, play, reports_of
from tests.coordinator.run.recorded import AGENTS, STARTED, recording

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from groundswell_coordinator.store.records import StoredInterval, StoredRun
    from groundswell_coordinator.timeline.interval import Interval


class _Read(Protocol):
    """What the tests ask of the library's histogram, which has no types."""

    def get_tag(self) -> str: ...
    def get_start_time_stamp(self) -> float: ...
    def get_end_time_stamp(self) -> float: ...
    def get_total_count(self) -> int: ...
    def get_count_at_index(self, index: int) -> int: ...
    def get_value_at_percentile(self, percentile: float) -> int: ...


# By the tag and the second of the run.
Log = dict[tuple[str, int], _Read]


def read(path: Path) -> Log:
    reader: Any = HistogramLogReader(str(path), HdrHistogram(1, 3_600_000_000, 3))
    found: Log = {}
    try:
        while (histogram := cast("_Read | None", reader.get_next_interval_histogram())) is not None:
            start = histogram.get_start_time_stamp() / 1000 - STARTED.timestamp()
            assert histogram.get_end_time_stamp() - histogram.get_start_time_stamp() == 1000
            key = unquote(histogram.get_tag()), round(start)
            assert start == pytest.approx(key[1], abs=1e-6)
            assert key not in found
            found[key] = histogram
    finally:
        reader.close()
    return found


def assert_same(read: _Read, own: Histogram) -> None:
    indices, counts = own.buckets()
    assert read.get_total_count() == own.count == counts.sum()
    assert [read.get_count_at_index(int(at)) for at in indices] == counts.tolist()
    for percentile in (50, 90, 95, 99, 99.9, 100):
        # The library rounds ranks to the nearest; where that is up, it is the nearest rank.
        rank = int(percentile / 100 * own.count + 0.5)
        if rank == max(1, ceil(percentile / 100 * own.count - 1e-9)):
            value_ms = read.get_value_at_percentile(percentile) / 1000
            assert value_ms == pytest.approx(own.percentile(percentile), rel=1e-3, abs=2e-3)


def trends_of(interval: Interval) -> Mapping[str, Histogram]:
    found: dict[str, Histogram] = {}
    for series, trend in interval.trends.items():
        own = found[str(Selection(series.metric, series.tags))] = Histogram()
        trend.add_to(own)
    return found


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(courses)
async def test_the_logs_hold_every_sample_once_however_late_it_came(
    tmp_path_factory: pytest.TempPathFactory, course: Course
) -> None:
    folder = tmp_path_factory.mktemp("logs")
    async with recording(f"sqlite:///{folder / 'g.db'}", agent_histograms=True) as live:
        await play(live, course)
        await live.measurement.close()
        stored, intervals = live.stored()

    paths = write_interval_logs(folder / "hdr", stored, intervals)
    merged = read(paths[0])
    expected = {
        (tag, interval.number): own
        for interval in live.timeline.intervals()
        for tag, own in trends_of(interval).items()
    }
    assert merged.keys() == expected.keys()
    for key, own in expected.items():
        assert_same(merged[key], own)

    heard_of = {agent.name for agent in live.timeline.agents if agent.newest >= 0}
    assert {path.name for path in paths[1:]} == {f"{name}.hlog" for name in heard_of}
    totals: defaultdict[tuple[str, int], int] = defaultdict(int)
    for incarnation, measured, lost in zip(AGENTS, course.agents, course.losses, strict=True):
        delivered = reports_of(incarnation, measured)[: SECONDS if lost is None else lost]
        if not delivered:
            continue
        own_log = read(folder / "hdr" / f"{AGENTS[incarnation]}.hlog")
        assert {number for _, number in own_log} == {report.interval for report in delivered}
        for key, histogram in own_log.items():
            totals[key] += histogram.get_total_count()
        for number, second in enumerate(measured[: len(delivered)]):
            assert_same(own_log["agent_loop_lag", number], histogram_of([second.lag / 2]))
            if second.durations:
                key = f"http_req_duration{{name:{number % 2}}}", number
                assert_same(own_log[key], histogram_of(second.durations))
    assert totals == {key: own.count for key, own in expected.items()}


async def stored_run(
    url: str, *, agent_histograms: bool = False, series: str = "http_req_duration"
) -> tuple[StoredRun, tuple[StoredInterval, ...]]:
    async with recording(url, agent_histograms=agent_histograms) as live:
        reporter = Reporter("i1")
        for number in range(3):
            report = reporter.report(number, {series: [1.5, 2500.0]}, last=number == 2)
            await live.take(report, number + 1)
        await live.measurement.close()
        return live.stored()


async def test_a_run_that_kept_no_agents_histograms_has_the_merged_log_alone(
    tmp_path: Path,
) -> None:
    stored, intervals = await stored_run(f"sqlite:///{tmp_path / 'g.db'}")
    (path,) = write_interval_logs(tmp_path / "new" / "hdr", stored, intervals)
    assert path == tmp_path / "new" / "hdr" / "merged.hlog"
    assert list(read(path)) == [("http_req_duration", number) for number in range(3)]


async def test_a_log_says_how_it_is_to_be_read(tmp_path: Path) -> None:
    stored, intervals = await stored_run(f"sqlite:///{tmp_path / 'g.db'}")
    (path,) = write_interval_logs(tmp_path, stored, intervals)
    lines = path.read_text("ascii").splitlines()
    assert lines[:7] == [
        "#[Histogram log format version 1.3]",
        "#groundswell run run-1, all agents",
        "#Values are in microseconds, Interval_Max is in milliseconds. "
        "Tags are series, percent-encoded.",
        "#For milliseconds: HistogramLogProcessor -outputValueUnitRatio 1000 -tag TAG -i FILE",
        "#[StartTime: 1772600768.125 (seconds since epoch), 2026-03-04T05:06:08.125+00:00]",
        "#[BaseTime: 1772600768.125 (seconds since epoch)]",
        '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"',
    ]
    assert [line.rpartition(",")[0] for line in lines[7:]] == [
        f"Tag=http_req_duration,{number}.000,1.000,2500.000" for number in range(3)
    ]


async def test_a_tag_holds_what_the_format_does_not(tmp_path: Path) -> None:
    series = 'http_req_duration{name:"/a b,100% ü",scenario:s\u2028s}'
    stored, intervals = await stored_run(f"sqlite:///{tmp_path / 'g.db'}", series=series)
    (path,) = write_interval_logs(tmp_path, stored, intervals)
    tag = path.read_text("ascii").splitlines()[7].partition(",")[0]
    assert tag == "Tag=http_req_duration{name:/a%20b%2C100%25%20%C3%BC%2Cscenario:s%E2%80%A8s}"
    assert {tag for tag, _ in read(path)} == {str(parse_selection(series))}


async def test_no_agents_name_leaves_the_folder_or_takes_the_merged_log(tmp_path: Path) -> None:
    stored, intervals = await stored_run(f"sqlite:///{tmp_path / 'g.db'}", agent_histograms=True)
    names: list[str] = []
    for name in ("merged", "../a b", "ü"):
        renamed = replace(stored, shares=(StoredShare(name, "i1", 1),))
        paths = write_interval_logs(tmp_path / "hdr", renamed, intervals)
        assert [len(read(path)) for path in paths] == [3, 3]
        names.append(paths[1].relative_to(tmp_path / "hdr").name)
    assert names == ["%6Derged.hlog", "..%2Fa%20b.hlog", "%C3%BC.hlog"]


async def test_logs_are_written_anew_and_not_continued(tmp_path: Path) -> None:
    stored, intervals = await stored_run(f"sqlite:///{tmp_path / 'g.db'}")
    write_interval_logs(tmp_path, stored, intervals)
    (path,) = write_interval_logs(tmp_path, stored, intervals[:2])
    assert len(read(path)) == 2


async def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    stored, intervals = await stored_run(f"sqlite:///{tmp_path / 'g.db'}")
    (tmp_path / "file").write_text("")
    with pytest.raises(GroundswellError, match=r"cannot write .*file: .*name a folder"):
        write_interval_logs(tmp_path / "file", stored, intervals)
    unborn = replace(stored, line=replace(stored.line, start_at=None))
    with pytest.raises(GroundswellError, match="run-1 never started"):
        write_interval_logs(tmp_path / "none", unborn, ())
    assert not (tmp_path / "none").exists()
