"""Everything that an agent looks at before it says that it is prepared, and what `doctor` looks at besides."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from groundswell.v1 import agent_pb2
from groundswell_agent.preflight import machine
from groundswell_agent.preflight.check import Status, warning
from groundswell_agent.preflight.demand import Connections, Demand, origins_of
from groundswell_agent.preflight.speed import ALWAYS_REACHED, compared, speed
from groundswell_agent.preflight.target import OFFERED, reach

if TYPE_CHECKING:
    from collections.abc import Sequence

    from groundswell.scenario.http_model import Http
    from groundswell.scenario.model import BaseScenario, Phase, Test
    from groundswell.schedule.scenario_plan import ScenarioShare
    from groundswell_agent.engine.connectors import Connectors
    from groundswell_agent.http.request import Origin
    from groundswell_agent.preflight.check import Check

_log = logging.getLogger(__name__)

# A test may name thousands of hosts; the first of them tell enough.
_MOST_ORIGINS = 16


async def preflight(
    test: Test, shares: Sequence[ScenarioShare], connectors: Connectors
) -> list[Check]:
    """Before a run: its own machine, the target, its speed where the plan comes near to it."""
    demand = Demand.of(test, shares)
    checks = [
        machine.descriptors(demand.connections),
        *_of_tracking(demand, agents=1),
        *_of_trust(test),
    ]
    checks += await _of_targets(test, demand, connectors, agents=1)
    if demand.request_rate > ALWAYS_REACHED:
        checks.append(compared(demand.request_rate, await speed()))
    return checks


async def checked(
    test: Test, shares: Sequence[ScenarioShare], connectors: Connectors
) -> list[Check]:
    """`preflight`; a defect of ours in it is a finding, and not what keeps a run from beginning."""
    try:
        return await preflight(test, shares, connectors)
    except Exception as fault:
        _log.exception("the checks before the load failed")
        text = f"the checks before the load failed: {type(fault).__name__}: {fault}"
        return [warning("preflight", "preflight_failed", text)]


async def examine(
    test: Test, shares: Sequence[ScenarioShare], connectors: Connectors, agents: int
) -> list[Check]:
    """For people: all of it, for so many agents on this machine, of which this one is the largest."""
    demand = Demand.of(test, shares)
    checks = [
        machine.cores(agents),
        machine.memory(demand.vus * agents, agents),
        machine.clock(),
        machine.descriptors(demand.connections),
        *_of_tracking(demand, agents),
        *_of_trust(test),
    ]
    checks += await _of_targets(test, demand, connectors, agents)
    return [*checks, compared(demand.request_rate, await speed())]


def problems(checks: Sequence[Check]) -> list[Check]:
    """What is worth telling."""
    return [check for check in checks if check.status is not Status.OK]


def to_wire(check: Check) -> agent_pb2.Finding:
    return agent_pb2.Finding(code=check.code, message=check.message, hint=check.hint or "")


def _workloads(test: Test) -> dict[str, BaseScenario | Phase]:
    """All that loads the target, be it once: by name."""
    phases = {"setup": test.setup, "teardown": test.teardown}
    once = {name: phase for name, phase in phases.items() if phase is not None}
    return {**test.scenarios, **once}


def _of_tracking(demand: Demand, agents: int) -> list[Check]:
    check = machine.tracking(demand.connections * agents)
    return [] if check is None else [check]


def _of_trust(test: Test) -> list[Check]:
    """What nobody should find out afterwards: whoever answers is believed."""
    workloads = _workloads(test)
    unverified = [name for name, one in workloads.items() if not one.http.verifies]
    if not unverified:
        return []
    by = "" if len(unverified) == len(workloads) else f" by {', '.join(unverified)}"
    text = f"certificates are NOT verified{by}: whoever answers is taken for the target"
    hint = "the test says `verify: false`; `ca` names an authority of one's own"
    return [warning("tls", "tls_unverified", text, hint)]


def _ways(test: Test) -> list[tuple[Origin, Http]]:
    """Every origin by every way that it is connected to."""
    found: list[tuple[Origin, Http]] = []
    for workload in _workloads(test).values():
        # Whose connections they are makes no difference here.
        http = replace(workload.http, connections=None)
        for origin in origins_of(workload.steps, test.target):
            if (origin, http) not in found and len(found) < _MOST_ORIGINS:
                found.append((origin, http))
    return found


async def _of_targets(
    test: Test, demand: Demand, connectors: Connectors, agents: int
) -> list[Check]:
    """All agents of one machine share its ports."""
    ways = _ways(test)
    reaching = (reach(origin, connectors.new_connector(http, OFFERED)) for origin, http in ways)
    checks: list[Check] = []
    counted: set[Origin] = set()
    for one in await asyncio.gather(*reaching):
        checks += one.checks
        if one.addresses and one.origin not in counted:
            counted.add(one.origin)
            needed = demand.by_origin.get(one.origin, Connections()) * agents
            checks.append(machine.ports(one.origin, one.addresses, needed))
    return checks
