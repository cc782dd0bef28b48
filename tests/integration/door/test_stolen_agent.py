"""What somebody can do who has an agent's certificate, and what not."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

import grpc
import pytest

from groundswell.files.cache import FileCache
from groundswell.files.stamp import FileStamp
from groundswell.files.wire import stamp_to_wire
from groundswell.v1 import agent_pb2, agent_pb2_grpc
from groundswell.wire import CLIENT_OPTIONS
from groundswell_agent.agent import Agent
from groundswell_coordinator.access.role import Role
from groundswell_coordinator.cli.files import send_files
from groundswell_coordinator.client import ControlClient
from tests.integration.real_agents import fired, load_on, serving
from tests.integration.scripted_agent import ScriptedAgent
from tests.integration.test_files import source_with

if TYPE_CHECKING:
    from pathlib import Path

    from groundswell.credentials import Credentials
    from tests.integration.door.guarded import Guarded, Papers
    from tests.integration.target import Target


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The coordinator's; agents have another machine here."""
    monkeypatch.setenv("GROUNDSWELL_HOME", str(tmp_path / "coordinator"))


async def test_it_does_not_speak_for_an_agent_of_another_certificate(
    mutual: Guarded, papers: Papers
) -> None:
    address = mutual.site.address
    own, stolen = papers.certificate(Role.AGENT, "a"), papers.certificate(Role.AGENT, "b")
    async with ScriptedAgent(address, "one", incarnation="same", credentials=own) as agent:
        impostor = ScriptedAgent(address, "one", incarnation="same", credentials=stolen)
        impostor.dial()
        impostor.send(hello=impostor.hello)
        code, said = await impostor.refusal()
        await impostor.leave()
        assert code is grpc.StatusCode.PERMISSION_DENIED
        assert "attached by another certificate" in said
        # The same name in a renewed certificate is the same one.
        renewed = ScriptedAgent(
            address, "one", incarnation="same", credentials=papers.certificate(Role.AGENT, "a")
        )
        await renewed.attach()
        assert [one.name for one in mutual.site.coordinator.pool.agents()] == [agent.name]
        await renewed.leave()


async def fetch(guarded: Guarded, credentials: Credentials, stamp: FileStamp) -> bytes:
    async with credentials.channel(guarded.site.address, CLIENT_OPTIONS) as channel:
        call = agent_pb2_grpc.AgentServiceStub(channel).FetchFile(
            agent_pb2.FetchFileRequest(stamp=stamp_to_wire(stamp))
        )
        return b"".join([part.data async for part in call])


async def test_it_fetches_no_file_but_those_of_a_run_that_it_takes_part_in(
    mutual: Guarded, papers: Papers, tmp_path: Path, target: Target
) -> None:
    source = source_with(tmp_path, load_on(target), data=os.urandom(300_000))
    stamp = FileStamp.of(tmp_path / "data")
    own, stolen = papers.certificate(Role.AGENT, "a"), papers.certificate(Role.AGENT, "b")
    hello = agent_pb2.Hello(protocol="groundswell.v1", name="a", incarnation="a-1", weight=1)
    agent = Agent(mutual.remote(own), hello, FileCache(tmp_path / "agents"))
    async with contextlib.AsyncExitStack() as stack:
        operator = papers.certificate(Role.OPERATOR)
        client = await stack.enter_async_context(ControlClient(mutual.remote(operator)))
        await send_files(source, client, print)
        for credentials in (own, stolen):
            with pytest.raises(grpc.aio.AioRpcError, match="no run that this agent takes part in"):
                await fetch(mutual, credentials, stamp)
        await stack.enter_async_context(serving(agent))
        mutual.site.client = client
        await client.submit("r", source, agents=1, labels={}, seed=1, wait_s=10)
        run = mutual.site.watch("r")
        await run.state("running")
        # The agent has got it, over TLS; and might again.
        kept = tmp_path / "agents" / stamp.sha256
        assert kept.read_bytes() == (tmp_path / "data").read_bytes()
        assert await fetch(mutual, own, stamp) == kept.read_bytes()
        with pytest.raises(grpc.aio.AioRpcError, match="no run that this agent takes part in"):
            await fetch(mutual, stolen, stamp)
        assert fired(await run.summary(), 50)


async def test_who_may_not_attach_hears_why_every_time(mutual: Guarded, papers: Papers) -> None:
    """The refusal is not lost under what the agent is writing just then."""
    viewer = papers.certificate(Role.VIEWER, "v")
    for _ in range(5):
        agent = ScriptedAgent(mutual.site.address, credentials=viewer)
        agent.dial()
        agent.send(hello=agent.hello)
        code, said = await agent.refusal()
        await agent.leave()
        assert code is grpc.StatusCode.PERMISSION_DENIED
        assert said == "certificate v (viewer) may not call Attach (agent may)"
