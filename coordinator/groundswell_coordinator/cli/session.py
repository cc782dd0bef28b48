"""One run on a coordinator of its own: started with it, followed to its end, taken down with it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import uvloop

from groundswell.errors import NotEnoughAgents
from groundswell_coordinator.cli.follow import Follower, Stopper
from groundswell_coordinator.cli.interrupts import Interrupts
from groundswell_coordinator.cli.order import Interrupted, with_summary
from groundswell_coordinator.client import ControlClient
from groundswell_coordinator.launch.embedded import Embedded
from groundswell_coordinator.report.live import LiveView

if TYPE_CHECKING:
    from groundswell.v1.control_pb2 import Ended
    from groundswell_coordinator.cli.order import Order
    from groundswell_coordinator.launch.local import LocalAgents

_LOOK_S = 0.2


def run_embedded(order: Order, title: str, agents: LocalAgents) -> Ended:
    """Run on a coordinator of our own; returns when everything of it is over."""
    return uvloop.run(_run_embedded(order, title, agents))


async def _run_embedded(order: Order, title: str, agents: LocalAgents) -> Ended:
    with Interrupts() as interrupts:
        try:
            async with Embedded(agents) as address, ControlClient(address) as client:
                ended = await _run(
                    order, client, LiveView(title, quiet=order.quiet), agents, interrupts
                )
        except asyncio.CancelledError:
            raise Interrupted("interrupted before the load") from None
    return with_summary(ended)


async def _run(
    order: Order,
    client: ControlClient,
    view: LiveView,
    agents: LocalAgents,
    interrupts: Interrupts,
) -> Ended:
    await order.submit(client)
    # A coordinator of our own does not come back.
    follower = Follower(client, order.run_id, view, patience_s=0.0)
    stopper = Stopper(client, follower)
    watch = asyncio.create_task(_watch(agents, follower, stopper))
    try:
        ended = await follower.follow(interrupts, stopper.interrupted)
        if watch.done():
            watch.result()
        assert ended is not None, "nobody leaves a run that ends with its client"
        return ended
    finally:
        watch.cancel()
        await stopper.close()


async def _watch(agents: LocalAgents, follower: Follower, stopper: Stopper) -> None:
    """Give up where an agent dies before the run has begun: it would be waited for in vain.

    One that dies later is the coordinator's to notice.
    """
    while not follower.is_running:
        if agents.ended():
            await stopper.stop(abort=True)
            raise NotEnoughAgents("an agent process ended before the run began")
        await asyncio.sleep(_LOOK_S)
