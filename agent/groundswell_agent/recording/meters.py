"""What the engine holds to record with: a buffer of raw samples and the totals they go to.

Recording is one call of something bound beforehand. Everything else happens in `flush`, which a
few times a second turns the raw samples of the open interval into totals with numpy.

    >>> answered = recorder.requests(tags, failed=False)
    >>> answered.record(request_row(due, send_start, send_end, first_byte, end, 120, 1024))
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from groundswell.metrics.histogram import add_rows
from groundswell_agent.recording.rows import RowBuffer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from groundswell.metrics.histogram import Histogram
    from groundswell_agent.recording.totals import CounterTotal, GaugeTotal, RateTotal, TrendTotal


class Meter(Protocol):
    """`flush` moves all samples of moments before `before` into totals and says how many.

    It may leave them where they are while fewer than `least` wait: numpy costs the same for one
    sample as for a hundred.
    """

    def flush(self, before: float, least: int = 1) -> int: ...


class RequestSeries:
    """Answered requests of one set of tags.

    `record` takes a `request_row` for each. `record_connection` takes a `connection_row` as well
    for each that had to wait for a connection; the others count as having waited 0. Both are to
    be called in one go, or an interval may end between them.
    """

    __slots__ = (
        "_answer",
        "_connect",
        "_connections",
        "_failed",
        "_failures",
        "_received",
        "_reqs",
        "_rows",
        "_sent",
        "record",
        "record_connection",
    )

    def __init__(
        self,
        reqs: CounterTotal,
        failures: RateTotal,
        sent: CounterTotal,
        received: CounterTotal,
        trends: Sequence[TrendTotal],
        *,
        failed: bool,
    ) -> None:
        """`trends` are those of REQUEST_TRENDS, in that order."""
        self._rows = RowBuffer(width=7, moment=4)
        self._connections = RowBuffer(width=4, moment=0)
        self._reqs = reqs
        self._failures = failures
        self._sent = sent
        self._received = received
        self._connect = [trend.histogram for trend in trends[:3]]
        self._answer = [trend.histogram for trend in trends[3:]]
        self._failed = failed
        self.record = self._rows.append
        self.record_connection = self._connections.append

    def flush(self, before: float, least: int = 1) -> int:
        # Both buffers or none: the one tells how many zeros the other stands for.
        if len(self._rows) < least:
            return 0
        waited = self._flush_connections(before)
        rows = self._rows.take(before, least=1)
        if rows is None:
            return waited
        count = len(rows)
        self._reqs.value += count
        self._failures.total += count
        self._failures.passes += count if self._failed else 0
        self._sent.value += int(rows[:, 5].sum())
        self._received.value += int(rows[:, 6].sum())
        add_rows(self._answer, _answer_times(rows))
        for histogram in self._connect:
            histogram.add_zeros(count - waited)
        return count

    def _flush_connections(self, before: float) -> int:
        rows = self._connections.take(before, least=1)
        if rows is not None:
            add_rows(self._connect, _nanoseconds(rows[:, 1:].T))
        return _length(rows)


class ErrorSeries:
    """Requests that got no answer, of one set of tags: `record` takes an `error_row` for each."""

    __slots__ = ("_failures", "_received", "_reqs", "_response", "_rows", "_sent", "record")

    def __init__(
        self,
        reqs: CounterTotal,
        failures: RateTotal,
        sent: CounterTotal,
        received: CounterTotal,
        response: TrendTotal,
    ) -> None:
        self._rows = RowBuffer(width=4, moment=1)
        self._reqs = reqs
        self._failures = failures
        self._sent = sent
        self._received = received
        self._response = response.histogram
        self.record = self._rows.append

    def flush(self, before: float, least: int = 1) -> int:
        rows = self._rows.take(before, least)
        if rows is None:
            return 0
        self._reqs.value += len(rows)
        self._failures.total += len(rows)
        self._failures.passes += len(rows)
        self._sent.value += int(rows[:, 2].sum())
        self._received.value += int(rows[:, 3].sum())
        _add_spans(self._response, rows)
        return len(rows)


class IterationSeries:
    """Complete iterations of one scenario: `record` takes their `span`."""

    __slots__ = ("_count", "_duration", "_rows", "record")

    def __init__(self, count: CounterTotal, duration: TrendTotal) -> None:
        self._rows = RowBuffer(width=2, moment=1)
        self._count = count
        self._duration = duration.histogram
        self.record = self._rows.append

    def flush(self, before: float, least: int = 1) -> int:
        rows = self._rows.take(before, least)
        if rows is None:
            return 0
        self._count.value += len(rows)
        _add_spans(self._duration, rows)
        return len(rows)


class Trend:
    """Durations: `record` takes a `span`, whose end decides the interval."""

    __slots__ = ("_histogram", "_rows", "record")

    def __init__(self, total: TrendTotal) -> None:
        self._rows = RowBuffer(width=2, moment=1)
        self._histogram = total.histogram
        self.record = self._rows.append

    def flush(self, before: float, least: int = 1) -> int:
        rows = self._rows.take(before, least)
        if rows is None:
            return 0
        _add_spans(self._histogram, rows)
        return len(rows)


class Counter:
    """`count(at)` adds one, `record` takes an `amount` row for more."""

    __slots__ = ("_amounts", "_ones", "_total", "count", "record")

    def __init__(self, total: CounterTotal) -> None:
        self._ones = RowBuffer()
        self._amounts = RowBuffer(width=2)
        self._total = total
        self.count = self._ones.append_moment
        self.record = self._amounts.append

    def flush(self, before: float, least: int = 1) -> int:
        ones, amounts = self._ones.take(before, least), self._amounts.take(before, least)
        if ones is not None:
            self._total.value += len(ones)
        if amounts is not None:
            self._total.value += int(amounts[:, 1].sum())
        return _length(ones) + _length(amounts)


class Rate:
    """`passed(at)` and `failed(at)`: one observation each, true or false."""

    __slots__ = ("_fails", "_passes", "_total", "failed", "passed")

    def __init__(self, total: RateTotal) -> None:
        self._passes = RowBuffer()
        self._fails = RowBuffer()
        self._total = total
        self.passed = self._passes.append_moment
        self.failed = self._fails.append_moment

    def flush(self, before: float, least: int = 1) -> int:
        passes, fails = (
            _length(self._passes.take(before, least)),
            _length(self._fails.take(before, least)),
        )
        self._total.passes += passes
        self._total.total += passes + fails
        return passes + fails


class Gauge:
    """`set(at, value)`: the value holds until the next."""

    __slots__ = ("_pending", "_total")

    def __init__(self, total: GaugeTotal) -> None:
        self._pending: list[tuple[float, float]] = []
        self._total = total

    def set(self, at: float, value: float) -> None:
        self._pending.append((at, value))

    def flush(self, before: float, least: int = 1) -> int:
        if not self._pending:
            return 0
        due = [value for at, value in self._pending if at < before]
        if due:
            self._total.value = due[-1]
            self._pending = [sample for sample in self._pending if sample[0] >= before]
        return len(due)


def _answer_times(rows: NDArray[np.float64]) -> NDArray[np.int64]:
    """Sending, waiting, receiving, duration and response time of `request_row`s, in nanoseconds."""
    times = rows.T
    seconds = np.empty((5, len(rows)))
    np.subtract(times[2:5], times[1:4], out=seconds[:3])
    np.subtract(times[4], times[0], out=seconds[4])
    seconds[3] = 0
    found = _nanoseconds(seconds)
    # The sum of what was rounded, so that the three parts always add up to the whole.
    found[:3].sum(axis=0, out=found[3])
    return found


def _nanoseconds(seconds: NDArray[np.float64]) -> NDArray[np.int64]:
    """Whole nanoseconds; what is negative, by the grain of a clock, becomes 0."""
    found = seconds * 1e9
    np.rint(found, out=found)
    np.maximum(found, 0, out=found)
    return found.astype(np.int64)


def _add_spans(histogram: Histogram, rows: NDArray[np.float64]) -> None:
    histogram.add_ns(_nanoseconds(rows[:, 1] - rows[:, 0]))


def _length(rows: NDArray[np.float64] | None) -> int:
    return 0 if rows is None else len(rows)
