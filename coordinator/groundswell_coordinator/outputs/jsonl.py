"""`--out jsonl=FILE`: a line for every series and second, for `jq` and for whatever reads JSON lines.

    {"run": "…", "interval": 4, "time": "2026-03-04T05:06:12Z", "metric": "http_req_duration",
     "type": "trend", "unit": "ms", "tags": {"name": "cart"}, "values": {"count": 50, "p(95)": 2.2}}

Values are those of the second alone, named as in the summary. `interval` counts from 0, `time` is its end.
"""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from groundswell.metrics.catalog import Kind
from groundswell.metrics.histogram import Histogram
from groundswell_coordinator.outputs.sink import OutputFailed
from groundswell_coordinator.report.finite import finite
from groundswell_coordinator.run.sums import trend_values

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from groundswell.metrics.series import Series
    from groundswell_coordinator.outputs.sink import RunFacts
    from groundswell_coordinator.timeline.interval import Interval, Trend

Values = dict[str, float]


def open_sink(place: str, facts: RunFacts) -> JsonLinesSink:
    return JsonLinesSink(Path(place), facts)


class JsonLinesSink:
    """A file that was there is replaced; each second is in it as soon as it is sealed."""

    def __init__(self, path: Path, facts: RunFacts) -> None:
        self._path = path
        self._facts = facts
        self._mode = "wb"

    def absorb(self, interval: Interval) -> None:
        """Nothing: a line is of its second alone."""

    def encode(self, interval: Interval) -> bytes:
        end = datetime.fromtimestamp(self._facts.end_ns(interval.number) / 1e9, UTC)
        head = {
            "run": self._facts.run_id,
            "test": self._facts.test,
            "interval": interval.number,
            "time": end.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }
        lines = (json.dumps({**head, **one}, ensure_ascii=False) for one in self._values(interval))
        return "".join(f"{line}\n" for line in lines).encode()

    def farewell(self) -> bytes:
        return b""

    async def send(self, body: bytes) -> None:
        await asyncio.to_thread(self._write, body)

    async def close(self) -> None:
        """Nothing is kept open."""

    def _write(self, body: bytes) -> None:
        try:
            with self._path.open(self._mode) as file:
                file.write(body)
        except OSError as error:
            # A disk may have room again, but half a line would be in the file by then.
            raise OutputFailed(f"cannot write it: {error.strerror}", is_final=True) from error
        self._mode = "ab"

    def _values(self, interval: Interval) -> Iterator[Mapping[str, object]]:
        for series, count in interval.counters.items():
            yield self._line(series, Kind.COUNTER, {"count": count})
        for series, value in interval.gauges.items():
            yield self._line(series, Kind.GAUGE, {"value": value})
        for series, rate in interval.rates.items():
            share = rate.passes / rate.total if rate.total else 0.0
            values = {"rate": share, "passes": rate.passes, "fails": rate.total - rate.passes}
            yield self._line(series, Kind.RATE, values)
        for series, trend in interval.trends.items():
            yield self._line(series, Kind.TREND, _trend(trend))

    def _line(self, series: Series, kind: Kind, values: Values) -> Mapping[str, object]:
        unit = self._facts.metric(series.metric, kind).unit.value
        of_unit = {"unit": unit} if unit else {}
        tags = dict(series.tags)
        return {
            "metric": series.metric,
            "type": kind.value,
            **of_unit,
            "tags": tags,
            "values": values,
        }


def _trend(trend: Trend) -> Values:
    histogram = Histogram()
    trend.add_to(histogram)
    values = trend_values(histogram)
    return {name: finite(value) for name, value in values.items()}
