"""Setup and teardown in the life of a run, as tables of events and as properties of random ones."""

from __future__ import annotations

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
    Dismiss,
    Event,
    Instruction,
    Perform,
    Phase,
    PhaseEnded,
    Start,
    StartAcknowledged,
    Stop,
    StopMode,
    StopRequested,
    Tick,
)
from groundswell_coordinator.run.machine import Limits, RunMachine, State

if TYPE_CHECKING:
    from collections.abc import Sequence

    Course = Sequence[tuple[float, Event]]

AGENTS = ("a", "b")
GRACEFUL = StopRequested(StopMode.GRACEFUL, Cause.INTERRUPTED)
ABORT = StopRequested(StopMode.ABORT, Cause.INTERRUPTED)
SET_UP, TORN_DOWN = PhaseEnded("a", Phase.SETUP), PhaseEnded("a", Phase.TEARDOWN)
BOTH = Limits(setup=60.0, teardown=30.0)
ONLY_TEARDOWN = Limits(teardown=30.0)

PREPARED: Course = (
    (1.0, AgentsChosen(AGENTS)),
    (1.5, AgentPrepared("a")),
    (2.0, AgentPrepared("b")),
)
STARTING: Course = (*PREPARED, (4.0, SET_UP))
RUNNING: Course = (*STARTING, (4.1, StartAcknowledged("a")), (4.1, StartAcknowledged("b")))
ENDED: Course = (*RUNNING, (15.0, AgentEnded("a")), (15.1, AgentEnded("b")))


def played(course: Course, limits: Limits = BOTH) -> tuple[RunMachine, list[Instruction]]:
    """A machine of a 10 s run after these events, and what the last of them instructed."""
    machine = RunMachine(planned_span=10.0, limits=limits)
    instructions: list[Instruction] = []
    for now, event in course:
        instructions = machine.handle(event, now)
    return machine, instructions


def closed(instructions: list[Instruction]) -> Close:
    [close] = instructions
    assert isinstance(close, Close)
    return close


def test_setup_is_done_by_one_agent_once_all_have_prepared_and_the_start_comes_after_it() -> None:
    machine, instructions = played(PREPARED)
    assert (machine.state, instructions) == (State.SETTING_UP, [Perform("a", Phase.SETUP)])
    machine, [start] = played(STARTING)
    assert isinstance(start, Start)
    assert start.start_at == pytest.approx(4.4)
    assert machine.state is State.STARTING


def test_a_setup_that_fails_ends_the_run_before_any_load() -> None:
    failed = PhaseEnded("a", Phase.SETUP, "failed", "POST /login: it answered 500", "look")
    machine, instructions = played((*PREPARED, (4.0, failed)))
    close = closed(instructions)
    assert (close.cause, close.hint) == (Cause.SETUP_FAILED, "look")
    assert close.message == "setup failed on a: POST /login: it answered 500"
    assert not machine.has_begun


def test_an_exception_in_a_script_is_a_cause_of_its_own() -> None:
    raised = PhaseEnded("a", Phase.SETUP, "exception", "KeyError: 'x'")
    assert closed(played((*PREPARED, (4.0, raised)))[1]).cause is Cause.SETUP_RAISED


def test_an_agent_that_says_nothing_of_its_setup_is_not_waited_for_beyond_its_time() -> None:
    machine, none_yet = played((*PREPARED, (2.0 + 64.9, Tick())))
    assert none_yet == []
    assert closed(machine.handle(Tick(), 2.0 + 65.0)).cause is Cause.SETUP_FAILED


@pytest.mark.parametrize("agent", AGENTS)
def test_a_loss_during_setup_ends_the_run_and_nobody_does_it_a_second_time(agent: str) -> None:
    close = closed(played((*PREPARED, (3.0, AgentLost(agent))))[1])
    assert close.cause is Cause.NO_AGENTS
    assert f"{agent} was lost" in close.message
    assert close.hint.endswith("see to it")


def test_a_run_that_is_stopped_during_setup_says_that_its_work_may_be_half_done() -> None:
    close = closed(played((*PREPARED, (3.0, GRACEFUL)))[1])
    assert (close.cause, close.message) == (Cause.INTERRUPTED, "stopped during setup")


def test_teardown_follows_the_load_by_whoever_did_setup() -> None:
    machine, instructions = played(ENDED)
    assert (machine.state, instructions) == (State.TEARING_DOWN, [Perform("a", Phase.TEARDOWN)])
    assert machine.handle(TORN_DOWN, 16.0) == [Close(Cause.COMPLETE)]


