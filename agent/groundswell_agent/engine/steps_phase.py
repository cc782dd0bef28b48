"""Setup or teardown as steps of a YAML test: one VU, once."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from groundswell.files.places import UNSEEN
from groundswell.scenario.model import BaseScenario
from groundswell_agent.engine.ending import EndIteration
from groundswell_agent.engine.phases import (
    PhaseFailed,
)
from groundswell_agent.engine.scenario_load import ScenarioLoad
from groundswell_agent.engine.virtual_user import VirtualUser
from groundswell_agent.recording.recorder import Recorder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from groundswell.files.places import Files
    from groundswell.scenario.model import Phase
    from groundswell.scenario.step_model import RequestStep
    from groundswell_agent.engine.connectors import Connectors
    from groundswell_agent.engine.trace import Checked, StepOutcome, Trace
    from groundswell_agent.engine.values import Namespace
    from groundswell_agent.http.exchange import Exchange
    from groundswell_agent.http.request import PreparedRequest


_LOOK_CLOSELY = "`groundswell run TEST --once` shows every request and response"


class StepsPhase:
    """`name` is setup or teardown, and what `{{ scenario }}` is in it."""

    def __init__(
        self,
        name: str,
        phase: Phase,
        target: str,
        connectors: Connectors,
        seed: int,
        namespaces: Mapping[str, Namespace] | None = None,
        files: Files = UNSEEN,
        listener: Trace | None = None,
    ) -> None:
        """Compiles the steps; `listener` hears of them, too."""
        self._notes = Notes(listener)
        # Nobody reads what is recorded: the run's metrics are of its load.
        self._load = ScenarioLoad(
            name,
            BaseScenario(steps=phase.steps, http=phase.http, locale=phase.locale),
            target,
            Recorder(),
            connectors,
            seed,
            namespaces,
            files,
            trace=self._notes,
        )

    @property
    def requests(self) -> int:
        return self._notes.requests

    @property
    def place(self) -> str:
        return self._notes.place

    async def do(self) -> object:
        """All that the steps captured, by name."""
        vu = VirtualUser(0, self._load)
        vu.due = vu.began = monotonic()
        vu.iterations = 0
        try:
            for step in self._load.steps:
                await step(vu)
        except EndIteration:
            raise PhaseFailed(self._notes.failure, _LOOK_CLOSELY) from None
        finally:
            vu.close()
        return dict(vu.variables)


class Notes:
    """What happened last, to say what went wrong. All else goes to the listener."""

    def __init__(self, listener: Trace | None) -> None:
        self._listener = listener
        self.unhurried = listener is None or listener.unhurried
        self.one_by_one = listener is not None and listener.one_by_one
        self.requests = 0
        self.place = ""
        self.failure = ""

    def begin(self, step: RequestStep) -> None:
        self.place = _named(step)
        if self._listener is not None:
            self._listener.begin(step)

    def send(self, request: PreparedRequest) -> None:
        if self._listener is not None:
            self._listener.send(request)

    def answered(self, request: PreparedRequest, exchange: Exchange) -> None:
        # One of which no byte went out never came to the target.
        self.requests += exchange.wrote
        if self._listener is not None:
            self._listener.answered(request, exchange)

    def ended(self, outcome: StepOutcome) -> None:
        if reason := "; ".join(_wrong(outcome)):
            self.failure = f"{_named(outcome.step)}: {reason}"
        if self._listener is not None:
            self._listener.ended(outcome)

    def checked(self, check: Checked) -> None:
        if self._listener is not None:
            self._listener.checked(check)

    def note(self, line: str) -> None:
        if self._listener is not None:
            self._listener.note(line)

    def skip(self, seconds: float) -> None:
        if self._listener is not None:
            self._listener.skip(seconds)

    def fault(self, line: str) -> None:
        if self._listener is not None:
            self._listener.fault(line)


def _named(step: RequestStep) -> str:
    """As it is written: what its templates became may be a secret."""
    return f"{step.method} {step.name}"


def _wrong(outcome: StepOutcome) -> Iterator[str]:
    """Never with a value out of a response: it may be a secret, and goes to the log."""
    if outcome.error is not None:
        yield f"no response ({outcome.error})"
        return
    if not outcome.is_expected:
        # All else follows from it.
        yield f"it answered {outcome.status}"
        return
    for name in outcome.lacks:
        yield f"it answered {outcome.status}, and {name} is not in the response"
    for check in outcome.failed:
        yield f"the check {check.name!r} failed, with status {outcome.status}"
