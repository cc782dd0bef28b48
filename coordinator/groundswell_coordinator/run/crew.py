"""The agents of one run: what they are told, and what is known of their clocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell.errors import ProtocolViolation
from groundswell.schedule.division import Division, table_to_wire
from groundswell.schedule.share_loads import ShareLoads
from groundswell.schedule.shares import ShareEntry, ShareTable
from groundswell.v1 import agent_pb2

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from groundswell.scenario.model import Test
    from groundswell.schedule.division import Handover
    from groundswell.schedule.levels import Level
    from groundswell_coordinator.attachment import Attachment
    from groundswell_coordinator.clock import ClockOffset
    from groundswell_coordinator.run.events import Phase, StopMode

# An hour: more is no loop that was busy.
_MOST_SKEW_NS = 3600 * 10**9
_STOP_MODES = {"graceful": agent_pb2.STOP_MODE_GRACEFUL, "abort": agent_pb2.STOP_MODE_ABORT}

_PHASES = {"setup": agent_pb2.PHASE_SETUP, "teardown": agent_pb2.PHASE_TEARDOWN}


class Crew:
    """Agents by name, in the order of their shares."""

    def __init__(self, run_id: str, agents: Sequence[Attachment]) -> None:
        self._run_id = run_id
        self._agents = {agent.name: agent for agent in agents}
        self._by_incarnation = {agent.incarnation: agent for agent in agents}
        self._starts: dict[str, int] = {}
        self.clocks: dict[str, ClockOffset] = {}
        # How late each agent's loop reached T, in nanoseconds on the coordinator's clock.
        self.skews: dict[str, int] = {}
        # Of those that set a limit.
        self.guards = {agent.name: agent.guard for agent in agents if agent.guard.limits}
        self.table = ShareTable(tuple(ShareEntry(agent.name, agent.weight) for agent in agents))

    def __getitem__(self, name: str) -> Attachment:
        return self._agents[name]

    @property
    def agents(self) -> Sequence[Attachment]:
        return tuple(self._agents.values())

    @property
    def names(self) -> Mapping[str, str]:
        """Incarnation to name."""
        return {agent.incarnation: agent.name for agent in self.agents}

    def prepare(
        self,
        source: agent_pb2.TestSource,
        seed: int,
        generation: int,
        search: agent_pb2.Search | None = None,
    ) -> None:
        """Give everybody the whole table and its place in it."""
        shares = table_to_wire(self.table)
        for agent in self.agents:
            prepare = agent_pb2.Prepare(
                run_id=self._run_id,
                generation=generation,
                source=source,
                shares=shares,
                agent=agent.name,
                seed=seed,
                search=search,
            )
            agent.send(prepare=prepare)

    def check_guards(self, test: Test, seed: int) -> None:
        """InvalidConfiguration where an agent does not carry its share, for the first one by name."""
        if not self.guards:
            return
        loads = ShareLoads(test.scenarios, Division(self.table), seed)
        for name, guard in self.guards.items():
            loads.check(name, guard, f'agent "{name}"')

    def perform(self, name: str, phase: Phase) -> None:
        """Order one agent to do setup or teardown."""
        perform = agent_pb2.Perform(run_id=self._run_id, phase=_PHASES[phase.value])
        self._agents[name].send(perform=perform)

    def give_setup_result(self, result: bytes) -> None:
        """To everybody. It is not kept here: who is prepared has it from now on."""
        for agent in self.agents:
            agent.send(setup_result=agent_pb2.SetupResult(run_id=self._run_id, result=result))

    def dismiss_but(self, name: str) -> None:
        """Let all others forget the run: there will be no load."""
        for agent in self.agents:
            if agent.name != name:
                agent.release(self._run_id)

    async def measure_clock(self, agent: Attachment) -> None:
        self.clocks[agent.name] = await agent.measure_clock()

    @property
    def longest_round_trip_s(self) -> float:
        """Of the shortest that each agent's clock was read by; half of one is its error."""
        return max((2 * clock.error_ns / 1e9 for clock in self.clocks.values()), default=0.0)

    def start(self, start_at_ns: int) -> None:
        """Order the start at an instant of our clock, told to each agent in its own."""
        for agent in self.agents:
            own = self._starts[agent.name] = start_at_ns + self.clocks[agent.name].offset_ns
            agent.send(start=agent_pb2.Start(run_id=self._run_id, start_at_ns=own))

    def resume(
        self,
        clocks: Mapping[str, ClockOffset],
        skews: Mapping[str, int],
        starts: Mapping[str, int],
    ) -> None:
        """Know again what was known of agents that have started already; all by name."""
        self.clocks.update(clocks)
        self.skews.update(skews)
        self._starts.update(starts)

    def trust_start(self, agent: Attachment, start_at_ns: int) -> None:
        """Of an agent that started under another coordinator, its own word is all there is."""
        if start_at_ns > 0:
            self._starts.setdefault(agent.name, start_at_ns)

    def check_start(self, agent: Attachment, start_at_ns: int) -> None:
        """An agent that speaks of another moment than it was told starts with nobody."""
        told = self._starts.get(agent.name)
        if start_at_ns != told:
            raise ProtocolViolation(f"a start at {start_at_ns} instead of {told} ns")

    def note_start(self, agent: Attachment, started: agent_pb2.Started) -> int:
        """The agent's skew."""
        self.check_start(agent, started.start_at_ns)
        skew = started.started_ns - started.start_at_ns
        if abs(skew) > _MOST_SKEW_NS:
            raise ProtocolViolation(f"a start {skew / 1e9:.3g} s after the common one")
        self.skews[agent.name] = skew
        return skew

    def reshare(self, handovers: Iterable[Handover]) -> None:
        """Tell everybody all that has moved so far."""
        for agent in self.agents:
            self.reshare_to(agent, handovers)

    def reshare_to(self, agent: Attachment, handovers: Iterable[Handover]) -> None:
        moved = [handover.to_wire() for handover in handovers]
        agent.send(reshare=agent_pb2.Reshare(run_id=self._run_id, handovers=moved))

    def raise_one(self, agent: Attachment, levels: Iterable[Level]) -> None:
        """Tell an agent all levels of a search so far."""
        told = [level.to_wire() for level in levels]
        agent.send(levels=agent_pb2.Levels(run_id=self._run_id, levels=told))

    def stop(self, mode: StopMode) -> None:
        for agent in self.agents:
            self.stop_one(agent, mode)

    def stop_one(self, agent: Attachment, mode: StopMode) -> None:
        agent.send(stop=agent_pb2.Stop(run_id=self._run_id, mode=_STOP_MODES[mode.value]))

    def acknowledge(self, incarnation: str, interval: int) -> None:
        """Everything of this agent up to `interval` is stored."""
        acknowledged = agent_pb2.ReportAcknowledged(
            run_id=self._run_id, incarnation=incarnation, interval=interval
        )
        self._by_incarnation[incarnation].send(report_acknowledged=acknowledged)

    def release(self) -> None:
        for agent in self.agents:
            agent.release(self._run_id)