def test_without_a_setup_any_agent_does_the_teardown() -> None:
    course = tuple(step for step in ENDED if step[1] is not SET_UP)
    assert played(course, ONLY_TEARDOWN)[1] == [Perform("a", Phase.TEARDOWN)]


def test_without_a_teardown_the_run_ends_with_its_load() -> None:
    assert played(ENDED, Limits(setup=60.0))[1] == [Close(Cause.COMPLETE)]


@pytest.mark.parametrize("away", [AgentLost("a"), AgentExpelled("a"), AgentLeaving("a", 7, {})])
def test_teardown_is_for_somebody_who_is_still_there(away: Event) -> None:
    course = (*RUNNING, (6.0, away), (15.0, AgentEnded("a")), (15.1, AgentEnded("b")))
    assert played(course)[1] == [Perform("b", Phase.TEARDOWN)]


def test_an_agent_that_is_lost_after_its_last_report_does_no_teardown_either() -> None:
    course = (*RUNNING, (14.0, AgentEnded("a")), (15.0, AgentLost("a")), (16.0, AgentEnded("b")))
    assert played(course)[1] == [Perform("b", Phase.TEARDOWN)]


def test_when_nobody_is_left_there_is_no_teardown() -> None:
    course = (*RUNNING, (6.0, AgentLost("a")), (6.0, AgentLost("b")), (16.0, Tick()))
    assert closed(played(course)[1]).cause is Cause.COMPLETE


@pytest.mark.parametrize(
    ("stop", "cause"),
    [
        (GRACEFUL, Cause.INTERRUPTED),
        (ABORT, Cause.INTERRUPTED),
        (StopRequested(StopMode.ABORT, Cause.THRESHOLD), Cause.THRESHOLD),
        (StopRequested(StopMode.GRACEFUL, Cause.STORE_FAILED), Cause.STORE_FAILED),
    ],
)
def test_teardown_follows_a_load_that_was_stopped_too_and_the_cause_stays(
    stop: StopRequested, cause: Cause
) -> None:
    course = (*RUNNING, (6.0, stop), (7.0, AgentEnded("a")), (7.1, AgentEnded("b")))
    machine, instructions = played(course)
    assert instructions == [Perform("a", Phase.TEARDOWN)]
    assert machine.handle(TORN_DOWN, 8.0) == [Close(cause)]


def test_a_stop_that_agents_do_not_answer_comes_to_teardown_nevertheless() -> None:
    machine, _ = played((*RUNNING, (6.0, GRACEFUL)))
    assert machine.handle(Tick(), 6.0 + 8.0) == [Perform("a", Phase.TEARDOWN)]


def test_only_who_insists_cuts_a_teardown_off() -> None:
    machine, _ = played(ENDED)
    assert machine.handle(GRACEFUL, 16.0) == []
    assert machine.handle(ABORT, 16.1) == [Close(Cause.COMPLETE)]


@pytest.mark.parametrize("event", [AgentLost("a"), AgentExpelled("a")])
def test_a_teardown_ends_with_its_agent_and_nobody_does_it_a_second_time(event: Event) -> None:
    machine, _ = played(ENDED)
    assert machine.handle(AgentLost("b"), 16.0) == []
    assert machine.handle(event, 16.0) == [Close(Cause.COMPLETE)]


def test_a_teardown_of_which_nothing_is_heard_has_an_end() -> None:
    machine, _ = played(ENDED)
    assert machine.handle(Tick(), 15.1 + 34.9) == []
    assert machine.handle(Tick(), 15.1 + 35.0) == [Close(Cause.COMPLETE)]


@pytest.mark.parametrize(
    ("event", "cause", "by"),
    [
        (GRACEFUL, Cause.INTERRUPTED, "a"),
        (Tick(), Cause.START_FAILED, "a"),
        (AgentLost("b"), Cause.START_FAILED, "a"),
        (AgentLost("a"), Cause.START_FAILED, "b"),
    ],
)
def test_what_setup_did_is_undone_where_the_load_never_begins(
    event: Event, cause: Cause, by: str
) -> None:
    machine, instructions = played((*STARTING, (4.3, event)))
    assert instructions == [Dismiss(by), Perform(by, Phase.TEARDOWN)]
    assert not machine.has_begun
    close = closed(machine.handle(PhaseEnded(by, Phase.TEARDOWN), 5.0))
    assert close.cause is cause


