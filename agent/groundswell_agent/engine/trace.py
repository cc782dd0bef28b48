"""Who hears of all that a VU does: what setup failed of, and what `run --once` prints.

Steps are compiled for it. Without one they are compiled as ever, and nothing of this is left in them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from groundswell_agent.engine.response import MISSING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from groundswell.scenario.step_model import RequestStep
    from groundswell_agent.http.exchange import Exchange
    from groundswell_agent.http.request import PreparedRequest


@dataclass(frozen=True, slots=True)
class Found:
    """What a capture took: MISSING, or its default, where it was not there."""

    name: str
    value: object
    was_there: bool


@dataclass(frozen=True, slots=True)
class Checked:
    """Whether a check held, and what it looked at: MISSING where there was nothing."""

    name: str
    passed: bool
    looked_at: object


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """What came of one request step, redirects and all. `status` is 0 and `error` says why where
    there is no response.
    """

    step: RequestStep
    status: int
    error: str | None
    captures: Sequence[Found]
    checks: Sequence[Checked]

    @property
    def is_expected(self) -> bool:
        """Whether a response came, with a status that the step expects."""
        return self.status in self.step.expect_status

    @property
    def lacks(self) -> Sequence[str]:
        """The captures that found nothing and have no default: they end the iteration."""
        return [one.name for one in self.captures if one.value is MISSING]

    @property
    def failed(self) -> Sequence[Checked]:
        return [one for one in self.checks if not one.passed]

    @property
    def ends_iteration(self) -> bool:
        is_well = self.is_expected and not self.failed
        return bool(self.lacks) or (bool(self.step.ends_iteration) and not is_well)


class Trace(Protocol):
    """No method waits. An exchange is to be read before it returns: the next request uses it again.

    `unhurried` is whether pauses are waited for; `one_by_one`, whether parallel branches follow
    each other.
    """

    unhurried: bool
    one_by_one: bool

    def begin(self, step: RequestStep) -> None:
        """A request step begins: the requests that follow are its own."""

    def send(self, request: PreparedRequest) -> None:
        """To be sent now. A redirect that is followed is a request of its own."""

    def answered(self, request: PreparedRequest, exchange: Exchange) -> None:
        """Or failed: `exchange.error` says so."""

    def ended(self, outcome: StepOutcome) -> None:
        """The step has been looked at."""

    def checked(self, check: Checked) -> None:
        """Of a script, which checks by itself, beside any request."""

    def note(self, line: str) -> None:
        """What a step does that sends nothing."""

    def skip(self, seconds: float) -> None:
        """A wait of so long is left out."""

    def fault(self, line: str) -> None:
        """A script's exception has ended the iteration."""
