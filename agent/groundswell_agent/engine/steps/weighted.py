"""One of several lists of steps, by chance, each in proportion to its weight."""

from __future__ import annotations

from bisect import bisect
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groundswell.scenario.step_model import WeightedStep
    from groundswell_agent.engine.steps.scope import Compile, Scope
    from groundswell_agent.engine.virtual_user import VirtualUser


class Weighted:
    __slots__ = ("_branches", "_edges")

    def __init__(self, step: WeightedStep, scope: Scope, compile_steps: Compile) -> None:
        self._branches = [compile_steps(branch.steps, scope) for branch in step.branches]
        total = sum(branch.weight for branch in step.branches)
        sums = accumulate(branch.weight for branch in step.branches)
        # Where one branch ends and the next begins, from 0 to 1.
        self._edges = [float(reached / total) for reached in sums][:-1]

    async def __call__(self, vu: VirtualUser) -> None:
        for step in self._branches[bisect(self._edges, vu.random.random())]:
            await step(vu)
