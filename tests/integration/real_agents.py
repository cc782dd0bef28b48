"""The real agent in the loop of its coordinator, and load for it."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from typing import TYPE_CHECKING

from groundswell.credentials import Remote
from groundswell.v1 import agent_pb2
from groundswell_agent.agent import Agent

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from groundswell_coordinator.report.summary import Summary
    from tests.integration.site import Watched
    from tests.integration.target import Target


def load_on(target: Target, rate: str = "50/s", duration: str = "1s") -> str:
    return f"""
test: small
target: {target.url}
scenarios:
  browse:
    executor: constant-arrival-rate
    rate: {rate}
    duration: {duration}
    max_vus: 4
    steps:
      - get: /
"""


def fired(summary: Summary, planned: int) -> int:
    """On a busy machine some arrivals may come too late; none may go uncounted."""
    browse = summary.scenarios["browse"]
    assert browse.planned == planned == browse.fired + sum(browse.dropped.values())
    assert (browse.unknown, browse.interrupted) == (0, 0)
    return browse.fired


def changes(run: Watched) -> list[str]:
    """The notices of a run, but for those of a busy machine: it is the generator and the target, too."""
    return [notice.code for notice in run.notices if notice.code != "agent_saturated"]


def new_agent(address: str, name: str = "agent") -> Agent:
    hello = agent_pb2.Hello(
        protocol="groundswell.v1", name=name, incarnation=secrets.token_hex(8), weight=1
    )
    return Agent(Remote.of(address), hello)


@contextlib.asynccontextmanager
async def serving(agent: Agent) -> AsyncGenerator[asyncio.Task[None]]:
    """The agent's task; it has ended when this ends."""
    task = asyncio.create_task(agent.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
