"""A run on somebody else's coordinator: handed in, followed, looked at again later."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import click
import uvloop

from groundswell.errors import GroundswellError
from groundswell_coordinator.cli.follow import Follower, Stopper, how_to_watch
from groundswell_coordinator.cli.interrupts import Interrupts
from groundswell_coordinator.cli.order import Interrupted, with_summary
from groundswell_coordinator.client import ControlClient
from groundswell_coordinator.counted import counted
from groundswell_coordinator.pool import has_labels
from groundswell_coordinator.reconnection import Reconnection
from groundswell_coordinator.report.live import LiveView

if TYPE_CHECKING:
    from groundswell.credentials import Remote
    from groundswell.v1.control_pb2 import AgentLine, Ended
    from groundswell_coordinator.cli.order import Order

# For a last word to a coordinator that may not be there.
_LAST_WORD_S = 2.0


def run_remote(order: Order, title: str, coordinator: Remote) -> Ended:
    """Hand the run in and follow it to its end. Ctrl-C stops it; the third one leaves it alone."""
    return uvloop.run(_run(order, LiveView(title, quiet=order.quiet), coordinator))


def hand_in(order: Order, coordinator: Remote) -> None:
    """Hand the run in, and no more."""
    uvloop.run(_hand_in(order, coordinator))


def watch(run: str, coordinator: Remote, *, quiet: bool) -> Ended | None:
    """Follow a run to its end; None where Ctrl-C looked away."""
    return uvloop.run(_watch(run, coordinator, quiet))


async def _run(order: Order, view: LiveView, coordinator: Remote) -> Ended:
    with Interrupts() as interrupts:
        ended = await follow_remote(order, view, coordinator, interrupts, may_leave=True)
    if ended is None:
        hint = f"`{how_to_watch(order.run_id, coordinator)}` follows it again"
        raise Interrupted(f"left run {order.run_id} to itself", hint=hint)
    return with_summary(ended)


async def follow_remote(
    order: Order,
    view: LiveView,
    coordinator: Remote,
    interrupts: Interrupts,
    *,
    may_leave: bool,
) -> Ended | None:
    """Hand the run in and follow it to its end; None where the third Ctrl-C has left it."""
    async with ControlClient(coordinator) as client:
        await _submit(order, client)
        follower = Follower(client, order.run_id, view)
        stopper = Stopper(client, follower, may_leave=may_leave)
        try:
            return await follower.follow(interrupts, stopper.interrupted)
        finally:
            await stopper.close()


async def _hand_in(order: Order, coordinator: Remote) -> None:
    with Interrupts():
        async with ControlClient(coordinator) as client:
            await _submit(order, client)


async def _watch(run: str, coordinator: Remote, quiet: bool) -> Ended | None:
    with Interrupts() as interrupts:
        async with ControlClient(coordinator) as client:
            follower = Follower(client, run, LiveView(run, quiet=quiet))
            ended = await follower.follow(interrupts, lambda count: follower.leave())
    if ended is None:
        click.echo(f"run {follower.run_id} goes on", err=True)
        return None
    return with_summary(ended)


async def _submit(order: Order, client: ControlClient) -> None:
    # Who does not answer this is not there; whoever did is waited for.
    attached = await client.agents()
    agents = order.agents or max(1, sum(_is_free(one, order) for one in attached))
    if not order.quiet:
        many = counted(agents, "agent")
        click.echo(f"run {order.run_id} on {many} of {client.address}", err=True)
    reconnection = Reconnection(partial(click.echo, err=True))
    try:
        await reconnection.submit(lambda: order.submit(client, agents))
    except asyncio.CancelledError:
        # It may have been taken all the same.
        with suppress(GroundswellError, TimeoutError):
            async with asyncio.timeout(_LAST_WORD_S):
                await client.stop(order.run_id, abort=True, cause="interrupted")
        raise Interrupted("interrupted before the load") from None


def _is_free(agent: AgentLine, order: Order) -> bool:
    return agent.state == "free" and has_labels(agent.labels, order.selector)
