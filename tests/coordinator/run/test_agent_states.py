from __future__ import annotations

from groundswell.scenario.loader import TestSource, load
from groundswell_coordinator.run.agent_states import AgentStates
from groundswell_coordinator.timeline.timeline import Timeline
from tests.coordinator.reporting import RUN, Reporter, Values

TEST = load(
    TestSource(
        "one.yaml",
        b"test: one\ntarget: http://127.0.0.1:9\nscenarios:\n  s:\n"
        b"    executor: constant-arrival-rate\n    rate: 1/s\n    duration: 9s\n    max_vus: 9\n"
        b"    steps: [{get: /}]\n",
        {},
        None,
    )
)


class Fleet:
    """So many agents, each of which says every second how busy it is."""

    def __init__(self, size: int) -> None:
        self.names = {f"i{n}": f"agent-{n}" for n in range(size)}
        self.timeline = Timeline(RUN, self.names)
        self.states = AgentStates(TEST, self.timeline)
        self._reporters = [Reporter(incarnation) for incarnation in self.names]
        self._second = 0

    def play(self, cpu: float) -> None:
        for reporter in self._reporters:
            values: Values = {"agent_cpu": cpu, "send_lag": [cpu * 1000]}
            self.timeline.add(reporter.report(self._second, values), self._second + 1.0)
        self._second += 1
        self.timeline.seal_due(float(self._second))


def test_every_agent_is_as_it_is_now() -> None:
    fleet = Fleet(3)
    for cpu in (0.25, 0.5):
        fleet.play(cpu)
        latest = fleet.states.latest()
        assert [one.name for one in latest] == ["agent-0", "agent-1", "agent-2"]
        assert {one.cpu for one in latest} == {cpu}
        assert {one.health for one in latest} == {"saturated"}
    assert fleet.states.latest()[0].send_lag_p99_ms == 500


def test_in_a_large_fleet_everybody_has_a_turn_within_seconds() -> None:
    fleet = Fleet(250)
    fleet.play(0.25)
    assert {one.cpu for one in fleet.states.latest()} == {0.25}
    fleet.play(0.5)
    known = [sum(one.cpu == 0.5 for one in fleet.states.latest()) for _ in range(3)]
    assert known == sorted(known)
    assert 80 <= known[0] <= 90
    assert known[-1] == 250


def test_a_loss_is_known_at_once() -> None:
    fleet = Fleet(250)
    fleet.play(0.25)
    fleet.states.latest()
    for incarnation in ("i7", "i8", "i9"):
        fleet.timeline.lose(incarnation)
    lost = [one.name for one in fleet.states.latest() if one.health == "lost"]
    assert lost == ["agent-7", "agent-8", "agent-9"]


def test_a_saturated_agent_is_told_of_once_and_not_in_the_first_seconds() -> None:
    fleet = Fleet(3)
    told: list[str | None] = []
    for _ in range(5):
        fleet.play(0.25)
        fleet.states.latest()
        told.append(fleet.states.take_news())
    assert told[:2] == told[3:] == [None, None]
    assert told[2] is not None
    assert told[2].startswith("agent-0: send lag p99 250 ms is above 5ms: ")
    assert told[2].endswith(" (and 2 more agents)")
