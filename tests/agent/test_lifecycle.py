"""The life of an agent, as a table of events and as properties of random ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell.schedule.division import Handover
from groundswell.schedule.shares import ShareEntry
from groundswell.v1.agent_pb2 import Prepare
from groundswell_agent.engine.phases import Kind, Performed
from groundswell_agent.events import (
    Arm,
    BreakOff,
    Build,
    BuildFailed,
    Built,
    Depart,
    Discard,
    DrainRequested,
    Event,
    Halt,
    HaltMode,
    HandOver,
    Instruction,
    LeaseEnded,
    LoadEnded,
    Perform,
    PerformReceived,
    PhaseEnded,
    PrepareReceived,
    Released,
    ReshareReceived,
    ResultReceived,
    SayPerformed,
    SayPrepared,
    SayRefused,
    SayStartAcknowledged,
    StartReceived,
    StopReceived,
    TakeOver,
    TakeResult,
)
from groundswell_agent.lifecycle import Lifecycle, State
from groundswell_agent.preflight.check import warning

PREPARE = Prepare(run_id="r1")
ABORT = HaltMode.ABORT
MOVED = (Handover(1, "gone", 5_000_000_000, (ShareEntry("here"),)),)

RUN: list[tuple[Event, list[Instruction], State]] = [
    (PrepareReceived(PREPARE), [Build(PREPARE)], State.PREPARING),
    (Built("r1"), [SayPrepared("r1")], State.READY),
    (StartReceived("r1", 7), [Arm(7), SayStartAcknowledged("r1", 7)], State.RUNNING),
    (ReshareReceived("r1", MOVED), [TakeOver(MOVED)], State.RUNNING),
    (StopReceived("r1", ABORT), [Halt(ABORT)], State.RUNNING),
    (LoadEnded("r1"), [], State.REPORTING),
    (Released("r1"), [Discard()], State.IDLE),
]


def test_what_was_found_before_the_load_is_said_with_being_prepared() -> None:
    found = (warning("speed", "rate_above_speed", "too much is planned"),)
    assert after(1).handle(Built("r1", found)) == [SayPrepared("r1", found)]


def after(steps: int) -> Lifecycle:
    lifecycle = Lifecycle()
    for event, _, _ in RUN[:steps]:
        lifecycle.handle(event)
    return lifecycle


def test_a_run_from_its_share_to_its_release() -> None:
    lifecycle = Lifecycle()
    for event, instructions, state in RUN:
        assert (lifecycle.handle(event), lifecycle.state) == (instructions, state)


@pytest.mark.parametrize("steps", [1, 2, 3, 6])
def test_a_second_run_is_refused_while_one_is_served(steps: int) -> None:
    lifecycle = after(steps)
    before = lifecycle.state
    [refused] = lifecycle.handle(PrepareReceived(Prepare(run_id="r2")))
    assert isinstance(refused, SayRefused)
    assert (refused.run_id, refused.code) == ("r2", "busy")
    assert lifecycle.state is before


@pytest.mark.parametrize("steps", [1, 2, 3, 6])
def test_messages_of_another_run_are_ignored(steps: int) -> None:
    lifecycle = after(steps)
    before = lifecycle.state
    others: list[Event] = [
        StartReceived("r2", 7),
        StopReceived("r2", ABORT),
        Released("r2"),
        LoadEnded("r2"),
        Built("r2"),
        ReshareReceived("r2", MOVED),
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


@pytest.mark.parametrize("steps", range(7))
def test_the_end_of_the_lease_aborts_a_load_and_nothing_else(steps: int) -> None:
    lifecycle = after(steps)
    was_running = lifecycle.state is State.RUNNING
    ended: list[Instruction] = [Halt(ABORT), HandOver("its lease ended", at_once=True)]
    assert lifecycle.handle(LeaseEnded()) == (ended if was_running else [])
    assert lifecycle.handle(LeaseEnded()) == ([Halt(ABORT)] if was_running else [])


def test_a_release_in_the_middle_of_the_load_ends_it() -> None:
    lifecycle = after(3)
    assert lifecycle.handle(Released("r1")) == [Halt(ABORT), Discard()]


@pytest.mark.parametrize(
    ("steps", "instructions", "state"),
    [
        (0, [Depart()], State.IDLE),
        (1, [Discard(), Depart()], State.IDLE),
        (2, [Discard(), Depart()], State.IDLE),
        (3, [HandOver("why")], State.LEAVING),
        (6, [], State.REPORTING),
        (7, [Depart()], State.IDLE),
    ],
    ids=["idle", "preparing", "ready", "running", "reporting", "idle again"],
)
def test_who_is_told_to_leave_hands_over_what_it_carries_out_and_owes_nobody_the_rest(
    steps: int, instructions: list[Instruction], state: State
) -> None:
    lifecycle = after(steps)
    assert (lifecycle.handle(DrainRequested("why")), lifecycle.state) == (instructions, state)


def test_a_share_is_handed_over_once_whoever_asks_for_it() -> None:
    lifecycle = after(3)
    assert lifecycle.handle(DrainRequested("why")) == [HandOver("why")]
    assert lifecycle.handle(DrainRequested("again")) == []
    assert lifecycle.handle(LeaseEnded()) == [Halt(ABORT)]
    lifecycle = after(3)
    lifecycle.handle(LeaseEnded())
    assert lifecycle.handle(DrainRequested("why")) == []


def test_who_is_leaving_still_hears_what_the_coordinator_says() -> None:
    lifecycle = after(3)
    lifecycle.handle(DrainRequested())
    # Its own handover comes back with the others', and those it has to know to count right.
    assert lifecycle.handle(ReshareReceived("r1", MOVED)) == [TakeOver(MOVED)]
    assert lifecycle.handle(StopReceived("r1", HaltMode.GRACEFUL)) == [Halt(HaltMode.GRACEFUL)]
    assert (lifecycle.handle(LoadEnded("r1")), lifecycle.state) == ([], State.REPORTING)
    assert lifecycle.handle(Released("r1")) == [Discard()]


def test_who_is_released_while_it_leaves_forgets_the_run_at_once() -> None:
    lifecycle = after(3)
    lifecycle.handle(DrainRequested())
    assert lifecycle.handle(Released("r1")) == [Halt(ABORT), Discard()]
    assert lifecycle.state is State.IDLE


@pytest.mark.parametrize("steps", [0, 1, 2, 6])
def test_handovers_concern_only_who_loads(steps: int) -> None:
    lifecycle = after(steps)
    assert lifecycle.handle(ReshareReceived("r1", MOVED)) == []


# --- setup and teardown ------------------------------------------------------------------------

SETUP, TEARDOWN = PerformReceived("r1", Kind.SETUP), PerformReceived("r1", Kind.TEARDOWN)
UNDER_LEASE = (
    *(State.SETTING_UP, State.RUNNING, State.LEAVING),
    *(State.REPORTING, State.TEARING_DOWN),
)
DONE = {kind: Performed(kind, requests=2) for kind in Kind}


def test_who_is_ready_does_the_setup_once_and_then_takes_what_came_of_it() -> None:
    lifecycle = after(2)
    assert (lifecycle.handle(SETUP), lifecycle.state) == ([Perform(Kind.SETUP)], State.SETTING_UP)
    assert lifecycle.handle(SETUP) == []
    done = PhaseEnded("r1", DONE[Kind.SETUP])
    assert lifecycle.handle(done) == [SayPerformed("r1", DONE[Kind.SETUP])]
    assert lifecycle.handle(SETUP) == [SayPerformed("r1", DONE[Kind.SETUP])]
    assert lifecycle.handle(ResultReceived("r1", b"{}")) == [TakeResult(b"{}")]
    assert lifecycle.handle(StartReceived("r1", 7))[0] == Arm(7)


@pytest.mark.parametrize(
    ("event", "instructions"),
    [
        (Released("r1"), [Discard()]),
        (StopReceived("r1", ABORT), [Discard()]),
        (DrainRequested(), [Discard(), Depart()]),
    ],
)
def test_a_setup_is_given_up_with_its_run(event: Event, instructions: list[Instruction]) -> None:
    lifecycle = after(2)
    lifecycle.handle(SETUP)
    assert (lifecycle.handle(event), lifecycle.state) == (instructions, State.IDLE)


@pytest.mark.parametrize("steps", [2, 3, 6], ids=["ready", "running", "reporting"])
def test_to_tear_down_is_to_load_no_more_and_is_done_once(steps: int) -> None:
    lifecycle = after(steps)
    assert lifecycle.handle(TEARDOWN) == [Halt(ABORT), Perform(Kind.TEARDOWN)]
    assert lifecycle.state is State.TEARING_DOWN
    assert lifecycle.handle(TEARDOWN) == []
    assert (lifecycle.handle(LoadEnded("r1")), lifecycle.state) == ([], State.TEARING_DOWN)
    done = PhaseEnded("r1", DONE[Kind.TEARDOWN])
    assert lifecycle.handle(done) == [SayPerformed("r1", DONE[Kind.TEARDOWN])]
    # A coordinator that was restarted may ask again.
    assert lifecycle.handle(TEARDOWN) == [SayPerformed("r1", DONE[Kind.TEARDOWN])]
    assert (lifecycle.handle(Released("r1")), lifecycle.state) == ([Discard()], State.IDLE)


def test_the_end_of_the_lease_breaks_a_teardown_off_and_none_is_begun_after_it() -> None:
    lifecycle = after(6)
    lifecycle.handle(TEARDOWN)
    assert lifecycle.handle(LeaseEnded()) == [BreakOff()]
    lifecycle = after(6)
    lifecycle.handle(LeaseEnded())
    [said] = lifecycle.handle(TEARDOWN)
    assert isinstance(said, SayPerformed)
    assert (said.performed.failure, said.performed.requests) == ("lease", 0)
    assert lifecycle.state is State.REPORTING


def test_a_lease_that_ends_before_the_load_keeps_nobody_from_setup() -> None:
    lifecycle = after(2)
    lifecycle.handle(LeaseEnded())
    assert lifecycle.handle(SETUP) == [Perform(Kind.SETUP)]


def test_the_next_run_has_a_setup_of_its_own() -> None:
    lifecycle = after(2)
    for event in (SETUP, Released("r1"), PrepareReceived(PREPARE), Built("r1")):
        lifecycle.handle(event)
    assert lifecycle.handle(SETUP) == [Perform(Kind.SETUP)]


# --- any order of events -----------------------------------------------------------------------

runs = st.sampled_from(["r1", "r2"])
events: st.SearchStrategy[Event] = st.one_of(
    runs.map(lambda run: PrepareReceived(Prepare(run_id=run))),
    runs.map(Built),
    runs.map(lambda run: BuildFailed(run, "bad")),
    runs.map(lambda run: StartReceived(run, 1)),
    st.builds(StopReceived, runs, st.sampled_from(HaltMode)),
    runs.map(lambda run: ReshareReceived(run, MOVED)),
    runs.map(Released),
    runs.map(LoadEnded),
    st.builds(PerformReceived, runs, st.sampled_from(Kind)),
    st.builds(PhaseEnded, runs, st.sampled_from(list(DONE.values()))),
    runs.map(lambda run: ResultReceived(run, b"{}")),
    st.just(LeaseEnded()),
    st.just(DrainRequested()),
)


def beginning_with(steps: int, order: list[Event]) -> list[Event]:
    return [*(event for event, _, _ in RUN[:steps]), *order]


# By chance alone few orders come as far as a load.
orders = st.builds(beginning_with, st.integers(0, len(RUN)), st.lists(events, max_size=60))


def played(order: list[Event]) -> list[tuple[Event, list[Instruction], State]]:
    lifecycle = Lifecycle()
    return [(event, lifecycle.handle(event), lifecycle.state) for event in order]


@given(orders)
def test_no_order_of_events_loads_without_a_share_that_was_built_and_a_start(
    order: list[Event],
) -> None:
    """Builds, starts and discards of one run after the other, never of two at once."""
    held: str | None = None
    is_built = is_armed = False
    for event, instructions, state in played(order):
        is_built = is_built or (isinstance(event, Built) and event.run_id == held)
        for instruction in instructions:
            match instruction:
                case Build(prepare):
                    assert held is None
                    held, is_built, is_armed = prepare.run_id, False, False
                case Arm():
                    assert is_built
                    assert isinstance(event, StartReceived)
                    assert event.run_id == held
                    assert not is_armed
                    is_armed = True
                case Halt() | TakeOver() | HandOver():
                    # Who is to tear down is not to begin, either.
                    assert is_armed or isinstance(event, PerformReceived)
                case Discard():
                    assert held is not None
                    held = None
                case _:
                    pass
        assert (state is State.IDLE) == (held is None)


@given(orders)
def test_after_its_lease_nothing_gives_an_agent_more_load_before_the_next_run(
    order: list[Event],
) -> None:
    has_ended = False
    handed_over = 0
    before = State.IDLE
    for event, instructions, state in played(order):
        for instruction in instructions:
            match instruction:
                case Build():
                    has_ended, handed_over = False, 0
                case Arm():
                    assert not has_ended
                case HandOver():
                    handed_over += 1
                    assert handed_over == 1
                case _:
                    pass
        if isinstance(event, LeaseEnded) and before in (State.RUNNING, State.LEAVING):
            has_ended = True
            assert instructions[0] == Halt(ABORT)
            assert handed_over == 1
        if has_ended:
            assert state is not State.RUNNING
        before = state


@given(orders)
def test_an_agent_departs_only_when_it_is_asked_to_and_holds_no_run(order: list[Event]) -> None:
    for event, instructions, state in played(order):
        if Depart() in instructions:
            assert isinstance(event, DrainRequested)
            assert instructions[-1] == Depart()
            assert state is State.IDLE


@given(orders)
def test_every_order_to_prepare_is_answered(order: list[Event]) -> None:
    """By a build, whose end is told, or by a refusal."""
    for event, instructions, _ in played(order):
        if isinstance(event, PrepareReceived):
            [answer] = instructions
            assert isinstance(answer, Build | SayRefused)


@given(orders)
def test_no_order_of_events_performs_a_phase_twice_in_a_run_or_without_a_lease(
    order: list[Event],
) -> None:
    begun: list[Kind] = []
    is_leased = True
    before = State.IDLE
    for event, instructions, state in played(order):
        is_leased = is_leased and not (isinstance(event, LeaseEnded) and before in UNDER_LEASE)
        for instruction in instructions:
            match instruction:
                case Build():
                    begun, is_leased = [], True
                case Perform(kind):
                    assert is_leased
                    assert kind not in begun
                    begun.append(kind)
                case Arm():
                    assert Kind.TEARDOWN not in begun
                case _:
                    pass
        before = state
