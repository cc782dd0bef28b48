"""A run on pods of its own: placed in a cluster, followed to its end, kept, taken away."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import click
import uvloop

from groundswell.credentials import Remote
from groundswell.errors import CoordinatorUnreachable, GroundswellError
from groundswell.schedule.shape import run_duration_with_grace
from groundswell.v1.control_pb2 import Notice
from groundswell_coordinator.cli.interrupts import Interrupts
from groundswell_coordinator.cli.order import Interrupted, with_summary
from groundswell_coordinator.cli.remote_session import follow_remote
from groundswell_coordinator.client import ControlClient
from groundswell_coordinator.history.past_runs import PastRuns
from groundswell_coordinator.launch.kubernetes.certificates import RunCertificates
from groundswell_coordinator.launch.kubernetes.cluster import Cluster
from groundswell_coordinator.launch.kubernetes.forward import PortForward, kubectl
from groundswell_coordinator.launch.kubernetes.placement import Placement
from groundswell_coordinator.launch.kubernetes.settings import RunSettings
from groundswell_coordinator.report.live import LiveView

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine, Generator

    from groundswell.scenario.model import Test
    from groundswell.v1.control_pb2 import Ended
    from groundswell_coordinator.cli.kubernetes_options import ClusterPlace
    from groundswell_coordinator.cli.order import Order

_HOW_REACHED = (
    "does kubectl port-forward, or what --coordinator names, lead to the coordinator's pod?"
)


def run_on_kubernetes(order: Order, test: Test, place: ClusterPlace) -> Ended:
    """Returns when the run is over, its seconds are in this user's store, and its pods are gone."""
    return uvloop.run(_run(order, test, place))


async def _run(order: Order, test: Test, place: ClusterPlace) -> Ended:
    if place.coordinator is None:
        kubectl()
    with Interrupts() as interrupts:
        try:
            return await _run_in_pods(order, test, place, interrupts)
        except asyncio.CancelledError:
            raise Interrupted("interrupted before the load") from None


async def _run_in_pods(
    order: Order, test: Test, place: ClusterPlace, interrupts: Interrupts
) -> Ended:
    tell = _Teller(quiet=order.quiet)
    async with Cluster.of(place.context, place.namespace) as cluster:
        settings = _settings(order, test, place, cluster.namespace)
        certificates = RunCertificates(settings)
        sized = replace(order, agents=settings.agents)
        async with Placement(
            cluster, settings, certificates, tell, lambda: interrupts.tell(_ignore)
        ) as placement:
            await placement.ready()
            async with _reached(settings, certificates, place, tell) as remote:
                view = LiveView(test.test, quiet=order.quiet)
                following = _followed(sized, view, remote, interrupts)
                with tell.above(view):
                    ended = await _unless_lost(following, placement)
                await _keep(order.run_id, remote)
                return ended


async def _followed(order: Order, view: LiveView, remote: Remote, interrupts: Interrupts) -> Ended:
    try:
        ended = await follow_remote(order, view, remote, interrupts, may_leave=False)
    except CoordinatorUnreachable as error:
        # Nobody follows it again: what it ran on is taken away.
        raise CoordinatorUnreachable(error.message, hint=_HOW_REACHED) from error
    assert ended is not None, "nobody leaves a run that ends with its client"
    return with_summary(ended)


async def _unless_lost(following: Coroutine[None, None, Ended], placement: Placement) -> Ended:
    """What it comes to, or the error that there is no coordinator any more: it would be waited for in vain."""
    run = asyncio.create_task(following)
    lost = asyncio.create_task(placement.lost())
    try:
        await asyncio.wait([run, lost], return_when=asyncio.FIRST_COMPLETED)
        if not run.done():
            lost.result()
        return await run
    finally:
        run.cancel()
        lost.cancel()
        await asyncio.gather(run, lost, return_exceptions=True)


async def _keep(run_id: str, remote: Remote) -> None:
    """The coordinator's store goes with its pod: the run is taken into the user's own."""
    try:
        async with (
            ControlClient(remote) as client,
            PastRuns() as past,
            aclosing(client.export(run_id)) as chunks,
        ):
            await past.import_run(chunks)
    except GroundswellError as error:
        click.echo(f"run {run_id} is not in your store: {error}", err=True)


@asynccontextmanager
async def _reached(
    settings: RunSettings,
    certificates: RunCertificates,
    place: ClusterPlace,
    tell: Callable[[str], None],
) -> AsyncGenerator[Remote]:
    """The coordinator, as an operator: where it is said to be, or through a forwarded port."""
    with certificates.of_client() as credentials:
        if place.coordinator is not None:
            yield replace(place.coordinator, credentials=credentials)
            return
        forward = PortForward(settings.coordinator, settings.namespace, place.context, tell)
        async with forward as (host, port):
            yield Remote(host, port, credentials)


def _settings(order: Order, test: Test, place: ClusterPlace, namespace: str) -> RunSettings:
    scenarios = test.scenarios.values()
    return RunSettings(
        run_id=order.run_id,
        namespace=namespace,
        image=place.image,
        agents=order.agents or place.agents_per_pod,
        planned_s=float(run_duration_with_grace(scenarios)),
        graceful_stop_s=max((float(one.graceful_stop) for one in scenarios), default=0.0),
        agents_per_pod=place.agents_per_pod,
        wait_s=place.wait_s,
        host=None if place.coordinator is None else place.coordinator.host,
        node_selector=place.node_selector,
        allowed=order.allowed,
    )


class _Teller:
    """Says a line: above the live view while there is one."""

    def __init__(self, *, quiet: bool) -> None:
        self._view: LiveView | None = None
        self._quiet = quiet

    @contextmanager
    def above(self, view: LiveView) -> Generator[None]:
        self._view = view
        try:
            yield
        finally:
            self._view = None

    def __call__(self, line: str) -> None:
        if self._view is not None:
            self._view.notice(Notice(message=line))
        elif not self._quiet:
            click.echo(line, err=True)


def _ignore(count: int) -> None:
    pass
