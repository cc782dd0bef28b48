"""The life of a run as its coordinator sees it: any event may follow any other."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    LossPolicy,
    Phase,
    PhaseEnded,
    StartAcknowledged,
    StopMode,
    StopRequested,
    Tick,
)
from groundswell_coordinator.run.machine import Limits, RunMachine, State
from tests.fuzz.decoder import Decoder

if TYPE_CHECKING:
    from collections.abc import Callable

    from groundswell_coordinator.run.events import Event

_AGENTS = ("a", "b", "c")
_POLICIES = tuple(LossPolicy)
_MOST_EVENTS = 200

_EVENTS: tuple[Callable[[str], Event], ...] = (
    lambda _: AgentsChosen(_AGENTS),
    AgentPrepared,
    lambda agent: AgentRefused(agent, "no", "hint"),
    lambda agent: PhaseEnded(agent, Phase.SETUP),
    lambda agent: PhaseEnded(agent, Phase.SETUP, "failed"),
    lambda agent: PhaseEnded(agent, Phase.TEARDOWN),
    lambda agent: PhaseEnded(agent, Phase.TEARDOWN, "exception"),
    StartAcknowledged,
    AgentEnded,
    AgentLost,
    AgentExpelled,
    lambda agent: AgentLeaving(agent, 10**9, {"s": 3}),
    lambda agent: AgentLeaving(agent, -1, {}),
    lambda _: StopRequested(StopMode.GRACEFUL, Cause.INTERRUPTED),
    lambda _: StopRequested(StopMode.ABORT, Cause.THRESHOLD),
    lambda _: Tick(),
)


def _take(data: bytes) -> None:
    """Two bytes an event: what happens to whom, and how much later. Then time passes: it ends."""
    if not data:
        return
    limits = Limits(setup=5.0 if data[0] & 1 else None, teardown=5.0 if data[0] & 2 else None)
    machine = RunMachine(10.0, limits, _POLICIES[data[0] % len(_POLICIES)])
    now, ends = 0.0, 0
    for what, later in zip(data[1 : 2 * _MOST_EVENTS : 2], data[2::2], strict=False):
        now += later / 64
        event = _EVENTS[what % len(_EVENTS)](_AGENTS[what // len(_EVENTS) % len(_AGENTS)])
        ends += sum(isinstance(one, Close) for one in machine.handle(event, now))
    for _ in range(1_000):
        if machine.state is State.CLOSED:
            break
        now += 1.0
        ends += sum(isinstance(one, Close) for one in machine.handle(Tick(), now))
    assert machine.state is State.CLOSED
    assert ends == 1


def _events(*numbers: int) -> bytes:
    return bytes(byte for number in numbers for byte in (number, 16))


DECODER = Decoder(
    "events of a run",
    _take,
    seeds=(
        b"\x00" + _events(0, 1, 17, 33, 7, 23, 39, 8, 24, 40),
        b"\x03" + _events(0, 1, 17, 33, 3, 7, 23, 39, 8, 24, 40, 5),
        b"\x00" + _events(0, 1, 17, 33, 7, 23, 39, 9, 15, 15, 13),
    ),
    words=tuple(bytes((number, 16)) for number in range(3 * len(_EVENTS))),
)
