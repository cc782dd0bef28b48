"""The lease of a real agent: load while it is renewed, and none a second after it has ended."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from groundswell.v1 import agent_pb2
from tests.integration.by_hand import LEASE_S, load_by_hand
from tests.integration.scripted_agent import eventually
from tests.integration.site import assert_no_task_is_left

if TYPE_CHECKING:
    from tests.integration.target import Target


async def assert_load_is_over(target: Target) -> int:
    """A second after the lease, which is not renewed any more; how often the target was asked."""
    await asyncio.sleep(LEASE_S + 1)
    asked = target.requests
    assert asked > 0
    await asyncio.sleep(0.3)
    assert target.requests == asked
    return asked


async def test_the_load_goes_on_while_the_lease_is_renewed(target: Target) -> None:
    by_hand = await load_by_hand(target)
    await asyncio.sleep(2 * LEASE_S)
    asked = target.requests
    await asyncio.sleep(0.3)
    assert not by_hand.task.done()
    assert target.requests > asked
    await by_hand.end()


async def test_no_load_outlives_the_lease_by_a_second_when_the_coordinator_falls_silent(
    target: Target,
) -> None:
    others = asyncio.all_tasks()
    by_hand = await load_by_hand(target)
    by_hand.service.is_silent = True
    asked = await assert_load_is_over(target)
    # It is there for the coordinator's return, and then delivers what it measured, and no more.
    assert not by_hand.task.done()
    by_hand.service.is_silent = False
    await eventually(lambda: any(report.last for report in by_hand.inbox.reports))
    leaving = (await by_hand.replied("leaving")).leaving
    assert leaving.reason == "its lease ended"
    assert sum(report.accounts[0].fired for report in by_hand.inbox.reports[-1:]) == asked
    assert target.requests == asked
    await by_hand.end()
    await assert_no_task_is_left(others)


async def test_no_load_outlives_its_coordinator(target: Target) -> None:
    by_hand = await load_by_hand(target)
    await by_hand.server.stop(None)
    await assert_load_is_over(target)
    # Until its own end it looks for another.
    assert not by_hand.task.done()
    await by_hand.end()


async def test_a_lease_that_has_ended_is_not_had_back_for_the_same_run(target: Target) -> None:
    by_hand = await load_by_hand(target)
    by_hand.service.is_silent = True
    await asyncio.sleep(LEASE_S + 1)
    by_hand.service.is_silent = False
    await by_hand.replied("leaving")
    asked = target.requests
    # A handover that would give it more work finds it gone.
    heir = agent_pb2.ShareEntry(agent="agent", weight=1)
    handover = agent_pb2.Handover(epoch=1, from_agent="other", boundary_ns=0, heirs=[heir])
    by_hand.send(reshare=agent_pb2.Reshare(run_id="r", handovers=[handover]))
    await asyncio.sleep(0.3)
    assert target.requests == asked
    by_hand.send(release=agent_pb2.Release(run_id="r"))
    # For the next run it has a new one.
    by_hand.inbox.messages.clear()
    await by_hand.begin(target)
    await eventually(lambda: target.requests > asked + 10)
    await by_hand.end()


async def test_a_released_load_ends_and_the_agent_takes_another(target: Target) -> None:
    by_hand = await load_by_hand(target)
    by_hand.send(release=agent_pb2.Release(run_id="r"))
    await asyncio.sleep(0.3)
    asked = target.requests
    await asyncio.sleep(0.3)
    assert target.requests == asked
    assert not any(report.last for report in by_hand.inbox.reports)
    assert not by_hand.task.done()
    by_hand.agent.drain()
    await asyncio.wait_for(by_hand.task, 2)
    await by_hand.end()
