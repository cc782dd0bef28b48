"""A store that fails: the run stops, says so, and acknowledges nothing that is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from groundswell.errors import StoreFailed, UnknownRun
from groundswell.v1.agent_pb2 import STOP_MODE_GRACEFUL
from groundswell_coordinator.store.run_store import RunStore
from tests.integration.scripted_agent import ScriptedAgent, attached, start_together
from tests.integration.site import TEST

if TYPE_CHECKING:
    from tests.integration.site import Site

WITH_THRESHOLD = TEST + "thresholds: {http_reqs: [count > 0]}"


def break_store(
    monkeypatch: pytest.MonkeyPatch, method: str, error: Exception | None = None
) -> list[str]:
    """Let a method of the store fail from now on; the list grows with every attempt."""
    attempts: list[str] = []

    def fail(*_: object, **__: object) -> None:
        attempts.append(method)
        raise error or StoreFailed("the disk is full")

    monkeypatch.setattr(RunStore, method, fail)
    return attempts


@pytest.mark.parametrize(
    "error", [None, UnknownRun("there is no run in the store")], ids=["disk full", "run deleted"]
)
async def test_an_interval_that_cannot_be_stored_stops_the_run(
    site: Site, monkeypatch: pytest.MonkeyPatch, error: Exception | None
) -> None:
    async with attached(site.address, "a", "b") as agents:
        run = await site.submit(WITH_THRESHOLD, agents=2)
        await start_together(*agents)
        for agent in agents:
            agent.report(0, {"http_reqs": 5})
        for agent in agents:
            await agent.acknowledgement(0)
        attempts = break_store(monkeypatch, "save_interval", error)
        for agent in agents:
            agent.report(1, {"http_reqs": 5})
        for agent in agents:
            assert (await agent.expect("stop")).stop.mode == STOP_MODE_GRACEFUL
            agent.report(2, {"http_reqs": 1}, last=True)
        summary = await run.summary()
        for agent in agents:
            await agent.expect("release")
            assert agent.acknowledged == [0]
    assert (summary.verdict, summary.exit_code) == ("INCONCLUSIVE", 96)
    assert [reason.code for reason in summary.reasons] == ["store_failed"]
    # What was measured is still told; what is stored has no gap in it.
    assert summary.metrics["http_reqs"].values["count"] == 22
    assert [stored.interval for stored in site.stored_intervals(run.run_id)] == [0]
    assert attempts == ["save_interval"]
    assert [notice.code for notice in run.notices] == ["store_failed"]


async def test_duplicates_are_not_acknowledged_either_once_the_store_has_failed(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with ScriptedAgent(site.address) as agent:
        run = await site.submit()
        await start_together(agent)
        break_store(monkeypatch, "save_interval")
        agent.report(0, {"http_reqs": 5})
        agent.report(0, {"http_reqs": 5})
        await agent.expect("stop")
        agent.report(0, {"http_reqs": 5})
        agent.report(1, last=True)
        await run.ended()
        await agent.expect("release")
    assert agent.acknowledged == []


async def test_an_amendment_that_cannot_be_stored_is_not_acknowledged(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with attached(site.address, "a", "late") as (a, late):
        run = await site.submit(WITH_THRESHOLD, agents=2)
        await start_together(a, late)
        a.report(0, {"http_reqs": 5})
        await a.acknowledgement(0)
        break_store(monkeypatch, "save_amendments")
        late.report(0, {"http_reqs": 5})
        for agent in (a, late):
            await agent.expect("stop")
            agent.report(1, last=True)
        summary = await run.summary()
    assert late.acknowledged == []
    assert [reason.code for reason in summary.reasons] == ["store_failed"]


async def test_a_skew_that_cannot_be_stored_stops_the_run(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_store(monkeypatch, "save_skews")
    async with ScriptedAgent(site.address) as agent:
        run = await site.submit(WITH_THRESHOLD)
        await start_together(agent)
        await agent.expect("stop")
        agent.report(0, {"http_reqs": 5}, last=True)
        summary = await run.summary()
    assert [reason.code for reason in summary.reasons] == ["store_failed"]
    assert summary.metrics["http_reqs"].values["count"] == 5


async def test_the_loss_of_an_agent_is_told_though_it_cannot_be_stored(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_store(monkeypatch, "save_event")
    async with ScriptedAgent(site.address, "here") as here:
        async with ScriptedAgent(site.address, "gone") as gone:
            run = await site.submit(agents=2)
            await start_together(here, gone)
        await here.expect("stop")
        here.report(0, {"http_reqs": 5}, last=True)
        summary = await run.summary()
    assert {reason.code for reason in summary.reasons} == {"agent_lost", "store_failed"}


async def test_an_end_that_cannot_be_stored_is_no_pass(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_store(monkeypatch, "close_run")
    async with ScriptedAgent(site.address) as agent:
        run = await site.submit(WITH_THRESHOLD)
        await start_together(agent)
        agent.report(0, {"http_reqs": 5}, last=True)
        summary = await run.summary()
    assert (summary.verdict, summary.exit_code) == ("INCONCLUSIVE", 96)
    assert [reason.code for reason in summary.reasons] == ["store_failed"]


async def test_a_failing_store_hides_no_other_reason_to_stop(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with ScriptedAgent(site.address) as agent:
        run = await site.submit()
        await start_together(agent)
        agent.report(0, {"http_reqs": 5})
        await agent.acknowledgement(0)
        await site.client.stop(run.run_id, abort=False, cause="operator")
        await agent.expect("stop")
        break_store(monkeypatch, "save_interval")
        agent.report(1, {"http_reqs": 5}, last=True)
        summary = await run.summary()
    assert summary.exit_code == 103
    assert {reason.code for reason in summary.reasons} == {"interrupted", "store_failed"}


@pytest.mark.parametrize("method", ["create_run", "save_shares", "save_start"])
async def test_a_store_that_fails_before_the_load_lets_none_begin(
    site: Site, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    break_store(monkeypatch, method)
    async with ScriptedAgent(site.address) as agent:
        run = await site.submit()
        if method == "save_start":
            await agent.prepare()
        ended = await run.ended()
        assert [line.run_id for line in await site.agents(1)] == [""]
        assert "start" not in agent.kinds()
    assert (ended.exit_code, ended.error) == (1, "the disk is full")
    assert run.states[-1] == "closed"


async def test_a_store_that_fails_as_well_does_not_hide_why_a_run_never_began(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_store(monkeypatch, "save_event")
    run = await site.submit(wait_s=0.1)
    assert (await run.ended()).exit_code == 102


async def test_a_fault_of_the_coordinator_itself_frees_the_agents_and_ends_the_run(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with ScriptedAgent(site.address) as agent:
        run = await site.submit()
        await start_together(agent)
        break_store(monkeypatch, "save_interval", ZeroDivisionError("a bug"))
        agent.report(0, {"http_reqs": 5})
        ended = await run.ended()
        await agent.expect("release")
        assert [line.run_id for line in await site.agents(1)] == [""]
        assert site.stored_run(run.run_id).line.exit_code == 109
    assert (ended.exit_code, ended.error) == (109, "the coordinator failed")
    assert "a bug" in caplog.text


async def test_a_fault_while_agents_are_chosen_ends_the_run_as_well(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("groundswell_coordinator.run.conductor.Crew", fail)
    async with ScriptedAgent(site.address):
        run = await site.submit()
        assert (await run.ended()).exit_code == 109
        assert [line.run_id for line in await site.agents(1)] == [""]
