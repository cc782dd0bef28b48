"""What a function's requests are sent by, and how their responses come to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from groundswell_agent.engine.reading import WELL
from groundswell_agent.engine.trace import StepOutcome
from groundswell_agent.script.response import Answer, NoAnswer

if TYPE_CHECKING:
    from groundswell.scenario.step_model import RequestStep
    from groundswell_agent.engine.reading import Outcome
    from groundswell_agent.engine.trace import Trace
    from groundswell_agent.engine.virtual_user import VirtualUser
    from groundswell_agent.http.exchange import Exchange
    from groundswell_agent.http.request import PreparedRequest
    from groundswell_agent.script.lane import Lane


class Given:
    """Sends what the lane was given, with the VU's cookies."""

    constant: PreparedRequest | None = None

    def build(self, vu: VirtualUser) -> PreparedRequest:
        # A cast is a call.
        lane: Any = vu
        request: PreparedRequest = lane.request
        if not vu.jar.cookies:
            return request
        head, end, body = request.payload.partition(b"\r\n\r\n")
        line = vu.jar.line_for(request.origin, head.decode("latin-1"))
        if not line:
            return request
        return request.with_payload(
            b"%s\r\n%s%s%s" % (head, line.encode("latin-1").removesuffix(b"\r\n"), end, body)
        )


class Handing:
    """Hands the response on to whoever awaits it."""

    __slots__ = ("_expected", "reads_body")

    def __init__(self, expected: frozenset[int], *, reads_body: bool) -> None:
        self._expected = expected
        self.reads_body = reads_body

    def of_answer(self, vu: VirtualUser, exchange: Exchange, head: bytes) -> Outcome:
        lane: Any = vu
        is_expected = exchange.status in self._expected
        lane.response = Answer(exchange, head, is_expected)
        if not is_expected:
            lane.face.saw_failure = True
        return WELL

    def of_nothing(self, vu: VirtualUser, at: float) -> Outcome:
        exchange = vu.client.last
        # What has a status and is here was one redirect too many.
        error = exchange.error or "redirects"
        lane = cast("Lane", vu)
        lane.response = NoAnswer(error, exchange.status)
        lane.face.saw_failure = True
        return WELL


class Telling(Handing):
    """Hands it on, and tells the trace."""

    __slots__ = ("_step", "_trace")

    def __init__(self, step: RequestStep, trace: Trace) -> None:
        super().__init__(step.expect_status, reads_body=True)
        self._step = step
        self._trace = trace

    def of_answer(self, vu: VirtualUser, exchange: Exchange, head: bytes) -> Outcome:
        self._trace.ended(StepOutcome(self._step, exchange.status, None, (), ()))
        return super().of_answer(vu, exchange, head)

    def of_nothing(self, vu: VirtualUser, at: float) -> Outcome:
        outcome = super().of_nothing(vu, at)
        response = cast("Lane", vu).response
        self._trace.ended(StepOutcome(self._step, 0, response.error, (), ()))
        return outcome
