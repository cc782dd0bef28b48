"""Steps as a trace hears of them; compiled only where there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell_agent.engine.steps.request import Request
from groundswell_agent.engine.traced import TracedReading

if TYPE_CHECKING:
    from groundswell.scenario.step_model import RequestStep
    from groundswell_agent.engine.steps.scope import Scope
    from groundswell_agent.engine.trace import Trace
    from groundswell_agent.engine.virtual_user import VirtualUser


class TracedRequest(Request):
    __slots__ = ("_step", "_trace")

    def __init__(self, step: RequestStep, scope: Scope, trace: Trace) -> None:
        super().__init__(step, scope, TracedReading(step, scope, trace))
        self._step = step
        self._trace = trace

    async def __call__(self, vu: VirtualUser) -> None:
        self._trace.begin(self._step)
        await super().__call__(vu)
