"""Branches that run at the same time and are waited for together."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from groundswell_agent.engine.ending import EndIteration

if TYPE_CHECKING:
    from groundswell.scenario.step_model import ParallelStep
    from groundswell_agent.engine.steps.scope import Compile, CompiledStep, Scope
    from groundswell_agent.engine.virtual_user import VirtualUser


class Parallel:
    """Each branch has a client, and so connections, of its own; captures and cookies are the VU's."""

    __slots__ = ("branches",)

    def __init__(self, step: ParallelStep, scope: Scope, compile_steps: Compile) -> None:
        self.branches = [compile_steps(steps, scope) for steps in step.branches]

    async def __call__(self, vu: VirtualUser) -> None:
        branches = [vu.branch(number) for number in range(len(self.branches))]
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(run_branch(steps, branch))
                    for steps, branch in zip(self.branches, branches, strict=True)
                ]
        except BaseExceptionGroup as errors:
            # A defect of ours: as if there had been no branches.
            raise errors.exceptions[0] from None
        if any(task.cancelled() for task in tasks):
            # The agent may not load any more: the client has said so in a branch.
            raise asyncio.CancelledError
        vu.due = max(branch.due for branch in branches)
        if any(task.result() for task in tasks):
            raise EndIteration


async def run_branch(steps: tuple[CompiledStep, ...], branch: VirtualUser) -> bool:
    """Whether the branch wants the iteration to end. The others come to their end first."""
    try:
        for step in steps:
            await step(branch)
    except EndIteration:
        return True
    return False
