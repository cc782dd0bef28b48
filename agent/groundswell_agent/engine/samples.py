"""Where the samples of one step go: its series are opened when they are first needed, then found by
status in a small dict.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell_agent.engine.cut import Cut
from groundswell_agent.recording.rows import amount, connection_row, error_row, request_row

if TYPE_CHECKING:
    from groundswell.scenario.step_model import RequestStep
    from groundswell_agent.engine.steps.scope import Scope
    from groundswell_agent.http.exchange import Exchange
    from groundswell_agent.recording.meters import ErrorSeries, RequestSeries


class Samples:
    """Of one step. `due` is the moment from which a response time counts."""

    __slots__ = ("_answered", "_expected", "_failed", "_load", "_redirected", "_retries", "_tags")

    def __init__(self, step: RequestStep, scope: Scope) -> None:
        self._load = scope.load
        self._expected = step.expect_status
        self._tags = {**scope.tags, **step.tags, "name": step.name, "method": step.method}
        self._answered: dict[int, RequestSeries] = {}
        self._redirected: dict[tuple[int, str, bool, str | None], RequestSeries] = {}
        self._failed: dict[str, ErrorSeries] = {}
        self._retries = scope.load.recorder.counter("http_req_retries", self._tags)

    def record(self, due: float, exchange: Exchange) -> None:
        """A response that the step looks at. What `_record` says stands here again: it is one call less a request."""
        status = exchange.status
        series = self._answered.get(status) or self._open(status)
        if exchange.dirty:
            self._record_connection(series, exchange)
        series.record(
            request_row(
                due,
                exchange.send_start,
                exchange.send_end,
                exchange.first_byte,
                exchange.end,
                exchange.bytes_sent,
                exchange.bytes_received,
            )
        )

    def record_hop(
        self, due: float, exchange: Exchange, method: str, error: str | None = None
    ) -> None:
        """A redirect: as expected where it is followed, whatever the step expects of its end."""
        self._record(self._other(exchange.status, method, error is None, error), due, exchange)

    def record_end(self, due: float, exchange: Exchange, method: str) -> None:
        """The response that redirects have led to, perhaps with another method than the step's."""
        if method == self._tags["method"]:
            self.record(due, exchange)
        else:
            expected = exchange.status in self._expected
            self._record(self._other(exchange.status, method, expected, None), due, exchange)

    def _record(self, series: RequestSeries, due: float, exchange: Exchange) -> None:
        if exchange.dirty:
            self._record_connection(series, exchange)
        series.record(
            request_row(
                due,
                exchange.send_start,
                exchange.send_end,
                exchange.first_byte,
                exchange.end,
                exchange.bytes_sent,
                exchange.bytes_received,
            )
        )

    def _record_connection(self, series: RequestSeries, exchange: Exchange) -> None:
        """A connection was opened for this request, perhaps."""
        if exchange.retried:
            self._retries.count(exchange.end)
        series.record_connection(
            connection_row(
                exchange.end, exchange.blocked, exchange.connecting, exchange.handshaking
            )
        )

    def record_error(self, error: str, due: float, exchange: Exchange) -> None:
        if exchange.retried:
            self._retries.count(exchange.end)
        self.record_failure(error, due, exchange.end, exchange.bytes_sent, exchange.bytes_received)

    def record_failure(
        self, error: str, due: float, end: float, sent: float = 0, received: float = 0
    ) -> None:
        series = self._failed.get(error)
        if series is None:
            tags = {**self._tags, "error": error, "expected_response": "false"}
            series = self._failed[error] = self._load.recorder.errors(tags)
        series.record(error_row(due, end, sent, received))

    def record_cut(self, due: float, exchange: Exchange) -> None:
        """The engine cancelled a request of which a byte went out."""
        if self._load.cut is Cut.GRACE:
            self.record_failure(
                "interrupted", due, exchange.end, exchange.bytes_sent, exchange.bytes_received
            )
            return
        recorder, at = self._load.recorder, exchange.end
        recorder.counter("http_reqs", self._tags).count(at)
        recorder.counter("data_sent", self._tags).record(amount(at, exchange.bytes_sent))

    def _open(self, status: int) -> RequestSeries:
        """The series of a status that this step has not had before."""
        expected = status in self._expected
        tags = {**self._tags, **_outcome(status, expected=expected)}
        series = self._load.recorder.requests(tags, failed=not expected)
        self._answered[status] = series
        return series

    def _other(self, status: int, method: str, expected: bool, error: str | None) -> RequestSeries:
        key = status, method, expected, error
        series = self._redirected.get(key)
        if series is None:
            tags = {**self._tags, "method": method, **_outcome(status, expected=expected)}
            if error is not None:
                tags["error"] = error
            series = self._load.recorder.requests(tags, failed=not expected)
            self._redirected[key] = series
        return series


def _outcome(status: int, *, expected: bool) -> dict[str, str]:
    return {"status": str(status), "expected_response": "true" if expected else "false"}
