from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING

import pytest

from groundswell.errors import GroundswellError
from groundswell.v1.agent_pb2 import STOP_MODE_ABORT, STOP_MODE_GRACEFUL
from groundswell_coordinator.run.machine import Limits
from tests.integration.scripted_agent import ScriptedAgent, attached, start_together
from tests.integration.site import TEST

if TYPE_CHECKING:
    from tests.integration.site import Site

ABORTING = """
thresholds:
  http_req_failed:
    - {threshold: rate < 10%, abort_on_fail: true}
"""


def limit(monkeypatch: pytest.MonkeyPatch, **seconds: float) -> None:
    """Let runs that are submitted from now on have other limits."""
    limits = partial(Limits, start_lead=0.25, start_margin=0.05, **seconds)
    monkeypatch.setattr("groundswell_coordinator.run.conductor.Limits", limits)


@pytest.mark.parametrize(("cause", "code"), [("operator", 103), ("interrupted", 105)])
@pytest.mark.parametrize("abort", [False, True], ids=["gracefully", "at once"])
async def test_a_stop_is_told_to_all_and_says_who_asked(
    site: Site, cause: str, code: int, abort: bool
) -> None:
    async with attached(site.address, "a", "b") as agents:
        run = await site.submit(agents=2)
        await start_together(*agents)
        for agent in agents:
            agent.report(0, {"http_reqs": 5})
        await run.until(lambda: bool(run.progress))
        await site.client.stop(run.run_id, abort=abort, cause=cause)
        for agent in agents:
            stop = (await agent.expect("stop")).stop
            assert (stop.run_id, stop.mode) == (
                run.run_id,
                STOP_MODE_ABORT if abort else STOP_MODE_GRACEFUL,
            )
            agent.report(1, {"http_reqs": 1}, last=True)
        summary = await run.summary()
    assert run.states[-2:] == ["stopping", "closed"]
    assert summary.exit_code == code
    assert summary.metrics["http_reqs"].values["count"] == 12
    assert [reason.code for reason in summary.reasons] == ["interrupted"]
    assert 0 < summary.duration_s < 2
    assert [event.code for event in site.stored_run(run.run_id).events] == [cause]


async def test_a_second_stop_may_insist(site: Site) -> None:
    async with ScriptedAgent(site.address) as agent:
        run = await site.submit()
        await start_together(agent)
        await site.client.stop(run.run_id, abort=False, cause="interrupted")
        await site.client.stop(run.run_id, abort=False, cause="interrupted")
        await site.client.stop(run.run_id, abort=True, cause="interrupted")
        await site.client.stop(run.run_id, abort=True, cause="interrupted")
        modes = [(await agent.expect("stop")).stop.mode for _ in range(2)]
        agent.report(0, last=True)
        assert (await run.summary()).exit_code == 105
        await agent.expect("release")
    assert modes == [STOP_MODE_GRACEFUL, STOP_MODE_ABORT]
    assert agent.kinds().count("stop") == 2


@pytest.mark.parametrize(("cause", "code"), [("operator", 103), ("interrupted", 105)])
async def test_a_stop_before_any_agent_is_there_ends_the_run(
    site: Site, cause: str, code: int
) -> None:
    run = await site.submit()
    await site.client.stop(run.run_id, abort=False, cause=cause)
    ended = await run.ended()
    assert (ended.exit_code, ended.error) == (code, "stopped before the start")


async def test_a_stop_while_agents_prepare_sets_them_free(site: Site) -> None:
    async with ScriptedAgent(site.address) as agent:
        run = await site.submit()
        await agent.expect_share()
        await site.client.stop(run.run_id, abort=False, cause="operator")
        assert (await run.ended()).exit_code == 103
        await agent.expect("release")
        assert [line.run_id for line in await site.agents(1)] == [""]


async def test_a_stop_between_the_acknowledgement_and_the_start_leaves_no_negative_time(
    site: Site,
) -> None:
    async with ScriptedAgent(site.address) as agent:
        run = await site.submit()
        await agent.prepare()
        agent.acknowledge_start(await agent.expect_start())
        await run.state("running")
        await site.client.stop(run.run_id, abort=True, cause="operator")
        await agent.expect("stop")
        agent.report(0, last=True)
        summary = await run.summary()
    assert (summary.duration_s, summary.exit_code) == (0.0, 103)


async def test_a_stop_after_the_end_is_refused_and_changes_nothing(site: Site) -> None:
    async with ScriptedAgent(site.address) as agent:
        run = await site.submit()
        await start_together(agent)
        agent.report(0, last=True)
        ended = await run.ended()
        with pytest.raises(GroundswellError, match=f"run {run.run_id} has ended already"):
            await site.client.stop(run.run_id, abort=True, cause="operator")
        assert await site.watch(run.run_id).ended() == ended


async def test_a_threshold_that_fails_aborts_every_agent_within_a_second(site: Site) -> None:
    async with attached(site.address, "a", "b") as agents:
        run = await site.submit(TEST + ABORTING, agents=2)
        await start_together(*agents)
        for agent in agents:
            agent.report(0, {"http_req_failed": (3, 10)})
        reported = time.monotonic()
        stops = [(await agent.expect("stop")).stop for agent in agents]
        assert time.monotonic() - reported < 1
        assert [stop.mode for stop in stops] == [STOP_MODE_ABORT, STOP_MODE_ABORT]
        for agent in agents:
            agent.report(1, {"http_req_failed": (0, 10)}, last=True)
        summary = await run.summary()
    assert (summary.verdict, summary.exit_code) == ("FAIL", 99)
    assert [notice.code for notice in run.notices] == ["threshold"]
    assert [event.code for event in site.stored_run(run.run_id).events] == ["threshold"]


async def test_a_stuck_agent_is_not_waited_for_longer_than_the_limit(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(monkeypatch, abort=0.2, last_reports=0.3)
    async with attached(site.address, "good", "stuck") as (good, stuck):
        run = await site.submit(agents=2)
        await start_together(good, stuck)
        for agent in (good, stuck):
            agent.report(0, {"http_reqs": 5})
        await site.client.stop(run.run_id, abort=True, cause="operator")
        await stuck.expect("stop")
        good.report(1, {"http_reqs": 1}, last=True)
        summary = await run.summary()
        await stuck.expect("release")
    assert summary.exit_code == 103
    assert summary.metrics["http_reqs"].values["count"] == 11


async def test_a_run_that_does_not_end_by_itself_is_cut_off(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(monkeypatch, overdue=-1.5, abort=0.1, last_reports=0.2)
    async with ScriptedAgent(site.address) as agent:
        run = await site.submit(TEST + "thresholds: {http_reqs: [count > 0]}")
        await start_together(agent)
        agent.report(0, {"http_reqs": 5})
        assert (await agent.expect("stop")).stop.mode == STOP_MODE_ABORT
        summary = await run.summary()
    assert (summary.verdict, summary.exit_code) == ("INCONCLUSIVE", 96)
    assert [reason.code for reason in summary.reasons] == ["interrupted"]
    assert "cut off" in summary.reasons[0].message


async def test_agents_that_never_get_ready_end_the_run(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("groundswell_coordinator.run.submission.PREPARE_S", 0.3)
    async with attached(site.address, "quick", "slow") as (quick, slow):
        run = await site.submit(agents=2)
        await quick.prepare()
        await slow.expect_share()
        ended = await run.ended()
        await asyncio.gather(quick.expect("release"), slow.expect("release"))
    assert (ended.exit_code, ended.error) == (102, "not ready within 0.3 s: slow")
