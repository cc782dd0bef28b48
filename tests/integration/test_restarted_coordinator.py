"""A coordinator ends under load, and another takes its runs up from the same store."""

from __future__ import annotations

import contextlib
from collections import Counter
from typing import TYPE_CHECKING

from groundswell.v1 import agent_pb2
from groundswell.v1.agent_pb2 import STOP_MODE_ABORT, STOP_MODE_GRACEFUL
from groundswell_coordinator.run import recovery
from tests.coordinator.reporting import account
from tests.integration.scripted_agent import ScriptedAgent, start_together
from tests.integration.site import TEST, lasting_site, lease_end_of, senders

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping
    from pathlib import Path

    import pytest

    from tests.integration.site import Site

JUDGED = TEST + "thresholds: {http_reqs: [count > 0]}"
WITH_SECRET = JUDGED.replace("http://127.0.0.1:9", "'{{ env.TARGET }}'")
ENV = {"TARGET": "http://127.0.0.1:9"}


@contextlib.asynccontextmanager
async def under_load(
    folder: Path,
    *names: str,
    test: str = JUDGED,
    env: dict[str, str] | None = None,
    on_agent_loss: str = "",
    max_rates: Mapping[str, str] | None = None,
) -> AsyncGenerator[tuple[Site, list[ScriptedAgent]]]:
    """A run that has begun; when the block ends, its coordinator does, and the agents stay."""
    async with lasting_site(folder) as site:
        agents = [ScriptedAgent(site.address, name) for name in names]
        for agent in agents:
            agent.hello.guard.max_rate = (max_rates or {}).get(agent.name, "")
            await agent.attach()
        await site.submit(
            test, agents=len(names), run_id="long", env=env, on_agent_loss=on_agent_loss
        )
        await start_together(*agents)
        yield site, agents


@contextlib.asynccontextmanager
async def leaving(*agents: ScriptedAgent) -> AsyncGenerator[None]:
    try:
        yield
    finally:
        for agent in agents:
            await agent.leave()


def assert_each_interval_once(site: Site, seconds: int, *agents: ScriptedAgent) -> None:
    stored = site.stored_intervals("long")
    assert [one.interval for one in stored] == list(range(seconds))
    for one in stored:
        assert senders(one) == Counter(agent.hello.incarnation for agent in agents)


async def test_the_next_owner_goes_on_and_the_totals_are_those_of_one_life(tmp_path: Path) -> None:
    async with under_load(tmp_path, "a", "b") as (_, (a, b)):
        for agent, requests in ((a, 1), (b, 2)):
            agent.report(0, {"http_reqs": requests}, [account("browse", 5, 5)])
        await a.acknowledgement(0)
        await b.acknowledgement(0)
        # One of two is there, so that it is neither sealed nor stored when the coordinator ends.
        unanswered = a.report(1, {"http_reqs": 10}, [account("browse", 7, 7)])
    async with lasting_site(tmp_path) as site, leaving(a, b):
        run = site.watch("long")
        for agent in (a, b):
            await agent.come_back(site.address)
        a.send(report=unanswered)
        b.report(1, {"http_reqs": 20}, [account("browse", 7, 7)])
        for agent, requests in ((a, 100), (b, 200)):
            agent.report(2, {"http_reqs": requests}, last=True)
        summary = await run.summary()
        for agent in (a, b):
            await agent.acknowledgement(2)
            assert (await agent.expect("release")).release.run_id == "long"
        assert_each_interval_once(site, 3, a, b)
        stored = site.stored_run("long")
    assert summary.metrics["http_reqs"].values["count"] == 333
    browse = summary.scenarios["browse"]
    assert (browse.planned, browse.fired, browse.dropped, browse.unknown) == (20, 20, {}, 0)
    assert (summary.verdict, summary.exit_code, summary.reasons) == ("PASS", 0, ())
    # Whoever watches comes to it as it is being taken up, or later.
    assert run.states[-1] == "closed"
    assert [notice.code for notice in run.notices] == ["coordinator_away"]
    assert stored.line.ended_at is not None
    assert (stored.line.verdict, stored.summary_json is not None) == ("PASS", True)