def test_without_a_setup_nothing_is_torn_down_before_the_load() -> None:
    course = (*PREPARED, (2.1, GRACEFUL))
    assert played(course, ONLY_TEARDOWN)[1] == [Close(Cause.INTERRUPTED)]


@pytest.mark.parametrize(("lost", "then"), [((), [Perform("b", Phase.TEARDOWN)]), (("b",), [])])
def test_the_next_coordinator_has_the_same_agent_tear_down_or_nobody(
    lost: tuple[str, ...], then: list[Instruction]
) -> None:
    """The one before may have ordered it, and it may be done."""
    machine = RunMachine(planned_span=10.0, limits=BOTH)
    performers = {Phase.SETUP: "a", Phase.TEARDOWN: "b"}
    machine.resume(50.0, ["a", "b"], [], performers)
    for agent in lost:
        machine.handle(AgentLost(agent), 51.0)
    left = [agent for agent in AGENTS if agent not in lost]
    said = [machine.handle(AgentEnded(agent), 60.0) for agent in left]
    assert said[-1] == then
    if not then:
        assert machine.handle(Tick(), 62.0) == [Close(Cause.COMPLETE)]


# --- any order of events -----------------------------------------------------------------------

events: st.SearchStrategy[Event] = st.one_of(
    st.sampled_from(
        [AgentPrepared, StartAcknowledged, AgentEnded, AgentLost, AgentExpelled]
    ).flatmap(lambda kind: st.sampled_from(AGENTS).map(kind)),
    st.builds(
        PhaseEnded,
        st.sampled_from(AGENTS),
        st.sampled_from(Phase),
        st.sampled_from(["", "failed", "exception"]),
    ),
    st.sampled_from([GRACEFUL, ABORT, Tick(), AgentRefused("a", "", "")]),
    st.sampled_from(AGENTS).map(lambda agent: AgentLeaving(agent, 7, {})),
)
courses = st.tuples(
    st.integers(0, len(ENDED)), st.lists(st.tuples(st.floats(0.0, 20.0), events), max_size=40)
)
limits = st.sampled_from([BOTH, ONLY_TEARDOWN, Limits(setup=60.0)])


def said(course: tuple[int, list[tuple[float, Event]]], limits: Limits) -> list[Instruction]:
    """All of it, and time until the end."""
    machine, now = RunMachine(planned_span=10.0, limits=limits), 0.0
    instructions: list[Instruction] = []
    before, after = course
    for at, event in ENDED[:before]:
        now = at
        instructions += machine.handle(event, now)
    for wait, event in after:
        now += wait
        instructions += machine.handle(event, now)
    for _ in range(300):
        now += 1.0
        instructions += machine.handle(Tick(), now)
    assert machine.state is State.CLOSED
    return instructions


@given(courses, limits)
def test_no_order_of_events_does_a_phase_twice_or_one_before_the_other(
    course: tuple[int, list[tuple[float, Event]]], limits: Limits
) -> None:
    instructions = said(course, limits)
    phases = [one.phase for one in instructions if isinstance(one, Perform)]
    assert phases in ([], [Phase.SETUP], [Phase.TEARDOWN], [Phase.SETUP, Phase.TEARDOWN])
    kinds = [type(one) for one in instructions]
    assert kinds.count(Close) == 1
    assert kinds[-1] is Close
    if Phase.SETUP in phases:
        first = instructions.index(next(one for one in instructions if isinstance(one, Perform)))
        assert Start not in kinds[:first]
    if Phase.TEARDOWN in phases:
        last = max(place for place, one in enumerate(instructions) if isinstance(one, Perform))
        assert not {Start, Stop} & set(kinds[last:])


@given(courses, limits)
def test_no_order_of_events_starts_load_on_a_setup_that_failed(
    course: tuple[int, list[tuple[float, Event]]], limits: Limits
) -> None:
    machine = RunMachine(planned_span=10.0, limits=limits)
    now, went_well = 0.0, limits.setup is None
    before, after = course
    for wait, event in (*ENDED[:before], *after):
        now = max(now, wait)
        is_setting_up = machine.state is State.SETTING_UP
        instructions = machine.handle(event, now)
        if is_setting_up and isinstance(event, PhaseEnded):
            went_well = went_well or not event.failure
        assert went_well or not any(isinstance(one, Start) for one in instructions)
