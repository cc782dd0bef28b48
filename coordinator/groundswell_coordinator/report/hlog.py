"""HdrHistogram interval logs: a run's trends, second by second, for whatever reads `.hlog` files.

    merged.hlog     all agents together, late reports included
    <agent>.hlog    each agent alone, where the run kept their histograms (`--hdr`)

A log has one line for each series and second that has samples, tagged with the series as a threshold
selects it; what a tag cannot hold is percent-encoded. The payloads are the stored ones, only
compressed, so counts and percentiles are exactly those of the run.
"""

from __future__ import annotations

import base64
import struct
import zlib
from datetime import UTC
from typing import TYPE_CHECKING
from urllib.parse import quote

from groundswell.errors import GroundswellError
from groundswell.verdict.selection import Selection
from groundswell_coordinator.store.damage import contradictions
from groundswell_coordinator.timeline.declarations import SeriesRegistry
from groundswell_coordinator.timeline.interval import Interval
from groundswell_coordinator.timeline.open_interval import HistogramPool, OpenInterval
from groundswell_coordinator.timeline.stored_report import report_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from pathlib import Path

    from groundswell.metrics.series import Series
    from groundswell_coordinator.store.records import StoredInterval, StoredRun
    from groundswell_coordinator.timeline.interval import Trend

# Values stay microseconds, in which they were recorded: in nanoseconds, as the tools take them for
# unless they are told, they would fall into other buckets.
_HEADER = """\
#[Histogram log format version 1.3]
#groundswell run {run}, {whose}
#Values are in microseconds, Interval_Max is in milliseconds. Tags are series, percent-encoded.
#For milliseconds: HistogramLogProcessor -outputValueUnitRatio 1000 -tag TAG -i FILE
#[StartTime: {start:.3f} (seconds since epoch), {moment}]
#[BaseTime: {start:.3f} (seconds since epoch)]
"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"
"""
_MERGED = "merged"
_COMPRESSED_COOKIE = 0x1C849304 | 0x10
_FLUSH_AT = 64 * 1024
_PLAIN = "".join(letter for letter in map(chr, range(0x21, 0x7F)) if letter not in ",%")


def write_interval_logs(
    folder: Path, stored: StoredRun, intervals: Iterable[StoredInterval]
) -> tuple[Path, ...]:
    """Write the logs of a run into `folder`, which is made; what they are called, `merged` first.

    `intervals` are all of the run, in order. Logs of the same names are overwritten. Raises
    GroundswellError where the run never started, or the folder takes no files.
    """
    started = stored.line.start_at
    if started is None:
        raise GroundswellError(f"run {stored.line.run_id} never started")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with contradictions(stored.line.run_id):
            return _write(_Logs(folder, stored, started), intervals)
    except OSError as error:
        raise GroundswellError(
            f"cannot write {error.filename or folder}: {error.strerror}",
            hint="name a folder that you may write to",
        ) from error


def _write(logs: _Logs, intervals: Iterable[StoredInterval]) -> tuple[Path, ...]:
    pool = HistogramPool()
    for stored in intervals:
        logs.merged.add(_amended(stored, pool))
        if not logs.is_by_agent:
            continue
        for incarnation, report in _reports(stored):
            logs.of_agent(incarnation).add(_interval(report))
    return logs.finish()


def _amended(stored: StoredInterval, pool: HistogramPool) -> Interval:
    """With what came late, so that each interval is written once."""
    whole = _interval(stored.merged)
    if not stored.amendments:
        return whole
    total = OpenInterval(stored.interval, SeriesRegistry(), pool)
    total.include(whole)
    for amendment in stored.amendments:
        total.include(_interval(amendment.report))
    return total.seal()


def _reports(stored: StoredInterval) -> Iterator[tuple[str, bytes]]:
    """Of every agent that is heard of in an interval, in time or late."""
    for part in stored.contained:
        if part.report is not None:
            yield part.incarnation, part.report
    for amendment in stored.amendments:
        yield amendment.incarnation, amendment.report


def _interval(report: bytes) -> Interval:
    return Interval.from_report(report_of(report))


class _Logs:
    """One run's: the merged one from the beginning, those of agents once something is known of them."""

    def __init__(self, folder: Path, stored: StoredRun, started: datetime) -> None:
        self.is_by_agent = stored.agent_histograms
        self._folder = folder
        self._run_id = stored.line.run_id
        self._started = started
        self._names = {share.incarnation: share.agent for share in stored.shares}
        self._by_incarnation: dict[str, _Log] = {}
        self.merged = self._open(_MERGED, "all agents")

    def of_agent(self, incarnation: str) -> _Log:
        log = self._by_incarnation.get(incarnation)
        if log is None:
            name = self._names.get(incarnation, incarnation)
            log = self._by_incarnation[incarnation] = self._open(_file_stem(name), name)
        return log

    def finish(self) -> tuple[Path, ...]:
        logs = (self.merged, *self._by_incarnation.values())
        for log in logs:
            log.flush()
        return tuple(log.path for log in logs)

    def _open(self, stem: str, whose: str) -> _Log:
        header = _HEADER.format(
            run=_percent_encoded(self._run_id),
            whose=_percent_encoded(whose, keep=" "),
            start=self._started.timestamp(),
            moment=self._started.astimezone(UTC).isoformat(timespec="milliseconds"),
        )
        return _Log(self._folder / f"{stem}.hlog", header)


class _Log:
    """One file, written in large pieces and closed in between: there may be a thousand agents."""

    def __init__(self, path: Path, header: str) -> None:
        self.path = path
        path.write_text(header, encoding="ascii")
        self._lines: list[str] = []
        self._size = 0

    def add(self, interval: Interval) -> None:
        for series, trend in interval.trends.items():
            line = _line(interval.number, series, trend)
            self._lines.append(line)
            self._size += len(line)
        if self._size >= _FLUSH_AT:
            self.flush()

    def flush(self) -> None:
        with self.path.open("a", encoding="ascii") as file:
            file.writelines(self._lines)
        self._lines.clear()
        self._size = 0


def _line(number: int, series: Series, trend: Trend) -> str:
    tag = _percent_encoded(str(Selection(series.metric, series.tags)))
    return f"Tag={tag},{number:.3f},1.000,{trend.max_ns / 1e6:.3f},{_compressed(trend.payload)}\n"


def _compressed(payload: bytes) -> str:
    body = zlib.compress(payload)
    framed = struct.pack(">II", _COMPRESSED_COOKIE, len(body)) + body
    return base64.b64encode(framed).decode("ascii")


def _percent_encoded(text: str, keep: str = "") -> str:
    """Plain ASCII without commas and blanks; `urllib.parse.unquote` gives the text back."""
    return quote(text, safe=_PLAIN + keep)


def _file_stem(agent: str) -> str:
    """An agent's name as that of a file, and never the name of the merged log."""
    stem = quote(agent, safe="")
    return f"%{ord(stem[0]):02X}{stem[1:]}" if stem == _MERGED else stem
