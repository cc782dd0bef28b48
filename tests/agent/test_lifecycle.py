"""The life of an agent, as a table of events and as properties of random ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell.v1.agent_pb2 import Prepare
from groundswell_agent.lifecycle import (
    Arm,
    Build,
    BuildFailed,
    Built,
    Discard,
    Event,
    Halt,
    HaltMode,
    HandOver,
    Instruction,
    LeaseEnded,
    Lifecycle,
    LoadEnded,
    PrepareReceived,
    Released,
    SayPrepared,
    SayRefused,
    SayStartAcknowledged,
    StartReceived,
    State,
    StopReceived,
)

PREPARE = Prepare(run_id="r1")
ABORT = HaltMode.ABORT

RUN: list[tuple[Event, list[Instruction], State]] = [
    (PrepareReceived(PREPARE), [Build(PREPARE)], State.PREPARING),
    (Built("r1"), [SayPrepared("r1")], State.READY),
    (StartReceived("r1", 7), [Arm(7), SayStartAcknowledged("r1", 7)], State.RUNNING),
    (StopReceived("r1", ABORT), [Halt(ABORT)], State.RUNNING),
    (LoadEnded("r1"), [], State.REPORTING),
    (Released("r1"), [Discard()], State.IDLE),
]


def after(steps: int) -> Lifecycle:
    lifecycle = Lifecycle()
    for event, _, _ in RUN[:steps]:
        lifecycle.handle(event)
    return lifecycle


def test_a_run_from_its_share_to_its_release() -> None:
    lifecycle = Lifecycle()
    for event, instructions, state in RUN:
        assert (lifecycle.handle(event), lifecycle.state) == (instructions, state)


@pytest.mark.parametrize("steps", [1, 2, 3, 5])
def test_a_second_run_is_refused_while_one_is_served(steps: int) -> None:
    lifecycle = after(steps)
    before = lifecycle.state
    [refused] = lifecycle.handle(PrepareReceived(Prepare(run_id="r2")))
    assert isinstance(refused, SayRefused)
    assert (refused.run_id, refused.code) == ("r2", "busy")
    assert lifecycle.state is before


@pytest.mark.parametrize("steps", [1, 2, 3, 5])
def test_messages_of_another_run_are_ignored(steps: int) -> None:
    lifecycle = after(steps)
    before = lifecycle.state
    others: list[Event] = [
        StartReceived("r2", 7),
        StopReceived("r2", ABORT),
        Released("r2"),
        LoadEnded("r2"),
        Built("r2"),
    ]
    for event in others:
        assert lifecycle.handle(event) == []
    assert lifecycle.state is before


def test_a_share_that_cannot_be_built_is_refused_and_forgotten() -> None:
    lifecycle = after(1)
    assert lifecycle.handle(BuildFailed("r1", "bad", "mend it")) == [
        Discard(),
        SayRefused("r1", "invalid", "bad", "mend it"),
    ]
    assert lifecycle.state is State.IDLE


@pytest.mark.parametrize("steps", range(6))
def test_the_end_of_the_lease_aborts_a_load_and_nothing_else(steps: int) -> None:
    lifecycle = after(steps)
    was_running = lifecycle.state is State.RUNNING
    ended: list[Instruction] = [Halt(ABORT), HandOver("its lease ended", at_once=True)]
    assert lifecycle.handle(LeaseEnded()) == (ended if was_running else [])
    assert lifecycle.handle(LeaseEnded()) == ([Halt(ABORT)] if was_running else [])


def test_a_release_in_the_middle_of_the_load_ends_it() -> None:
    lifecycle = after(3)
    assert lifecycle.handle(Released("r1")) == [Halt(ABORT), Discard()]


runs = st.sampled_from(["r1", "r2"])
events: st.SearchStrategy[Event] = st.one_of(
    runs.map(lambda run: PrepareReceived(Prepare(run_id=run))),
    runs.map(Built),
    runs.map(lambda run: BuildFailed(run, "bad")),
    runs.map(lambda run: StartReceived(run, 1)),
    st.builds(StopReceived, runs, st.sampled_from(HaltMode)),
    runs.map(Released),
    runs.map(LoadEnded),
    st.just(LeaseEnded()),
)


@given(st.lists(events, max_size=60))
def test_no_order_of_events_loads_without_a_prepared_share(order: list[Event]) -> None:
    lifecycle = Lifecycle()
    held: str | None = None
    armed = 0
    for event in order:
        for instruction in lifecycle.handle(event):
            match instruction:
                case Build(prepare):
                    assert held is None
                    held, armed = prepare.run_id, 0
                case Arm():
                    assert held == lifecycle.run_id
                    armed += 1
                    assert armed == 1
                case Discard():
                    assert held is not None
                    held = None
                case _:
                    pass
        assert (lifecycle.state is State.IDLE) == (held is None)
