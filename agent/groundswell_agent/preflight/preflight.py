"""Everything that an agent looks at before it says that it is prepared, and what `doctor` looks at besides."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from groundswell.v1 import agent_pb2
from groundswell_agent.preflight import machine
from groundswell_agent.preflight.check import Status, warning
from groundswell_agent.preflight.demand import Connections, Demand, origins_of
from groundswell_agent.preflight.speed import ALWAYS_REACHED, compared, speed
from groundswell_agent.preflight.target import reach

if TYPE_CHECKING:
    from collections.abc import Sequence

    from groundswell.scenario.model import Test
    from groundswell.schedule.scenario_plan import ScenarioShare
    from groundswell_agent.http.request import Origin
    from groundswell_agent.preflight.check import Check

_log = logging.getLogger(__name__)

# A test may name thousands of hosts; the first of them tell enough.
_MOST_ORIGINS = 16


async def preflight(test: Test, shares: Sequence[ScenarioShare]) -> list[Check]:
    """Before a run: its own machine, the target, its speed where the plan comes near to it."""
    demand = Demand.of(test, shares)
    checks = [machine.descriptors(demand.connections)]
    checks += await _of_targets(test, demand, agents=1)
    if demand.request_rate > ALWAYS_REACHED:
        checks.append(compared(demand.request_rate, await speed()))
    return checks


async def checked(test: Test, shares: Sequence[ScenarioShare]) -> list[Check]:
    """`preflight`; a defect of ours in it is a finding, and not what keeps a run from beginning."""
    try:
        return await preflight(test, shares)
    except Exception as fault:
        _log.exception("the checks before the load failed")
        text = f"the checks before the load failed: {type(fault).__name__}: {fault}"
        return [warning("preflight", "preflight_failed", text)]


async def examine(test: Test, shares: Sequence[ScenarioShare], agents: int) -> list[Check]:
    """For people: all of it, for so many agents on this machine, of which this one is the largest."""
    demand = Demand.of(test, shares)
    checks = [
        machine.cores(agents),
        machine.memory(demand.vus * agents, agents),
        machine.clock(),
        machine.descriptors(demand.connections),
    ]
    checks += await _of_targets(test, demand, agents)
    return [*checks, compared(demand.request_rate, await speed())]


def problems(checks: Sequence[Check]) -> list[Check]:
    """What is worth telling."""
    return [check for check in checks if check.status is not Status.OK]


def to_wire(check: Check) -> agent_pb2.Finding:
    return agent_pb2.Finding(code=check.code, message=check.message, hint=check.hint or "")


def _origins(test: Test) -> list[Origin]:
    lists = [scenario.steps for scenario in test.scenarios.values()]
    lists += [phase.steps for phase in (test.setup, test.teardown) if phase is not None]
    found = (origin for steps in lists for origin in origins_of(steps, test.target))
    return list(dict.fromkeys(found))[:_MOST_ORIGINS]


async def _of_targets(test: Test, demand: Demand, agents: int) -> list[Check]:
    """All agents of one machine share its ports."""
    checks: list[Check] = []
    for one in await asyncio.gather(*(reach(origin) for origin in _origins(test))):
        checks += one.checks
        if one.addresses:
            needed = demand.by_origin.get(one.origin, Connections()) * agents
            checks.append(machine.ports(one.origin, one.addresses, needed))
    return checks
