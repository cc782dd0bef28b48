"""Steps, compiled once per scenario into objects that a VU awaits.

Nothing here is looked up, formatted or allocated per request that can be prepared: the request is
bytes, the place of its samples is a bound method, found by status in a small dict.
"""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING, Protocol

from groundswell.scenario.model import PauseStep, RequestStep
from groundswell_agent.engine.cut import Cut
from groundswell_agent.http.request import PreparedRequest, prepare, split_url
from groundswell_agent.recording.rows import amount, connection_row, error_row, request_row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from groundswell.scenario.model import Step
    from groundswell_agent.engine.scenario_load import ScenarioLoad
    from groundswell_agent.engine.virtual_user import VirtualUser
    from groundswell_agent.http.exchange import Exchange
    from groundswell_agent.recording.meters import ErrorSeries, RequestSeries


class CompiledStep(Protocol):
    """What a VU awaits. It leaves in `vu.due` the moment at which the next step becomes due."""

    async def __call__(self, vu: VirtualUser) -> None: ...


def compile_steps(
    steps: Sequence[Step], target: str, load: ScenarioLoad
) -> tuple[CompiledStep, ...]:
    """A new kind of step is a class here and a line below."""
    return tuple(
        Pause(step, load) if isinstance(step, PauseStep) else Request(step, target, load)
        for step in steps
    )


class Pause:
    """Think time. It ends at a planned moment: what was late before it does not shift the rest."""

    __slots__ = ("_draw", "_longest", "_shortest")

    def __init__(self, step: PauseStep, load: ScenarioLoad) -> None:
        self._shortest = float(step.shortest)
        self._longest = float(step.longest)
        self._draw = load.random.uniform

    async def __call__(self, vu: VirtualUser) -> None:
        end = vu.due + self._draw(self._shortest, self._longest)
        await asyncio.sleep(max(end - monotonic(), 0))
        # A timer may ring half a millisecond early; nothing is due before it is asked for.
        vu.due = min(end, monotonic())


class Request:
    """One HTTP request: exchange, record, check."""

    __slots__ = (
        "_answered",
        "_checks",
        "_expected",
        "_failed",
        "_load",
        "_request",
        "_retries",
        "_tags",
    )

    def __init__(self, step: RequestStep, target: str, load: ScenarioLoad) -> None:
        self._load = load
        self._request = prepare_step(step, target)
        self._expected = step.expect_status
        tags = {**load.tags, **step.tags}
        self._tags = {**tags, "name": step.name, "method": step.method}
        self._answered: dict[int, RequestSeries] = {}
        self._failed: dict[str, ErrorSeries] = {}
        self._retries = load.recorder.counter("http_req_retries", self._tags)
        self._checks = tuple(
            (check.statuses, load.recorder.rate("checks", {**tags, "check": check.name}))
            for check in step.checks
        )

    async def __call__(self, vu: VirtualUser) -> None:
        client = vu.client
        try:
            exchange = await client.exchange(self._request)
        except asyncio.CancelledError:
            self._cut_off(vu, client.last)
            raise
        if exchange.error is None:
            self._record_answer(vu, exchange)
            return
        self._record_failure(exchange.error, vu, exchange)
        # An error may come back without ever waiting; others must have their turn nevertheless.
        await asyncio.sleep(0)

    def _record_answer(self, vu: VirtualUser, exchange: Exchange) -> None:
        status, end = exchange.status, exchange.end
        answered = self._answered.get(status) or self._open(status)
        if exchange.dirty:
            self._record_connection(answered, exchange)
        answered.record(
            request_row(
                vu.due,
                exchange.send_start,
                exchange.send_end,
                exchange.first_byte,
                end,
                exchange.bytes_sent,
                exchange.bytes_received,
            )
        )
        vu.due = end
        for statuses, rate in self._checks:
            (rate.passed if status in statuses else rate.failed)(end)

    def _record_connection(self, answered: RequestSeries, exchange: Exchange) -> None:
        """A connection was opened for this request."""
        if exchange.retried:
            self._retries.count(exchange.end)
        answered.record_connection(
            connection_row(
                exchange.end, exchange.blocked, exchange.connecting, exchange.handshaking
            )
        )

    def _record_failure(self, error: str, vu: VirtualUser, exchange: Exchange) -> None:
        if exchange.retried:
            self._retries.count(exchange.end)
        self._record_error(error, vu.due, exchange)
        vu.due = exchange.end
        for _, rate in self._checks:
            rate.failed(exchange.end)

    def _cut_off(self, vu: VirtualUser, exchange: Exchange) -> None:
        """The engine cancelled the iteration. Not a byte sent: not a request."""
        # It may have ended by itself, only the VU has not had its turn since.
        if exchange.status:
            self._record_answer(vu, exchange)
        elif exchange.error is not None:
            self._record_failure(exchange.error, vu, exchange)
        elif exchange.wrote:
            self._record_cut(vu.due, exchange)

    def _record_cut(self, due: float, exchange: Exchange) -> None:
        if self._load.cut is Cut.GRACE:
            self._record_error("interrupted", due, exchange)
            return
        recorder, at = self._load.recorder, exchange.end
        recorder.counter("http_reqs", self._tags).count(at)
        recorder.counter("data_sent", self._tags).record(amount(at, exchange.bytes_sent))

    def _record_error(self, error: str, due: float, exchange: Exchange) -> None:
        series = self._failed.get(error)
        if series is None:
            tags = {**self._tags, "error": error, "expected_response": "false"}
            series = self._failed[error] = self._load.recorder.errors(tags)
        series.record(error_row(due, exchange.end, exchange.bytes_sent, exchange.bytes_received))

    def _open(self, status: int) -> RequestSeries:
        """The series of a status that this step has not had before."""
        expected = status in self._expected
        tags = {
            **self._tags,
            "status": str(status),
            "expected_response": "true" if expected else "false",
        }
        series = self._load.recorder.requests(tags, failed=not expected)
        self._answered[status] = series
        return series


def prepare_step(step: RequestStep, target: str) -> PreparedRequest:
    """The bytes of a step: its path below the target's, unless it is a URL of its own."""
    if step.path.startswith(("http://", "https://")):
        origin, path = split_url(step.path)
    else:
        origin, base = split_url(target)
        path = base.rstrip("/") + step.path
    return prepare(
        step.method,
        origin,
        path,
        query=step.query,
        headers=step.headers,
        body=step.body,
        timeout=float(step.timeout),
    )
