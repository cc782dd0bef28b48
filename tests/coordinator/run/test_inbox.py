from __future__ import annotations

import asyncio
import time

from groundswell.v1 import agent_pb2
from groundswell_coordinator.attachment import Attachment
from groundswell_coordinator.run.events import AgentLost
from groundswell_coordinator.run.inbox import Inbox, Said

AGENT = Attachment("i1", "agent-1")


def leaving(run_id: str) -> agent_pb2.AgentMessage:
    return agent_pb2.AgentMessage(leaving=agent_pb2.Leaving(run_id=run_id))


async def test_all_that_happens_is_taken_in_the_order_of_coming() -> None:
    inbox = Inbox()
    inbox.say(AGENT, leaving("one"))
    inbox.put(AgentLost("agent-2"))
    inbox.say(AGENT, leaving("two"))
    first, second, third = [await inbox.take(1.0) for _ in range(3)]
    assert inbox.is_empty
    assert isinstance(first, Said)
    assert isinstance(third, Said)
    assert (first.message.leaving.run_id, third.message.leaving.run_id) == ("one", "two")
    assert second == AgentLost("agent-2")


async def test_nothing_is_all_there_is_after_a_while() -> None:
    assert await Inbox().take(0.001) is None


async def test_who_finds_a_message_that_had_to_wait_is_behind_until_he_waits_himself() -> None:
    inbox = Inbox()
    inbox.say(AGENT, leaving("one"))
    time.sleep(0.03)  # noqa: ASYNC251 - what a loop does that is busy
    await inbox.take(1.0)
    assert inbox.is_behind
    # Until a wait ends as it should, which on a busy machine may take more than one.
    while inbox.is_behind:
        assert await inbox.take(0.001) is None


async def test_who_comes_late_to_the_end_of_his_own_wait_is_behind() -> None:
    inbox = Inbox()
    asyncio.get_running_loop().call_soon(time.sleep, 0.06)
    assert await inbox.take(0.001) is None
    assert inbox.is_behind
