"""What came of setup and teardown: noted by the conductor, stored, told in the summary.

    log.order(Phase.SETUP, "agent-1")     before the agent hears of it
    log.end(record)                       when it has said what came of it

What setup gave is never among it. The records follow from the stored events alone, so what a summary
says of them can be worked out anew.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import msgspec

from groundswell.errors import ProtocolViolation
from groundswell.v1 import agent_pb2
from groundswell.verdict.run_warning import RunWarning
from groundswell.wire import MAX_SETUP_RESULT
from groundswell_coordinator.counted import counted
from groundswell_coordinator.report import quantity
from groundswell_coordinator.run.events import Phase

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from groundswell.scenario.model import Test
    from groundswell_coordinator.store.records import StoredEvent

UNKNOWN, NOT_DONE = "unknown", "not_done"
_MOST_LETTERS = 500


@dataclass(frozen=True, slots=True)
class PhaseRecord:
    """`failure` is empty where all went well. `took_s` and `requests` are 0 while nobody has said."""

    phase: Phase
    agent: str
    failure: str = ""
    message: str = ""
    requests: int = 0
    took_s: float = 0.0

    @classmethod
    def of(cls, agent: str, phase: Phase, said: agent_pb2.Performed) -> Self:
        failure, message = said.failure[:_MOST_LETTERS], said.message[:_MOST_LETTERS]
        return cls(phase, agent, failure, message, said.requests, said.took_ns / 1e9)

    @property
    def line(self) -> str:
        """For people: what it sent."""
        return f"{counted(self.requests, 'request')} in {quantity.duration(self.took_s * 1000, 3)}, in no metric"

    @property
    def why(self) -> str:
        """For people: why it failed, and how far it had come."""
        return f"{self.message} (after {counted(self.requests, 'request')})"

    @property
    def detail(self) -> Mapping[str, float | str]:
        """As it is stored beside agent and message."""
        return {"failure": self.failure, "requests": self.requests, "took_s": self.took_s}


@dataclass(slots=True)
class PhaseLog:
    """Of one run."""

    has_teardown: bool
    _records: dict[Phase, PhaseRecord] = field(default_factory=dict[Phase, PhaseRecord])

    @classmethod
    def restored(cls, test: Test, events: Iterable[StoredEvent]) -> Self:
        log = cls(test.teardown is not None)
        for event in events:
            if event.code in _CODES and event.detail is not None and event.agent is not None:
                log.end(_stored(_CODES[event.code], event.agent, event))
        return log

    def order(self, phase: Phase, agent: str) -> PhaseRecord:
        """What is known from the order on, until the agent has said more."""
        nothing = f"{agent} has not said what came of it"
        self._records[phase] = PhaseRecord(phase, agent, UNKNOWN, nothing)
        return self._records[phase]

    def end(self, record: PhaseRecord) -> None:
        self._records[record.phase] = record

    @property
    def performers(self) -> dict[Phase, str]:
        return {phase: record.agent for phase, record in self._records.items()}

    @property
    def records(self) -> tuple[PhaseRecord, ...]:
        """At the end of a run whose load has begun: in order, with a teardown that nobody did."""
        records = tuple(self._records.values())
        if self.has_teardown and Phase.TEARDOWN not in self._records:
            message = "no agent was left to do it"
            return (*records, PhaseRecord(Phase.TEARDOWN, "", NOT_DONE, message))
        return records


def check_performed(said: agent_pb2.Performed, phase: Phase, is_performer: bool) -> None:
    """ProtocolViolation for what nobody asked this agent to do, or for more than agents may be sent."""
    if said.phase != _ON_THE_WIRE[phase] or not is_performer:
        raise ProtocolViolation(f"it says what came of a {phase.value} that is not its own")
    if len(said.result) > MAX_SETUP_RESULT:
        raise ProtocolViolation(f"a setup that gives {len(said.result)} bytes")
    if said.result:
        _check_is_json(said.result)


def _check_is_json(result: bytes) -> None:
    """Of what every other agent is sent next."""
    try:
        msgspec.json.decode(result)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProtocolViolation(f"a setup that gives no JSON: {error}") from error


def teardown_warnings(records: Iterable[PhaseRecord]) -> tuple[RunWarning, ...]:
    """That what the load left behind is still there, perhaps."""
    return tuple(
        RunWarning("teardown_failed", f"{_what(record)}: {record.message}", record.agent or None)
        for record in records
        if record.phase is Phase.TEARDOWN and record.failure
    )


def _what(record: PhaseRecord) -> str:
    if record.failure == NOT_DONE:
        return "teardown was not done"
    return f"teardown failed on {record.agent}"


_ON_THE_WIRE = {
    Phase.SETUP: agent_pb2.PHASE_SETUP,
    Phase.TEARDOWN: agent_pb2.PHASE_TEARDOWN,
}
_CODES = {phase.value: phase for phase in Phase}


def _stored(phase: Phase, agent: str, event: StoredEvent) -> PhaseRecord:
    detail = event.detail or {}
    return PhaseRecord(
        phase,
        agent,
        str(detail.get("failure", "")),
        event.message if detail.get("failure") else "",
        int(detail.get("requests", 0)),
        float(detail.get("took_s", 0.0)),
    )
