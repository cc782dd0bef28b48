"""One run from a client's side: submit it, follow it to its end."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import uvloop

from groundswell.errors import GroundswellError, NotEnoughAgents
from groundswell.exit_codes import ExitCode
from groundswell_coordinator.cli.follow import Follower
from groundswell_coordinator.cli.interrupts import Interrupts
from groundswell_coordinator.client import ControlClient
from groundswell_coordinator.launch.embedded import Embedded
from groundswell_coordinator.report.live import LiveView

if TYPE_CHECKING:
    from collections.abc import Mapping

    from groundswell.scenario.source import TestSource
    from groundswell.v1.control_pb2 import Ended
    from groundswell_coordinator.launch.local import LocalAgents

_LOOK_S = 0.2


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be run and how; `wait_s` is how long agents may take to attach."""

    source: TestSource
    title: str
    agents: int
    labels: Mapping[str, str]
    seed: int
    wait_s: float
    quiet: bool


def run_embedded(order: Order, agents: LocalAgents) -> Ended:
    """Run on a coordinator of our own; returns when everything of it is over."""
    return uvloop.run(_run_embedded(order, agents))


async def _run_embedded(order: Order, agents: LocalAgents) -> Ended:
    with Interrupts() as interrupts:
        try:
            async with Embedded(agents) as address, ControlClient(address) as client:
                ended = await _run(order, client, agents, interrupts)
        except asyncio.CancelledError:
            raise Interrupted("interrupted before the load") from None
    if ended.error:
        raise NeverStarted(ended)
    return ended


async def _run(
    order: Order, client: ControlClient, agents: LocalAgents, interrupts: Interrupts
) -> Ended:
    run_id = new_run_id()
    await client.submit(
        run_id,
        order.source,
        agents=order.agents,
        labels=order.labels,
        seed=order.seed,
        wait_s=order.wait_s,
    )
    follower = Follower(client, run_id, LiveView(order.title, quiet=order.quiet))
    watch = asyncio.create_task(_watch(agents, follower))
    try:
        ended = await follower.follow(interrupts)
        if watch.done():
            watch.result()
        return ended
    finally:
        watch.cancel()


async def _watch(agents: LocalAgents, follower: Follower) -> None:
    """Give up where an agent dies before the run has begun: it would be waited for in vain.

    One that dies later is the coordinator's to notice.
    """
    while not follower.is_running:
        if agents.ended():
            await follower.stop(abort=True)
            raise NotEnoughAgents("an agent process ended before the run began")
        await asyncio.sleep(_LOOK_S)


class Interrupted(GroundswellError):
    """Somebody pressed Ctrl-C before there was a run to stop."""

    exit_code = ExitCode.INTERRUPTED


class NeverStarted(GroundswellError):
    """A run that ended before any load: the coordinator's reason, and its exit code."""

    def __init__(self, ended: Ended) -> None:
        super().__init__(ended.error, hint=ended.hint or None)
        self.exit_code = ExitCode(ended.exit_code)  # type: ignore[misc]  # an instance's own


def new_run_id() -> str:
    """Sorts by time and reads well; no two clients make the same."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