async def test_a_run_survives_two_owners_one_after_the_other(tmp_path: Path) -> None:
    async with under_load(tmp_path, "a") as (_, (a,)):
        a.report(0, {"http_reqs": 1})
        await a.acknowledgement(0)
    async with lasting_site(tmp_path) as site:
        await a.come_back(site.address)
        a.report(1, {"http_reqs": 2})
        await a.acknowledgement(1)
    async with lasting_site(tmp_path) as site, leaving(a):
        run = site.watch("long")
        await a.come_back(site.address)
        a.report(2, {"http_reqs": 4}, last=True)
        summary = await run.summary()
        assert_each_interval_once(site, 3, a)
        generations = site.coordinator.owner.generation
    assert summary.metrics["http_reqs"].values["count"] == 7
    assert (summary.verdict, generations) == ("PASS", 3)


async def test_the_environment_that_no_store_keeps_is_asked_of_an_agent(tmp_path: Path) -> None:
    async with under_load(tmp_path, "a", test=WITH_SECRET, env=ENV) as (first, (a,)):
        a.report(0, {"http_reqs": 1})
        await a.acknowledgement(0)
        assert b"127.0.0.1:9" not in first.stored_run("long").source
        source = next(one.prepare.source for one in a.received if one.HasField("prepare"))
    async with lasting_site(tmp_path) as site, leaving(a):
        run = site.watch("long")
        await a.come_back(site.address)
        # What it measured may come before what it remembers: it waits.
        a.report(1, {"http_reqs": 2}, last=True)
        assert (await a.expect("recall")).recall.run_id == "long"
        a.send(recalled=agent_pb2.Recalled(run_id="long", source=source))
        summary = await run.summary()
        assert_each_interval_once(site, 2, a)
    assert summary.metrics["http_reqs"].values["count"] == 3
    assert summary.verdict == "PASS"


async def test_an_agent_that_recalls_another_test_is_not_believed(tmp_path: Path) -> None:
    async with under_load(tmp_path, "a", "b", test=WITH_SECRET, env=ENV) as (_, (a, b)):
        source = next(one.prepare.source for one in a.received if one.HasField("prepare"))
    async with lasting_site(tmp_path) as site, leaving(a, b):
        run = site.watch("long")
        forged = agent_pb2.TestSource()
        forged.CopyFrom(source)
        forged.text += b"# and more"
        for agent, told in ((a, forged), (b, source)):
            await agent.come_back(site.address)
            await agent.expect("recall")
            agent.send(recalled=agent_pb2.Recalled(run_id="long", source=told))
        for agent in (a, b):
            agent.report(0, {"http_reqs": 1}, last=True)
        summary = await run.summary()
    assert summary.metrics["http_reqs"].values["count"] == 2


async def test_without_anybody_who_knows_its_environment_a_run_is_closed_as_it_was_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "_LATE_S", 0.1)
    async with under_load(tmp_path, "a", test=WITH_SECRET, env=ENV) as (_, (a,)):
        a.report(0, {"http_reqs": 1})
        await a.acknowledgement(0)
    await a.leave()
    async with lasting_site(tmp_path) as site:
        run = site.watch("long")
        ended = await run.ended()
        assert await site.agents(0) == []
        stored = site.stored_run("long")
        judged = await site.client.judge("long", ENV)
        assert site.coordinator.telemetry.ends == {"INCONCLUSIVE": 1}
        assert site.coordinator.telemetry.reasons == {"coordinator_lost": 1}
    assert ended.exit_code == 96
    assert ended.error == (
        "its coordinator ended, and no agent came back that knows its environment"
    )
    assert (stored.line.verdict, stored.line.exit_code) == ("INCONCLUSIVE", 96)
    assert [event.code for event in stored.events] == ["coordinator_lost"]
    # What is stored of it can still be judged by who has the environment.
    assert judged.summary.metrics["http_reqs"].values["count"] == 1
    assert [reason.code for reason in judged.summary.reasons][:1] == ["coordinator_lost"]


