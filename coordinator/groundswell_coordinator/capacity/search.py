"""The search as a pure state machine: what came of a level in, the next level or the end out.

    phase     asks for                                 and then
    --------  ---------------------------------------  ------------------------------------------------
    CLIMB     twice the highest rate that passed       until one fails, or the last rate passes
    RECOVER   half the highest rate that passed        after each failure, until it passes; at most 60 s
    NARROW    between what passed and what failed      until they are within the tolerance
    AGAIN     the lowest rate that failed, once more   where it passes, the failure was a hiccup
    CONFIRM   the highest rate that passed             where it fails, that was luck

So the answer has passed twice, and the lowest rate above it that is known to fail has failed twice. A
level at which the generator did not keep up is tried once more, and then ends the search: what it would
find is the generator's limit. A level in which an agent was lost is repeated.

Answers that contradict each other over and over end it, too: whatever comes of its levels, a search has
at most `settings.most_levels` of them beside the steps of recovering.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import TYPE_CHECKING

from groundswell.capacity.settings import RECOVERY_S, RECOVERY_STEP_S, SPARE_S

if TYPE_CHECKING:
    from groundswell.capacity.settings import SearchSettings

# Of a rate in the middle: as people write it.
_DIGITS = 3


class Outcome(Enum):
    """What came of a level."""

    PASSED = "passed"
    FAILED = "failed"
    # An agent was saturated, or did not start what was planned: it says nothing of the target.
    GENERATOR = "generator"
    # An agent was lost in it.
    SPOILED = "spoiled"
    # A threshold had no samples, or data ran out.
    UNTOLD = "untold"


class Phase(Enum):
    """What a level is for."""

    CLIMB = "climb"
    RECOVER = "recover"
    NARROW = "narrow"
    AGAIN = "again"
    CONFIRM = "confirm"


class End(Enum):
    """How a search ended; those but the first three know no answer."""

    FOUND = "found"
    # The last rate passes: the capacity is that, or more.
    BEYOND = "beyond"
    # The first rate fails.
    BELOW = "below"
    GENERATOR = "generator"
    UNTOLD = "untold"
    NOT_RECOVERED = "not_recovered"
    UNSETTLED = "unsettled"
    AGENT_LOST = "agent_lost"
    # Stopped from outside.
    UNFINISHED = "unfinished"


@dataclass(frozen=True, slots=True)
class Step:
    """The next level: iterations per second, seconds to settle, then seconds that are judged."""

    phase: Phase
    rate: Fraction
    settle: int
    hold: int

    @property
    def seconds(self) -> int:
        """Until the next level can begin."""
        return self.settle + self.hold + SPARE_S


class Search:
    """`next` is the level to be tried, None after the end; `take` says what came of it.

    `can_repeat`: whether what is lost with an agent is made up for by others.
    """

    def __init__(self, settings: SearchSettings, *, can_repeat: bool = True) -> None:
        self._settings = settings
        self._can_repeat = can_repeat
        self._passed: set[Fraction] = set()
        # How often each has failed; one that passes afterwards is out again.
        self._failed: dict[Fraction, int] = {}
        self._levels = 0
        # Tries of the rate at hand that the generator spoiled; seconds spent on recovering.
        self._strained = 0
        self._recovering_s = 0
        self.end: End | None = None
        self.next: Step | None = self._step(Phase.CLIMB, settings.first)

    @property
    def highest(self) -> Fraction | None:
        """The highest rate that passed, below all that fail."""
        return max(self._passed, default=None)

    @property
    def lowest_failed(self) -> Fraction | None:
        return min(self._failed, default=None)

    def take(self, outcome: Outcome) -> None:
        """What came of `next`; ValueError after the end."""
        if self.next is None:
            raise ValueError("the search has ended")
        step = self.next
        if step.phase is Phase.RECOVER:
            self._recovered(step, outcome)
            return
        self._levels += 1
        if outcome is not Outcome.GENERATOR:
            self._strained = 0
        match outcome:
            case Outcome.PASSED:
                self._pass(step)
            case Outcome.FAILED:
                self._fail(step)
            case Outcome.GENERATOR:
                self._strained += 1
                self._repeat(step) if self._strained < 2 else self._finish(End.GENERATOR)
            case Outcome.SPOILED:
                self._repeat(step) if self._can_repeat else self._finish(End.AGENT_LOST)
            case Outcome.UNTOLD:
                self._finish(End.UNTOLD)

    # --- what came of it -----------------------------------------------------------------------

    def _pass(self, step: Step) -> None:
        is_confirmed = step.phase is Phase.CONFIRM
        self._passed.add(step.rate)
        for rate in [rate for rate in self._failed if rate <= step.rate]:
            del self._failed[rate]
        if is_confirmed:
            self._finish(End.BEYOND if step.rate == self._settings.last else End.FOUND)
        else:
            self._go_on()

    def _fail(self, step: Step) -> None:
        self._failed[step.rate] = self._failed.get(step.rate, 0) + 1
        self._passed = {rate for rate in self._passed if rate < step.rate}
        self._recovering_s = 0
        self._recover()

    def _recovered(self, step: Step, outcome: Outcome) -> None:
        self._recovering_s += step.seconds
        if outcome in (Outcome.PASSED, Outcome.UNTOLD):
            self._go_on()
        elif self._recovering_s + step.seconds > RECOVERY_S:
            # Where nothing has passed, what is half the first rate has failed now, too.
            self._finish(End.BELOW if self.highest is None else End.NOT_RECOVERED)
        else:
            self._recover()

    # --- what is next --------------------------------------------------------------------------

    def _go_on(self) -> None:
        settings, highest, failed = self._settings, self.highest, self.lowest_failed
        if self._levels >= settings.most_levels:
            self._finish(End.UNSETTLED)
        elif failed is None:
            self._climb(highest)
        elif highest is None and failed > settings.first:
            self._ask(Phase.CLIMB, settings.first)
        elif highest is not None and failed - highest > settings.tolerance * highest:
            self._ask(Phase.NARROW, self._between(highest, failed))
        elif self._failed[failed] < 2:
            self._ask(Phase.AGAIN, failed)
        elif highest is None:
            self._finish(End.BELOW)
        else:
            self._ask(Phase.CONFIRM, highest)

    def _climb(self, highest: Fraction | None) -> None:
        first, last = self._settings.first, self._settings.last
        if highest is None:
            self._ask(Phase.CLIMB, first)
        elif highest == last:
            self._ask(Phase.CONFIRM, last)
        else:
            self._ask(Phase.CLIMB, min(2 * highest, last))

    def _between(self, low: Fraction, high: Fraction) -> Fraction:
        """The rate that is asked for, where it lies there; else one as far from both, by their ratio."""
        required = self._settings.required
        if required is not None and low < required < high:
            return required
        middle = Fraction(math.sqrt(low * high))
        rounded = _rounded(middle)
        return rounded if low < rounded < high else (low + high) / 2

    def _recover(self) -> None:
        lower = (self.highest or self._settings.first) / 2
        length = min(RECOVERY_STEP_S, self._settings.hold)
        self.next = Step(Phase.RECOVER, lower, 0, length)

    def _repeat(self, step: Step) -> None:
        if self._levels >= self._settings.most_levels:
            self._finish(End.UNSETTLED)
        else:
            self.next = step

    def _ask(self, phase: Phase, rate: Fraction) -> None:
        self.next = self._step(phase, rate)

    def _step(self, phase: Phase, rate: Fraction) -> Step:
        return Step(phase, rate, self._settings.settle, self._settings.hold)

    def _finish(self, end: End) -> None:
        self.end, self.next = end, None


def _rounded(rate: Fraction) -> Fraction:
    """To three digits: 1,240/s, not 1,239.87/s."""
    places = _DIGITS - 1 - math.floor(math.log10(rate))
    return round(rate * Fraction(10) ** places) / Fraction(10) ** places
