"""What a step takes out of a response, and what it expects of it: captures first, then checks."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, Protocol

from groundswell.scenario.expectations import Statuses
from groundswell_agent.engine.captures import compile_capture
from groundswell_agent.engine.captures import reads_body as capture_reads_body
from groundswell_agent.engine.checks import compile_check
from groundswell_agent.engine.checks import reads_body as check_reads_body
from groundswell_agent.engine.response import MISSING, Response

if TYPE_CHECKING:
    from groundswell.scenario.step_model import Capture, RequestStep
    from groundswell_agent.engine.captures import Find
    from groundswell_agent.engine.checks import Passes
    from groundswell_agent.engine.steps.scope import Scope
    from groundswell_agent.engine.virtual_user import VirtualUser
    from groundswell_agent.http.exchange import Exchange
    from groundswell_agent.recording.meters import Rate


class _Captured(NamedTuple):
    """`found` counts whether it was, unless there is a default to fall back on."""

    name: str
    find: Find
    default: object
    found: Rate | None


class Outcome(Enum):
    """What the checks and captures of a step came to."""

    WELL = "well"
    FAILED = "failed"
    # A capture that has no default found nothing.
    LACKING = "lacking"


# Looked up once: a member of an enum costs a call.
WELL, FAILED, LACKING = Outcome.WELL, Outcome.FAILED, Outcome.LACKING


class Reads(Protocol):
    """What looks at the responses to a request."""

    @property
    def reads_body(self) -> bool: ...

    def of_answer(self, vu: VirtualUser, exchange: Exchange, head: bytes) -> Outcome:
        """`head` is the response's `lower_head`, needed only by a step that reads its body."""
        ...

    def of_nothing(self, vu: VirtualUser, at: float) -> Outcome:
        """There is no response."""
        ...


class Reading:
    """Of the responses to one step."""

    __slots__ = ("_captures", "_checks", "_has_more", "_reads_json", "_statuses", "reads_body")

    def __init__(self, step: RequestStep, scope: Scope) -> None:
        tags = {**scope.tags, **step.tags}
        recorder = scope.load.recorder
        rates = [recorder.rate("checks", {**tags, "check": check.name}) for check in step.checks]
        checks = list(zip(step.checks, rates, strict=True))
        # A status needs no look at the response.
        self._statuses = tuple(
            (check.expectation.statuses, rate)
            for check, rate in checks
            if isinstance(check.expectation, Statuses)
        )
        self._checks: tuple[tuple[Passes, Rate], ...] = tuple(
            (compile_check(check, scope.load), rate)
            for check, rate in checks
            if not isinstance(check.expectation, Statuses)
        )
        self._captures = tuple(
            _Captured(
                capture.name,
                compile_capture(capture),
                capture.default,
                None
                if capture.has_default
                else recorder.rate("checks", {**tags, "check": _name(step, capture)}),
            )
            for capture in step.captures
        )
        self._has_more = bool(self._checks or self._captures)
        self._reads_json = any(capture.kind == "json" for capture in step.captures) or any(
            check.subject.kind == "json" for check in step.checks
        )
        self.reads_body = any(map(capture_reads_body, step.captures)) or any(
            map(check_reads_body, step.checks)
        )

    def of_answer(self, vu: VirtualUser, exchange: Exchange, head: bytes) -> Outcome:
        """`head` is the response's `lower_head`, needed only by a step that reads its body."""
        status, at, outcome = exchange.status, exchange.end, WELL
        for statuses, rate in self._statuses:
            if status in statuses:
                rate.passed(at)
            else:
                rate.failed(at)
                outcome = FAILED
        return self._more(vu, exchange, head, outcome) if self._has_more else outcome

    def _more(self, vu: VirtualUser, exchange: Exchange, head: bytes, outcome: Outcome) -> Outcome:
        at = exchange.end
        response = Response(exchange, head, reads_body=self.reads_body, reads_json=self._reads_json)
        lacks, variables = False, vu.variables
        for name, find, default, found in self._captures:
            value = find(response)
            if value is not MISSING:
                variables[name] = value
                if found is not None:
                    found.passed(at)
            elif found is None:
                variables[name] = default
            else:
                found.failed(at)
                lacks = True
        for passes, rate in self._checks:
            if passes(vu, response):
                rate.passed(at)
            else:
                rate.failed(at)
                outcome = FAILED
        return LACKING if lacks else outcome

    def of_nothing(self, vu: VirtualUser, at: float) -> Outcome:
        """There is no response: all checks fail, and captures are left with their defaults."""
        outcome = FAILED
        for _, rate in (*self._statuses, *self._checks):
            rate.failed(at)
        for name, _, default, found in self._captures:
            if found is None:
                vu.variables[name] = default
            else:
                found.failed(at)
                outcome = LACKING
        return outcome


def _name(step: RequestStep, capture: Capture) -> str:
    return f"{step.name}: capture {capture.name}"
