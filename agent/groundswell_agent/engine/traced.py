"""What is compiled in the place of the quick parts where a trace is to hear of everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell_agent.engine.captures import compile_capture
from groundswell_agent.engine.checks import compile_check, compile_look
from groundswell_agent.engine.outgoing import compile_request
from groundswell_agent.engine.reading import FAILED, LACKING, WELL
from groundswell_agent.engine.response import MISSING, Response
from groundswell_agent.engine.trace import Checked, Found, StepOutcome
from groundswell_agent.http.client import Client
from groundswell_agent.http.request import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from groundswell.scenario.step_model import RequestStep
    from groundswell_agent.engine.reading import Outcome
    from groundswell_agent.engine.steps.scope import Scope
    from groundswell_agent.engine.trace import Trace
    from groundswell_agent.engine.virtual_user import VirtualUser
    from groundswell_agent.http.connector import Connector
    from groundswell_agent.http.exchange import Exchange
    from groundswell_agent.http.request import PreparedRequest


class TracedClient(Client):
    """Says what another one sends and what comes of it."""

    __slots__ = ("_client", "_trace")

    def __init__(self, client: Client, connector: Connector, trace: Trace) -> None:
        super().__init__(connector)
        self.last = client.last
        self._client = client
        self._trace = trace

    def begin(self, request: PreparedRequest) -> Awaitable[None]:
        return self._traced(request)

    async def _traced(self, request: PreparedRequest) -> None:
        self._trace.send(request)
        try:
            await self._client.begin(request)
        finally:
            # Of one that is cut off, too: it may be with the target.
            self._trace.answered(request, self.last)

    def abandon(self) -> None:
        self._client.abandon()

    def close(self) -> None:
        self._client.close()


class TracedReading:
    """As `Reading` reads, into a trace instead of metrics; every body is kept for it."""

    reads_body = True

    def __init__(self, step: RequestStep, scope: Scope, trace: Trace) -> None:
        self._step = step
        self._trace = trace
        self._captures = [(capture, compile_capture(capture)) for capture in step.captures]
        self._checks = [
            (check, compile_look(check), compile_check(check, scope.load)) for check in step.checks
        ]
        self._reads_json = any(capture.kind == "json" for capture in step.captures) or any(
            check.subject.kind == "json" for check in step.checks
        )
        self._outgoing = compile_request(step, scope.target, scope.load, reads_body=True)

    def of_answer(self, vu: VirtualUser, exchange: Exchange, head: bytes) -> Outcome:
        response = Response(exchange, head, reads_body=True, reads_json=self._reads_json)
        found = [self._take(vu, place, response) for place in range(len(self._captures))]
        checked = [
            Checked(check.name, passes(vu, response), look(response))
            for check, look, passes in self._checks
        ]
        return self._ended(exchange.status, None, found, checked)

    def of_nothing(self, vu: VirtualUser, at: float) -> Outcome:
        checked = [
            Checked(check.name, passed=False, looked_at=MISSING) for check in self._step.checks
        ]
        found = [self._take(vu, place, None) for place in range(len(self._captures))]
        outcome = self._ended(0, self._why_nothing(vu), found, checked)
        return LACKING if outcome is LACKING else FAILED

    def _take(self, vu: VirtualUser, place: int, response: Response | None) -> Found:
        capture, find = self._captures[place]
        value = MISSING if response is None else find(response)
        was_there = value is not MISSING
        if not was_there and capture.has_default:
            value = capture.default
        if value is not MISSING:
            vu.variables[capture.name] = value
        return Found(capture.name, value, was_there)

    def _why_nothing(self, vu: VirtualUser) -> str:
        try:
            self._outgoing.build(vu)
        except InvalidRequest as refusal:
            return f"unsendable: {refusal.message}"
        return vu.client.last.error or "redirects"

    def _ended(
        self, status: int, error: str | None, found: list[Found], checked: list[Checked]
    ) -> Outcome:
        outcome = StepOutcome(self._step, status, error, found, checked)
        self._trace.ended(outcome)
        if outcome.lacks:
            return LACKING
        return FAILED if outcome.failed else WELL