async def test_a_run_that_had_not_begun_is_not_taken_up(tmp_path: Path) -> None:
    async with lasting_site(tmp_path) as site:
        await site.submit(run_id="long", agents=2)
        agent = ScriptedAgent(site.address)
        await agent.attach()
    async with lasting_site(tmp_path) as site, leaving(agent):
        ended = await site.watch("long").ended()
        await agent.come_back(site.address)
        assert "prepare" not in agent.kinds()
        assert site.stored_run("long").line.exit_code == 1
    assert (ended.exit_code, ended.hint) == (1, "submit it again")
    assert ended.error == "the coordinator of run long ended before the load began"


async def test_who_does_not_come_back_is_lost_a_lease_after_the_restart(tmp_path: Path) -> None:
    async with under_load(tmp_path, "back", "gone") as (_, (back, gone)):
        for agent in (back, gone):
            agent.report(0, {"http_reqs": 5}, [account("browse", 5, 5)])
        await gone.acknowledgement(0)
    await gone.leave()
    async with lasting_site(tmp_path) as site, leaving(back):
        run = site.watch("long")
        await back.come_back(site.address)
        handover = await back.expect_reshare()
        assert handover.from_agent == "gone"
        back.report(1, {"http_reqs": 5}, last=True)
        summary = await run.summary()
        (lost,) = [one for one in site.stored_run("long").events if one.code == "agent_lost"]
    assert lost.agent == "gone"
    assert [one.code for one in run.notices] == ["coordinator_away", "agent_lost", "reshared"]
    browse = summary.scenarios["browse"]
    assert browse.planned == 20 == browse.fired + browse.unknown + sum(browse.dropped.values())
    due = sum(n / 10 < lease_end_of(lost) for n in range(1, 20, 2))
    assert browse.unknown == due - 5


async def test_how_much_agents_carry_is_known_after_it_before_they_are_back(tmp_path: Path) -> None:
    longer = JUDGED.replace("duration: 2s", "duration: 20s")
    # Of five a second that are its own, and five of the other's.
    limits = {"back": "19/2"}
    async with under_load(tmp_path, "back", "gone", test=longer, max_rates=limits) as (_, agents):
        back, gone = agents
        back.report(0, {"http_reqs": 5}, [account("browse", 5, 5)])
        await back.acknowledgement(0)
    await gone.leave()
    async with lasting_site(tmp_path) as site, leaving(back):
        run = site.watch("long")
        known = {one.name: one.max_rate for one in await site.client.agents()}
        assert known == {"back": "19/2", "gone": ""}
        await back.come_back(site.address)
        await run.until(lambda: len(run.notices) == 3)
        back.report(1, {"http_reqs": 5}, last=True)
        summary = await run.summary()
        assert "reshare" not in back.kinds()
    assert [one.code for one in run.notices] == ["coordinator_away", "agent_lost", "unclaimed"]
    assert "agent_lost" in [reason.code for reason in summary.reasons]


async def test_who_comes_back_without_the_run_is_lost_at_once(tmp_path: Path) -> None:
    async with under_load(tmp_path, "back", "forgets") as (_, (back, forgets)):
        pass
    async with lasting_site(tmp_path) as site, leaving(back, forgets):
        run = site.watch("long")
        await back.come_back(site.address)
        await forgets.leave()
        other = ScriptedAgent(site.address, "forgets", incarnation=forgets.hello.incarnation)
        async with other:
            assert (await back.expect_reshare()).from_agent == "forgets"
            back.report(0, last=True)
            summary = await run.summary()
            assert "prepare" not in other.kinds()
    browse = summary.scenarios["browse"]
    assert browse.planned == 20 == browse.fired + browse.unknown + sum(browse.dropped.values())


