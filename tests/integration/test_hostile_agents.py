"""Agents that speak the protocol and say what they like: the coordinator goes on, for everybody else."""

from __future__ import annotations

import asyncio
import contextlib
from random import Random
from typing import TYPE_CHECKING

import pytest

from groundswell.v1 import agent_pb2
from tests.fuzz.messages import altered
from tests.integration.scripted_agent import ScriptedAgent, start_together

if TYPE_CHECKING:
    from tests.integration.site import Site

_LONGEST_S = 3.0


class _Liar(ScriptedAgent):
    """Of what it says, some is altered: anything may stand in any field."""

    def __init__(self, address: str, name: str, chance: Random) -> None:
        super().__init__(address, name)
        self._chance = chance
        self._part = chance.choice((0.05, 0.2, 0.5))

    def send(self, **body: object) -> None:
        message = agent_pb2.AgentMessage(**body)  # type: ignore[arg-type]  # one-of by name
        if self._chance.random() < self._part:
            words = (self.run_id, self.name, self.hello.incarnation, "browse")
            lie = altered(message, self._chance, words)
            assert isinstance(lie, agent_pb2.AgentMessage)
            message = lie
        self._outbox.put_nowait(message)


async def _lie(address: str, seed: int) -> None:
    """A run from its beginning to wherever it comes."""
    chance = Random(seed)
    agent = _Liar(address, f"liar-{seed}", chance)
    # It is refused, or not chosen, or sent away: all the same to whom it lies.
    with contextlib.suppress(TimeoutError, AssertionError, ValueError):
        async with asyncio.timeout(_LONGEST_S):
            await agent.attach()
            await agent.prepare()
            await agent.start()
            for interval in range(3):
                values = {"http_reqs": 5, "http_req_duration": [1.0, 20.0]}
                agent.report(interval, values, last=interval == 2)  # type: ignore[arg-type]
                await asyncio.sleep(0.05)
            agent.leaving(1.0)
    await agent.leave()


@pytest.mark.parametrize("seed", [1, 2, pytest.param(3, marks=pytest.mark.slow)])
async def test_a_coordinator_outlives_agents_that_lie(
    site: Site, seed: int, caplog: pytest.LogCaptureFixture
) -> None:
    runs = [await site.submit(wait_s=_LONGEST_S) for _ in range(12)]
    await asyncio.gather(*(_lie(site.address, 100 * seed + number) for number in range(24)))
    async with asyncio.timeout(60):
        for run in runs:
            # With a summary or without, every run comes to an end.
            await run.ended()
    async with ScriptedAgent(site.address) as agent:
        run = await site.submit()
        await start_together(agent)
        agent.report(0, {"http_reqs": 1}, last=True)
        assert (await run.summary()).metrics["http_reqs"].values["count"] == 1
    # asyncio speaks of the liars' own streams, which grpc's client leaves behind when they are cut off.
    ours = [one for one in caplog.records if one.name.startswith("groundswell")]
    assert not [one.getMessage() for one in ours if one.exc_info is not None]
