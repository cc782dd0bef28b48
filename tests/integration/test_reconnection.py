"""A client whose coordinator goes away for a while."""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from groundswell.errors import CoordinatorUnreachable
from groundswell.scenario.source import TestSource
from groundswell_coordinator.cli.follow import Follower, Stopper
from groundswell_coordinator.cli.interrupts import Interrupts
from groundswell_coordinator.client import ControlClient
from groundswell_coordinator.failure import CoordinatorGone
from groundswell_coordinator.reconnection import Reconnection
from groundswell_coordinator.report.live import LiveView
from tests.integration.line import line_to
from tests.integration.scripted_agent import PATIENCE_S, ScriptedAgent, eventually, start_together
from tests.integration.site import TEST

if TYPE_CHECKING:
    from groundswell.v1.control_pb2 import Ended
    from tests.integration.site import Site

GONE, BACK = "the coordinator is gone; waiting for it…", "the coordinator is back"


class Screen:
    """What a person reads of a run that is followed."""

    def __init__(self) -> None:
        self._text = io.StringIO()
        self.view = LiveView("wave", console=Console(file=self._text, width=200), clock=lambda: 0)

    @property
    def lines(self) -> list[str]:
        return self._text.getvalue().splitlines()

    async def shows(self, beginning: str) -> None:
        await eventually(lambda: any(line.startswith(beginning) for line in self.lines))


async def follow(follower: Follower, stopper: Stopper | None = None) -> Ended | None:
    with Interrupts() as interrupts:
        return await follower.follow(
            interrupts, stopper.interrupted if stopper else lambda count: follower.leave()
        )


async def test_a_run_is_followed_over_a_break_and_nothing_is_shown_twice(site: Site) -> None:
    screen = Screen()
    async with (
        ScriptedAgent(site.address) as agent,
        line_to(site.address) as line,
        ControlClient(line.address) as client,
    ):
        run = await site.submit()
        following = asyncio.create_task(follow(Follower(client, run.run_id, screen.view)))
        await start_together(agent)
        agent.report(0, {"http_reqs": 5})
        site.coordinator.runs.get(run.run_id).broadcast.notice("reshared", "a share moved")
        await screen.shows("reshared: ")
        await line.cut()
        await screen.shows(GONE)
        await asyncio.sleep(0.3)
        await line.mend()
        await screen.shows(BACK)
        agent.report(1, {"http_reqs": 5}, last=True)
        assert await following == await run.ended()
    told = [line for line in screen.lines if not line.startswith("wave: ")]
    assert [line for line in told if "iterations" not in line] == [
        "reshared: a share moved",
        GONE,
        BACK,
    ]
    assert screen.lines.count("wave: running") == 1


async def test_who_waited_long_enough_is_told_how_to_go_on_later(site: Site) -> None:
    screen = Screen()
    run = await site.submit()
    async with line_to(site.address) as line, ControlClient(line.address) as client:
        follower = Follower(client, run.run_id, screen.view, patience_s=0.5)
        following = asyncio.create_task(follow(follower))
        await screen.shows("wave: waiting")
        await line.cut()
        with pytest.raises(CoordinatorUnreachable, match=f"run {run.run_id}: ") as caught:
            await following
    assert caught.value.exit_code == 106
    assert caught.value.hint == (
        f"`groundswell watch {run.run_id} --coordinator {line.address}` follows it again"
    )
    assert screen.lines.count(GONE) == 1


async def test_a_coordinator_that_was_never_there_is_not_waited_for() -> None:
    told: list[str] = []
    async with ControlClient("127.0.0.1:9") as client:
        with pytest.raises(CoordinatorGone, match=r"answers at 127\.0\.0\.1:9"):
            async for _ in Reconnection(told.append).watch(client, "last"):
                pass
    assert told == []


async def test_a_stop_is_heard_once_the_coordinator_is_back(site: Site) -> None:
    screen = Screen()
    run = await site.submit()
    async with line_to(site.address) as line, ControlClient(line.address) as client:
        follower = Follower(client, run.run_id, screen.view)
        stopper = Stopper(client, follower)
        following = asyncio.create_task(follow(follower, stopper))
        await screen.shows("wave: waiting")
        await line.cut()
        await screen.shows(GONE)
        stopper.interrupted(1)
        await asyncio.sleep(0.2)
        assert run.events[-1].HasField("state")
        await line.mend()
        ended = await following
        await stopper.close()
    assert ended is not None
    assert (ended.exit_code, ended.error) == (105, "stopped before the start")


async def test_a_third_interrupt_leaves_a_run_alone_whose_coordinator_is_gone(site: Site) -> None:
    screen = Screen()
    run = await site.submit()
    async with line_to(site.address) as line, ControlClient(line.address) as client:
        follower = Follower(client, run.run_id, screen.view)
        stopper = Stopper(client, follower, may_leave=True)
        following = asyncio.create_task(follow(follower, stopper))
        await screen.shows("wave: waiting")
        await line.cut()
        for count in (1, 2, 3):
            stopper.interrupted(count)
        assert await following is None
        await stopper.close()
    assert site.coordinator.runs.get(run.run_id).state.value == "waiting"


async def test_a_submission_is_tried_again_until_it_is_taken_and_is_one_run(site: Site) -> None:
    told: list[str] = []
    async with line_to(site.address) as line, ControlClient(line.address) as client:

        async def submit() -> None:
            source = TestSource("wave.yaml", TEST.encode())
            await client.submit("once", source, agents=1, labels={}, seed=1, wait_s=5)

        await client.agents()
        await line.cut()
        submitting = asyncio.create_task(Reconnection(told.append).submit(submit))
        await eventually(lambda: told == [GONE])
        await line.mend()
        await submitting
        await submit()
    assert told == [GONE, BACK]
    # It is taken before it is stored.
    async with asyncio.timeout(PATIENCE_S):
        while not (lines := await site.client.lines()):  # noqa: ASYNC110 - nobody is told
            await asyncio.sleep(0.01)
    assert [line.run_id for line in lines] == ["once"]