async def test_what_had_moved_before_the_restart_has_moved_after_it(tmp_path: Path) -> None:
    async with under_load(tmp_path, "leaves", "stays") as (first, (leaves, stays)):
        for agent in (leaves, stays):
            agent.report(0, {"http_reqs": 1})
        await leaves.acknowledgement(0)
        # Whoever was away at the time hears of it from the successor.
        await stays.leave()
        await first.agent("stays", lambda line: line.state == "away")
        leaves.leaving(1.05)
        await leaves.expect_reshare()
        assert stays.epoch == 0
    async with lasting_site(tmp_path) as site, leaving(leaves, stays):
        run = site.watch("long")
        for agent in (leaves, stays):
            await agent.come_back(site.address)
        assert await stays.expect_reshare() == await leaves.expect_reshare()
        leaves.leaving(1.05)
        for agent in (leaves, stays):
            agent.report(1, {"http_reqs": 1}, last=True)
        summary = await run.summary()
        assert len(site.stored_run("long").handovers) == 1
    browse = summary.scenarios["browse"]
    assert (browse.planned, browse.fired, browse.dropped, browse.unknown) == (20, 20, {}, 0)
    assert summary.verdict == "PASS"


async def test_a_stop_that_was_ordered_before_the_restart_is_carried_out_after_it(
    tmp_path: Path,
) -> None:
    async with under_load(tmp_path, "a", "b") as (first, (a, b)):
        await first.client.stop("long", abort=False, cause="operator")
        assert (await a.expect("stop")).stop.mode == STOP_MODE_GRACEFUL
        await b.expect("stop")
    async with lasting_site(tmp_path) as site, leaving(a, b):
        run = site.watch("long")
        for agent in (a, b):
            await agent.come_back(site.address)
            assert (await agent.expect("stop")).stop.mode == STOP_MODE_GRACEFUL
        await site.client.stop("long", abort=True, cause="operator")
        assert (await a.expect("stop")).stop.mode == STOP_MODE_ABORT
        for agent in (a, b):
            agent.report(0, {"http_reqs": 3}, last=True)
        summary = await run.summary()
    assert (summary.exit_code, summary.metrics["http_reqs"].values["count"]) == (103, 6)
    assert [reason.code for reason in summary.reasons] == ["interrupted"]


async def test_who_had_delivered_its_last_report_is_not_waited_for(tmp_path: Path) -> None:
    async with under_load(tmp_path, "done", "here") as (_, (done, here)):
        done.report(0, {"http_reqs": 1}, last=True)
        here.report(0, {"http_reqs": 1})
        await done.acknowledgement(0)
    await done.leave()
    async with lasting_site(tmp_path) as site, leaving(here):
        run = site.watch("long")
        await here.come_back(site.address)
        here.report(1, {"http_reqs": 1}, last=True)
        summary = await run.summary()
    assert summary.metrics["http_reqs"].values["count"] == 3
    assert (summary.verdict, [one.code for one in run.notices]) == ("PASS", ["coordinator_away"])


async def test_a_threshold_aborts_by_what_both_lives_have_measured(tmp_path: Path) -> None:
    aborting = TEST + "thresholds: {http_reqs: [{threshold: count < 10, abort_on_fail: true}]}"
    async with under_load(tmp_path, "a", test=aborting) as (_, (a,)):
        a.report(0, {"http_reqs": 6})
        await a.acknowledgement(0)
    async with lasting_site(tmp_path) as site, leaving(a):
        run = site.watch("long")
        await a.come_back(site.address)
        a.report(1, {"http_reqs": 6})
        assert (await a.expect("stop")).stop.mode == STOP_MODE_ABORT
        a.report(2, last=True)
        summary = await run.summary()
    assert (summary.verdict, summary.exit_code) == ("FAIL", 99)
