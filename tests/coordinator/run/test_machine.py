"""The life of a run, as tables of events and as properties of random ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell_coordinator.judge.ending import Cause
from groundswell_coordinator.run.events import (
    AgentEnded,
    AgentExpelled,
    AgentLeaving,
    AgentLost,
    AgentPrepared,
    AgentRefused,
    AgentsChosen,
    Close,
    Event,
    GuardExceeded,
    Instruction,
    LossPolicy,
    MoveShare,
    Prepare,
    Start,
    StartAcknowledged,
    Stop,
    StopMode,
    StopRequested,
    Tick,
)
from groundswell_coordinator.run.machine import RunMachine, State

if TYPE_CHECKING:
    from collections.abc import Sequence

AGENTS = ("a", "b")
GRACEFUL = StopRequested(StopMode.GRACEFUL, Cause.INTERRUPTED)
ABORT = StopRequested(StopMode.ABORT, Cause.INTERRUPTED)


def played(
    *events: tuple[float, Event], on_loss: LossPolicy = LossPolicy.RESHARE
) -> tuple[RunMachine, list[Instruction]]:
    """A machine of a 10 s run after these events, and what the last of them instructed."""
    machine = RunMachine(planned_span=10.0, on_loss=on_loss)
    instructions: list[Instruction] = []
    for now, event in events:
        instructions = machine.handle(event, now)
    return machine, instructions


PREPARING: Sequence[tuple[float, Event]] = ((1.0, AgentsChosen(AGENTS)),)
STARTING = (*PREPARING, (1.5, AgentPrepared("a")), (2.0, AgentPrepared("b")))
RUNNING = (*STARTING, (2.01, StartAcknowledged("a")), (2.02, StartAcknowledged("b")))


def running_with(agents: tuple[str, ...]) -> tuple[tuple[float, Event], ...]:
    return (
        (1.0, AgentsChosen(agents)),
        *((2.0, AgentPrepared(agent)) for agent in agents),
        *((2.1, StartAcknowledged(agent)) for agent in agents),
    )


def test_chosen_agents_are_told_to_prepare() -> None:
    machine, instructions = played(*PREPARING)
    assert instructions == [Prepare(AGENTS)]
    assert machine.state is State.PREPARING


def test_the_start_is_ordered_once_the_last_agent_is_prepared() -> None:
    _, none_yet = played(*PREPARING, (1.5, AgentPrepared("a")))
    assert none_yet == []
    machine, instructions = played(*STARTING)
    [start] = instructions
    assert isinstance(start, Start)
    assert start.start_at == pytest.approx(2.4)
    assert machine.state is State.STARTING


def test_a_thousand_agents_have_the_time_to_acknowledge_a_start() -> None:
    agents = tuple(f"agent-{n}" for n in range(1000))
    prepared = [(1.0, AgentPrepared(name)) for name in agents]
    machine, [start] = played((0.5, AgentsChosen(agents)), *prepared)
    assert isinstance(start, Start)
    assert start.start_at == pytest.approx(3.5)
    assert machine.handle(Tick(), 3.29) == []


def test_a_second_word_of_one_agent_does_not_stand_for_another() -> None:
    machine, instructions = played(*PREPARING, (1.5, AgentPrepared("a")), (1.6, AgentPrepared("a")))
    assert (machine.state, instructions) == (State.PREPARING, [])


def test_it_runs_when_all_have_acknowledged_the_start() -> None:
    machine, _ = played(*RUNNING)
    assert machine.state is State.RUNNING
    assert machine.start_at == pytest.approx(2.4)


def test_without_all_acknowledgements_200_ms_before_the_start_it_is_cancelled() -> None:
    machine, instructions = played(*STARTING, (2.01, StartAcknowledged("a")), (2.19, Tick()))
    assert (machine.state, instructions) == (State.STARTING, [])
    [close] = machine.handle(Tick(), 2.21)
    assert isinstance(close, Close)
    assert close.cause is Cause.START_FAILED
    assert "by b" in close.message


def test_the_run_is_complete_when_every_agent_has_sent_its_last_interval() -> None:
    machine, instructions = played(*RUNNING, (12.5, AgentEnded("a")), (12.6, AgentEnded("b")))
    assert instructions == [Close(Cause.COMPLETE)]
    assert machine.state is State.CLOSED


@pytest.mark.parametrize(
    ("policy", "then", "state"),
    [
        (LossPolicy.RESHARE, [MoveShare("a")], State.RUNNING),
        (LossPolicy.CONTINUE, [], State.RUNNING),
        (LossPolicy.ABORT, [Stop(StopMode.ABORT)], State.STOPPING),
    ],
)
def test_what_becomes_of_a_lost_share_is_the_policy(
    policy: LossPolicy, then: list[Instruction], state: State
) -> None:
    machine, instructions = played(*RUNNING, (5.0, AgentLost("a")), on_loss=policy)
    assert (machine.state, instructions) == (state, then)
    assert machine.cause is (Cause.AGENT_LOST if policy is LossPolicy.ABORT else Cause.COMPLETE)


def test_the_reports_of_a_lost_agent_are_waited_for() -> None:
    machine, _ = played(*RUNNING, (5.0, AgentLost("a")))
    assert machine.handle(AgentEnded("b"), 12.5) == []
    # To hear of it again, or of the loss of one that has ended, changes nothing.
    assert machine.handle(AgentLost("a"), 13.0) == []
    assert machine.handle(AgentLost("b"), 13.0) == []
    assert machine.handle(Tick(), 14.9) == []
    assert machine.handle(Tick(), 15.0) == [Close(Cause.COMPLETE)]


def test_a_lost_agent_that_delivers_its_last_report_is_not_waited_for_any_longer() -> None:
    machine, _ = played(*RUNNING, (5.0, AgentLost("a")), (6.0, AgentEnded("b")))
    assert machine.handle(AgentEnded("a"), 6.5) == [Close(Cause.COMPLETE)]


@pytest.mark.parametrize("policy", LossPolicy)
def test_the_last_ones_loss_moves_nothing_and_ends_the_run(policy: LossPolicy) -> None:
    ended = (*RUNNING, (4.0, AgentEnded("b")))
    machine, instructions = played(*ended, (5.0, AgentLost("a")), on_loss=policy)
    assert (machine.state, instructions) == (State.RUNNING, [])
    assert machine.handle(Tick(), 15.0) == [Close(Cause.COMPLETE)]


def test_a_share_moves_once_however_often_its_agent_is_lost() -> None:
    machine, _ = played(*RUNNING, (5.0, AgentLost("a")))
    assert machine.handle(AgentLost("a"), 5.1) == []
    assert machine.handle(AgentLeaving("a", 1, {}), 5.2) == []


def test_who_leaves_moves_its_share_at_its_own_boundary_and_ends_in_order() -> None:
    leaving = AgentLeaving("a", 7, {"s": 3})
    machine, instructions = played(*RUNNING, (5.0, leaving))
    assert (machine.state, instructions) == (State.RUNNING, [MoveShare("a", 7, {"s": 3})])
    assert machine.heirs == {"b"}
    assert machine.handle(leaving, 5.1) == []
    assert machine.handle(AgentEnded("a"), 6.0) == []
    assert machine.handle(AgentEnded("b"), 12.5) == [Close(Cause.COMPLETE)]


@pytest.mark.parametrize("policy", LossPolicy)
def test_who_is_lost_after_it_handed_over_moves_nothing_more(policy: LossPolicy) -> None:
    leaving = (*RUNNING, (5.0, AgentLeaving("a", 7, {})))
    machine, instructions = played(*leaving, (6.0, AgentLost("a")), on_loss=policy)
    assert (machine.state, instructions) == (State.RUNNING, [])
    assert machine.handle(AgentEnded("b"), 12.5) == []
    assert machine.handle(Tick(), 16.0) == [Close(Cause.COMPLETE)]


def test_the_last_one_that_leaves_has_no_heir() -> None:
    machine, instructions = played(
        *RUNNING, (5.0, AgentEnded("b")), (6.0, AgentLeaving("a", 7, {}))
    )
    assert (machine.heirs, instructions) == (frozenset(), [])
    assert machine.handle(AgentEnded("a"), 6.5) == [Close(Cause.COMPLETE)]


def test_who_was_expelled_inherits_nothing_and_is_not_waited_for_once_it_is_lost() -> None:
    three = ("a", "b", "c")
    machine, _ = played(*running_with(three), (5.0, AgentExpelled("b")))
    assert machine.heirs == {"a", "c"}
    assert machine.handle(AgentLost("a"), 5.1) == [MoveShare("a")]
    assert machine.heirs == {"c"}
    assert machine.handle(AgentLost("b"), 6.0) == [MoveShare("b")]
    assert machine.handle(AgentEnded("c"), 12.5) == []
    assert machine.handle(AgentEnded("a"), 12.6) == [Close(Cause.COMPLETE)]


def test_nothing_moves_to_an_agent_that_was_expelled() -> None:
    machine, instructions = played(*RUNNING, (5.0, AgentExpelled("b")), (5.1, AgentLost("a")))
    assert (machine.state, instructions) == (State.RUNNING, [])


def test_nothing_moves_while_a_run_is_stopped() -> None:
    machine, _ = played(*RUNNING, (5.0, GRACEFUL))
    assert machine.handle(AgentLeaving("a", 7, {}), 5.1) == []
    assert machine.handle(AgentLost("a"), 5.2) == []
    assert machine.handle(AgentExpelled("b"), 5.3) == []
    assert machine.handle(AgentLost("b"), 5.4) == []
    assert machine.handle(Tick(), 13.0) == [Close(Cause.INTERRUPTED)]


def test_a_run_that_is_taken_up_again_runs_and_remembers_what_has_moved() -> None:
    machine = RunMachine(planned_span=10.0)
    machine.resume(50.0, ("a", "b", "c"), moved=["b"])
    assert (machine.state, machine.start_at) == (State.RUNNING, 50.0)
    assert machine.heirs == {"a", "c"}
    assert machine.handle(AgentLeaving("b", 7, {}), 52.0) == []
    assert machine.handle(AgentLost("b"), 53.0) == []
    assert machine.handle(AgentLost("a"), 53.0) == [MoveShare("a")]
    assert machine.handle(AgentEnded("c"), 61.0) == []
    assert machine.handle(Tick(), 63.0) == [Close(Cause.COMPLETE)]


def test_a_run_that_is_taken_up_again_has_its_hard_end_where_it_was() -> None:
    machine = RunMachine(planned_span=10.0)
    machine.resume(-20.0, AGENTS, moved=())
    assert machine.handle(Tick(), 4.9) == []
    assert machine.handle(Tick(), 5.0) == [Stop(StopMode.ABORT)]
    assert machine.cause is Cause.OVERDUE


def test_a_start_that_was_stored_late_is_put_off() -> None:
    machine, _ = played(*STARTING)
    assert machine.can_be_acknowledged(2.05)
    assert not machine.can_be_acknowledged(2.15)
    assert machine.put_off(2.15, took=0.15) == pytest.approx(2.15 + 0.4 + 0.3)
    assert machine.can_be_acknowledged(2.3)
    assert machine.handle(Tick(), 2.3) == []
    [close] = machine.handle(Tick(), 2.66)
    assert isinstance(close, Close)


def test_many_agents_have_more_time_to_hear_of_the_start() -> None:
    names = tuple(str(number) for number in range(1000))
    machine, _ = played((1.0, AgentsChosen(names)), *((2.0, AgentPrepared(name)) for name in names))
    assert machine.start_at == pytest.approx(2.0 + 2.5)


@pytest.mark.parametrize("before", [(), PREPARING, STARTING])
def test_a_stop_before_the_load_closes_the_run(before: Sequence[tuple[float, Event]]) -> None:
    machine, instructions = played(*before, (2.1, GRACEFUL))
    assert instructions == [Close(Cause.INTERRUPTED)]
    assert machine.state is State.CLOSED


def test_a_second_stop_aborts_once() -> None:
    machine, instructions = played(*RUNNING, (5.0, GRACEFUL))
    assert instructions == [Stop(StopMode.GRACEFUL)]
    assert machine.handle(GRACEFUL, 5.1) == []
    assert machine.handle(ABORT, 5.2) == [Stop(StopMode.ABORT)]
    assert machine.handle(ABORT, 5.3) == []


@pytest.mark.parametrize(("stop", "limit"), [(GRACEFUL, 8.0), (ABORT, 5.0)])
def test_a_stop_that_agents_do_not_answer_ends_nevertheless(
    stop: StopRequested, limit: float
) -> None:
    machine, _ = played(*RUNNING, (5.0, stop))
    assert machine.handle(Tick(), 5.0 + limit - 0.1) == []
    assert machine.handle(Tick(), 5.0 + limit) == [Close(Cause.INTERRUPTED)]


def test_a_run_that_outlasts_its_plan_is_aborted() -> None:
    machine, instructions = played(*RUNNING, (2.4 + 10 + 15.1, Tick()))
    assert instructions == [Stop(StopMode.ABORT)]
    assert machine.cause is Cause.OVERDUE


def test_waiting_for_agents_has_an_end() -> None:
    _, instructions = played((60.0, Tick()))
    [close] = instructions
    assert isinstance(close, Close)
    assert close.cause is Cause.NO_AGENTS


@pytest.mark.parametrize(
    ("event", "cause"),
    [
        (AgentRefused("a", "too much", "lower it"), Cause.REFUSED),
        (GuardExceeded("a starts at most 1/s", "use more"), Cause.REFUSED),
        (AgentLost("a"), Cause.NO_AGENTS),
    ],
)
def test_an_agent_that_cannot_prepare_ends_the_run_before_any_load(
    event: Event, cause: Cause
) -> None:
    _, instructions = played(*PREPARING, (1.5, event))
    [close] = instructions
    assert isinstance(close, Close)
    assert close.cause is cause
    assert "a" in close.message


# --- any order of events -----------------------------------------------------------------------

CREW = ("a", "b", "c", "d")
# Not what a conductor would ever say: any agent may at any time do anything, also again.
events: st.SearchStrategy[Event] = st.one_of(
    st.sampled_from(
        [AgentPrepared, StartAcknowledged, AgentEnded, AgentLost, AgentExpelled]
    ).flatmap(lambda kind: st.sampled_from(CREW).map(kind)),
    st.sampled_from(CREW).map(lambda agent: AgentLeaving(agent, 7, {})),
    st.sampled_from(
        [
            AgentsChosen(CREW),
            GRACEFUL,
            ABORT,
            Tick(),
            AgentRefused("a", "", ""),
            GuardExceeded("", ""),
        ]
    ),
)
steps = st.lists(st.tuples(st.floats(0.0, 5.0), events), max_size=60)
# Most orders of events never come to a load: many begin with one, or on the way to it.
ON_THE_WAY = running_with(CREW)
beginnings = st.one_of(
    st.just(ON_THE_WAY), st.integers(0, len(ON_THE_WAY)).map(lambda length: ON_THE_WAY[:length])
)
UNDER_LOAD = (State.RUNNING, State.STOPPING)


@dataclass
class Played:
    """A course of events; what the machine said to each, where it was before, and its heirs then."""

    machine: RunMachine
    course: list[tuple[State, Event, list[Instruction], frozenset[str]]]
    now: float

    @property
    def said(self) -> list[Instruction]:
        return [one for _, _, instructions, _ in self.course for one in instructions]

    @property
    def is_over(self) -> bool:
        return self.machine.state is State.CLOSED

    def take(self, event: Event) -> list[Instruction]:
        before = self.machine.state
        instructions = self.machine.handle(event, self.now)
        self.course.append((before, event, instructions, self.machine.heirs))
        return instructions


@st.composite
def courses(draw: st.DrawFn) -> Played:
    machine = RunMachine(planned_span=10.0, on_loss=draw(st.sampled_from(LossPolicy)))
    played = Played(machine, [], 0.0)
    for at, event in draw(beginnings):
        played.now = at
        played.take(event)
    for wait, event in draw(steps):
        played.now += wait
        played.take(event)
    return played


@given(courses())
def test_no_order_of_events_starts_load_twice_or_says_anything_after_the_end(
    course: Played,
) -> None:
    kinds = [type(instruction) for instruction in course.said]
    assert kinds.count(Prepare) <= 1
    assert kinds.count(Start) <= 1
    assert kinds.count(Close) <= 1
    assert kinds.count(Stop) <= 2
    if Close in kinds:
        assert kinds[-1] is Close
        assert course.machine.state is State.CLOSED


@given(courses())
def test_no_order_of_events_starts_load_before_all_have_prepared(course: Played) -> None:
    prepared: set[str] = set()
    for state, event, instructions, _ in course.course:
        if state is State.PREPARING and isinstance(event, AgentPrepared):
            prepared.add(event.agent)
        for one in instructions:
            if isinstance(one, Start):
                assert prepared == set(CREW)


@given(courses())
def test_no_order_of_events_moves_a_share_twice_or_to_somebody_who_is_gone(course: Played) -> None:
    gone: set[str] = set()
    moved: list[str] = []
    for state, event, instructions, heirs in course.course:
        if isinstance(event, AgentEnded | AgentLost | AgentExpelled) and state in UNDER_LOAD:
            gone.add(event.agent)
        # Whoever leaves when the run is stopped already has nobody to hand over to.
        if isinstance(event, AgentLeaving) and state is State.RUNNING:
            gone.add(event.agent)
        for one in instructions:
            if isinstance(one, MoveShare):
                moved.append(one.agent)
                # There is somebody to take it over, and nobody of those who cannot.
                assert heirs
                assert one.agent == getattr(event, "agent", None)
        assert not heirs & {*moved, *gone}
    assert len(moved) == len(set(moved))


@given(courses())
def test_a_share_moves_only_while_the_run_is_neither_stopped_nor_over(course: Played) -> None:
    is_stopped = False
    for _, _, instructions, _ in course.course:
        for one in instructions:
            assert not (is_stopped and isinstance(one, MoveShare))
            is_stopped = is_stopped or isinstance(one, Stop | Close)


@given(courses())
def test_whatever_happens_time_alone_brings_every_run_to_its_end(course: Played) -> None:
    for _ in range(200):
        course.now += 1.0
        course.take(Tick())
    assert course.machine.state is State.CLOSED
    assert sum(isinstance(one, Close) for one in course.said) == 1


@given(courses(), st.permutations(CREW), st.lists(st.booleans(), min_size=4, max_size=4))
def test_a_run_under_load_ends_once_everybody_has_ended_or_been_lost_for_long(
    course: Played, order: list[str], ends: list[bool]
) -> None:
    if course.machine.state not in UNDER_LOAD:
        return
    for agent, in_order in zip(order, ends, strict=True):
        course.take(AgentEnded(agent) if in_order else AgentLost(agent))
    if not course.is_over:
        assert not all(ends)
        course.now += course.machine.limits.late_reports
        course.take(Tick())
        # Unless it was cut off at the same moment, and is waited for a little longer.
        if not course.is_over:
            assert course.machine.cause is Cause.OVERDUE
            course.take(Tick())
    assert course.is_over
