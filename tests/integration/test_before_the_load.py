"""Runs that end before they begin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from groundswell.errors import GroundswellError, InvalidTest, ProtocolViolation
from groundswell.scenario.source import TestSource
from groundswell.v1 import agent_pb2
from tests.coordinator.store.runs import new_run
from tests.integration.scripted_agent import ScriptedAgent, attached, start_together
from tests.integration.site import TEST

if TYPE_CHECKING:
    from tests.integration.site import Site


async def test_an_agent_that_refuses_its_share_ends_the_run(site: Site) -> None:
    async with attached(site.address, "picky", "willing") as (picky, willing):
        run = await site.submit(agents=2)
        await picky.expect_share()
        await willing.prepare()
        refused = agent_pb2.Refused(
            run_id=run.run_id, code="invalid", message="no such file: users.csv", hint="mount it"
        )
        picky.send(refused=refused)
        ended = await run.ended()
        await willing.expect("release")
        await picky.expect("release")
        assert "start" not in willing.kinds()
        assert [line.run_id for line in await site.agents(2)] == ["", ""]
    assert (ended.exit_code, ended.hint) == (104, "mount it")
    assert ended.error == "picky refused its share: no such file: users.csv"
    assert ended.summary_json == ""
    assert site.stored_run(run.run_id).line.exit_code == 104


async def test_too_few_agents_end_the_run_after_the_wait(site: Site) -> None:
    async with ScriptedAgent(site.address) as agent:
        run = await site.submit(agents=2, wait_s=0.3)
        ended = await run.ended()
        assert agent.kinds() == ["welcome"]
        assert [line.run_id for line in await site.agents(1)] == [""]
    assert (ended.exit_code, ended.error) == (102, "not enough free agents within 0.3 s")
    assert run.states == ["waiting", "closed"]


async def test_agents_that_come_within_the_wait_are_taken(site: Site) -> None:
    run = await site.submit(agents=2)
    async with ScriptedAgent(site.address, "first") as first:
        await run.state("waiting")
        async with ScriptedAgent(site.address, "second") as second:
            await start_together(first, second)
            for agent in (first, second):
                agent.report(0, last=True)
            await run.summary()


async def test_a_run_without_a_wait_takes_agents_that_are_there(site: Site) -> None:
    async with ScriptedAgent(site.address) as agent:
        run = await site.submit(wait_s=0)
        await start_together(agent)
        agent.report(0, last=True)
        await run.summary()


async def test_the_same_id_submitted_twice_is_one_run(site: Site) -> None:
    async with ScriptedAgent(site.address) as agent:
        run = await site.submit(run_id="mine")
        again = await site.submit(run_id="mine")
        await start_together(agent)
        agent.report(0, {"http_reqs": 5}, last=True)
        assert await run.ended() == await again.ended()
        after_its_end = await site.submit(run_id="mine")
        assert await after_its_end.ended() == await run.ended()
        assert agent.kinds().count("prepare") == 1


@pytest.mark.parametrize("run_id", ["", "r" * 129])
async def test_an_id_that_cannot_be_stored_is_refused(site: Site, run_id: str) -> None:
    with pytest.raises(ProtocolViolation, match="is no run's id"):
        await site.client.submit(
            run_id, TestSource("wave.yaml", TEST.encode()), agents=1, labels={}, seed=1, wait_s=1
        )


async def test_an_invalid_test_is_refused_with_all_its_problems(site: Site) -> None:
    with pytest.raises(InvalidTest) as caught:
        await site.submit(TEST.replace("duration: 2s", "duration: 2").replace("browse", "b r"))
    assert [problem.line for problem in caught.value.problems] == [5, 8]
    assert caught.value.exit_code == 104


async def test_an_id_of_a_run_that_another_process_conducts_is_not_run_here(site: Site) -> None:
    await site.writer.submit(lambda store: store.create_run(new_run("theirs")))
    async with ScriptedAgent(site.address) as agent:
        source = TestSource("wave.yaml", TEST.encode())
        await site.client.submit("theirs", source, agents=1, labels={}, seed=1, wait_s=1)
        watch = site.client.watch("theirs")
        assert (await anext(watch)).HasField("opened")
        with pytest.raises(GroundswellError, match="run theirs goes on"):
            await anext(watch)
        with pytest.raises(GroundswellError, match="not under way on this coordinator"):
            await site.client.stop("theirs", abort=True, cause="operator")
        assert site.stored_run("theirs").line.ended_at is None
        assert agent.kinds() == ["welcome"]
