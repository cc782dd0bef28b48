"""The life of a run, as tables of events and as properties of random ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell_coordinator.judge.ending import Cause
from groundswell_coordinator.run.events import (
    AgentEnded,
    AgentLost,
    AgentPrepared,
    AgentRefused,
    AgentsChosen,
    Close,
    Event,
    Instruction,
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


def played(*events: tuple[float, Event]) -> tuple[RunMachine, list[Instruction]]:
    """A machine of a 10 s run after these events, and what the last of them instructed."""
    machine = RunMachine(planned_span=10.0)
    instructions: list[Instruction] = []
    for now, event in events:
        instructions = machine.handle(event, now)
    return machine, instructions


PREPARING: Sequence[tuple[float, Event]] = ((1.0, AgentsChosen(AGENTS)),)
STARTING = (*PREPARING, (1.5, AgentPrepared("a")), (2.0, AgentPrepared("b")))
RUNNING = (*STARTING, (2.01, StartAcknowledged("a")), (2.02, StartAcknowledged("b")))


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


def test_a_lost_agent_does_not_end_the_run_and_the_last_one_does() -> None:
    machine, instructions = played(*RUNNING, (5.0, AgentLost("a")))
    assert (machine.state, instructions) == (State.RUNNING, [])
    assert machine.handle(AgentLost("b"), 6.0) == [Close(Cause.COMPLETE)]


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


agent_events = st.sampled_from(
    [
        *(
            kind(agent)
            for kind in (AgentPrepared, StartAcknowledged, AgentEnded, AgentLost)
            for agent in AGENTS
        ),
        AgentRefused("a", "", ""),
        AgentsChosen(AGENTS),
        GRACEFUL,
        ABORT,
        Tick(),
    ]
)


@given(st.lists(st.tuples(st.floats(0.0, 5.0), agent_events), max_size=40))
def test_no_order_of_events_starts_load_twice_or_after_the_end(
    steps: list[tuple[float, Event]],
) -> None:
    machine = RunMachine(planned_span=10.0)
    now = 0.0
    seen: list[Instruction] = []
    for wait, event in steps:
        now += wait
        seen += machine.handle(event, now)
    kinds = [type(instruction) for instruction in seen]
    assert kinds.count(Prepare) <= 1
    assert kinds.count(Start) <= 1
    assert kinds.count(Close) <= 1
    assert kinds.count(Stop) <= 2
    if Close in kinds:
        assert kinds[-1] is Close
        assert machine.state is State.CLOSED
    # Whatever happens, time alone brings every run to its end.
    for _ in range(200):
        now += 1.0
        machine.handle(Tick(), now)
    assert machine.state is State.CLOSED
