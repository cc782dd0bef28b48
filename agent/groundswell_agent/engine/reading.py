"""What a step takes out of a response, and what it expects of it: captures first, then checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from groundswell.scenario.expectations import Statuses
from groundswell_agent.engine.captures import compile_capture
from groundswell_agent.engine.captures import reads_body as capture_reads_body
from groundswell_agent.engine.checks import compile_check
from groundswell_agent.engine.checks import reads_body as check_reads_body
from groundswell_agent.engine.ending import EndIteration
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


class Reading:
    """Of the responses to one step. True from both methods: all was as expected."""

    __slots__ = ("_captures", "_checks", "_has_more", "_statuses", "reads_body")

    def __init__(self, step: RequestStep, scope: Scope) -> None:
        tags = {**scope.tags, **step.tags}
        rates = {
            check: scope.load.recorder.rate("checks", {**tags, "check": check.name})
            for check in step.checks
        }
        # A status needs no look at the response.
        self._statuses = tuple(
            (check.expectation.statuses, rate)
            for check, rate in rates.items()
            if isinstance(check.expectation, Statuses)
        )
        self._checks: tuple[tuple[Passes, Rate], ...] = tuple(
            (compile_check(check, scope.load), rate)
            for check, rate in rates.items()
            if not isinstance(check.expectation, Statuses)
        )
        self._captures = tuple(
            _Captured(
                capture.name,
                compile_capture(capture),
                capture.default,
                None
                if capture.has_default
                else scope.load.recorder.rate("checks", {**tags, "check": _name(step, capture)}),
            )
            for capture in step.captures
        )
        self._has_more = bool(self._checks or self._captures)
        self.reads_body = any(map(capture_reads_body, step.captures)) or any(
            map(check_reads_body, step.checks)
        )

    def of_answer(self, vu: VirtualUser, exchange: Exchange) -> bool:
        """EndIteration where a capture finds nothing, once everything is counted."""
        status, at, well = exchange.status, exchange.end, True
        for statuses, rate in self._statuses:
            if status in statuses:
                rate.passed(at)
            else:
                rate.failed(at)
                well = False
        return self._more(vu, exchange, at) and well if self._has_more else well

    def _more(self, vu: VirtualUser, exchange: Exchange, at: float) -> bool:
        response = Response(exchange)
        lacks, well, variables = False, True, vu.variables
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
                well = False
        if lacks:
            raise EndIteration
        return well

    def of_nothing(self, vu: VirtualUser, at: float) -> bool:
        """There is no response: all checks fail."""
        lacks = False
        for _, rate in (*self._statuses, *self._checks):
            rate.failed(at)
        for name, _, default, found in self._captures:
            if found is None:
                vu.variables[name] = default
            else:
                found.failed(at)
                lacks = True
        if lacks:
            raise EndIteration
        return not (self._statuses or self._checks)


def _name(step: RequestStep, capture: Capture) -> str:
    return f"{step.name}: capture {capture.name}"
