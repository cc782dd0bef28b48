"""Steps as a trace hears of them; compiled only where there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groundswell.scenario.step_model import RequestStep
    from groundswell_agent.engine.steps.scope import CompiledStep
    from groundswell_agent.engine.trace import Trace
    from groundswell_agent.engine.virtual_user import VirtualUser


class TracedRequest:
    """`request` is the step itself, compiled with a `TracedReading`."""

    __slots__ = ("_request", "_step", "_trace")

    def __init__(self, step: RequestStep, request: CompiledStep, trace: Trace) -> None:
        self._step = step
        self._request = request
        self._trace = trace

    async def __call__(self, vu: VirtualUser) -> None:
        self._trace.begin(self._step)
        await self._request(vu)
