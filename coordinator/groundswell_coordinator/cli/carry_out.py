"""Carry out what is ordered: on a coordinator of our own, on somebody else's, or on one in a cluster."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from groundswell_coordinator.cli.files import lend_files
from groundswell_coordinator.launch.local import LocalAgents, default_agents

if TYPE_CHECKING:
    from groundswell.credentials import Remote
    from groundswell.scenario.model import Test
    from groundswell.v1.control_pb2 import Ended
    from groundswell_coordinator.cli.kubernetes_options import ClusterPlace
    from groundswell_coordinator.cli.order import Order


def carry_out(
    order: Order, coordinator: Remote | None, cluster: ClusterPlace | None = None
) -> Ended:
    """Read the test, run it to its end; what is heavy is imported once the agents are starting up."""
    if cluster is not None:
        return _run_in_pods(order, cluster)
    return _run_here(order) if coordinator is None else _run_there(order, coordinator)


def loaded(order: Order) -> tuple[Order, Test]:
    """With what its test brings, once its target is confirmed; InvalidTest, InvalidConfiguration, Interrupted."""
    from groundswell.scenario.loader import load

    test = load(order.source)
    if order.search is not None:
        from groundswell.capacity.searched import searched

        # What cannot be searched is said before anybody begins.
        searched(test, order.search)
    order.confirmation.obtain(test)
    return order.of_test(test), test


def _run_here(order: Order) -> Ended:
    count = order.agents or default_agents()
    with LocalAgents(count, order.allowed) as processes:
        from groundswell_coordinator.cli.session import run_embedded

        ready, test = loaded(order)
        lend_files(ready.source)
        return run_embedded(replace(ready, agents=count), test.test, processes)


def _run_there(order: Order, coordinator: Remote) -> Ended:
    from groundswell_coordinator.cli.remote_session import run_remote

    ready, test = loaded(order)
    return run_remote(ready, test.test, coordinator)


def _run_in_pods(order: Order, cluster: ClusterPlace) -> Ended:
    from groundswell_coordinator.launch.kubernetes.needed import check_needed

    check_needed()
    from groundswell_coordinator.cli.kubernetes_session import run_on_kubernetes

    ready, test = loaded(order)
    return run_on_kubernetes(ready, test, cluster)
