"""What a search for capacity is to find out: `groundswell capacity TEST --from 100/s --to 20000/s`.

Rates are iterations per second of all scenarios that are raised, together; whole seconds are whole
intervals of the run, which is what levels are judged by.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Self

from groundswell.errors import InvalidConfiguration, ProtocolViolation
from groundswell.schedule.levels import fraction_from_wire
from groundswell.units import MAX_RATE
from groundswell.v1 import agent_pb2

LONGEST_HOLD_S = 3600
LEAST_TOLERANCE, MOST_TOLERANCE = Fraction(1, 1000), Fraction(1, 2)
# Between the end of what is judged and the next level: for the last second to be sealed and judged, and
# for all agents to hear of what is next.
SPARE_S = 2
# After a failed level: how long the rate is held lower at most, and in steps of what length.
RECOVERY_S, RECOVERY_STEP_S = 60, 5
# A search that has not ended by then never will: results that contradict each other.
_MOST_LEVELS_BESIDE = 20


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """`first` and `last` are the rates between which it is searched, per second; times in seconds.

    `required` is what the capacity is to be at least, `normal` what the target has to carry on a usual
    day. Raises InvalidConfiguration for what cannot be searched.
    """

    first: Fraction
    last: Fraction
    hold: int = 30
    settle: int = 10
    tolerance: Fraction = Fraction(2, 100)
    scenario: str | None = None
    required: Fraction | None = None
    normal: Fraction | None = None

    def __post_init__(self) -> None:
        _check(self)

    @property
    def level_s(self) -> int:
        """A level from its begin to the next."""
        return self.settle + self.hold + SPARE_S

    @property
    def usual_s(self) -> int:
        """About how long it takes: climbed to the end, then narrowed and confirmed."""
        doublings, halvings = _halvings(self.first / self.last), _halvings(self.tolerance) + 1
        return (doublings + halvings + 2) * (self.level_s + RECOVERY_STEP_S)

    @property
    def most_levels(self) -> int:
        """More than any search needs whose levels do not contradict each other."""
        doublings = _halvings(self.first / self.last)
        return 3 * (doublings + _halvings(self.tolerance / 2)) + _MOST_LEVELS_BESIDE

    @property
    def longest_s(self) -> int:
        """Longer than any search takes."""
        after = RECOVERY_S + RECOVERY_STEP_S + SPARE_S
        return self.most_levels * (self.level_s + after + SPARE_S) + LONGEST_HOLD_S

    @classmethod
    def of(cls, message: agent_pb2.Search) -> Self:
        """ProtocolViolation for one that is none."""
        try:
            return cls(
                fraction_from_wire(message.first_rate),
                fraction_from_wire(message.last_rate),
                message.hold_s,
                message.settle_s,
                fraction_from_wire(message.tolerance),
                message.scenario or None,
                _optional(message.required_rate),
                _optional(message.normal_rate),
            )
        except (ValueError, InvalidConfiguration) as error:
            raise ProtocolViolation(f"a search that is none: {error}") from error

    def to_wire(self) -> agent_pb2.Search:
        return agent_pb2.Search(
            first_rate=str(self.first),
            last_rate=str(self.last),
            hold_s=self.hold,
            settle_s=self.settle,
            tolerance=str(self.tolerance),
            scenario=self.scenario or "",
            required_rate="" if self.required is None else str(self.required),
            normal_rate="" if self.normal is None else str(self.normal),
        )


def _check(search: SearchSettings) -> None:
    rates = (search.first, search.last, search.required, search.normal)
    if any(rate is not None and not 0 < rate <= MAX_RATE for rate in rates):
        raise InvalidConfiguration("a rate of 0 is none", hint="give rates as 100/s")
    if search.first >= search.last:
        raise InvalidConfiguration(
            "there is nothing between --from and --to", hint="--from is the lower"
        )
    if not 1 <= search.hold <= LONGEST_HOLD_S or not 1 <= search.settle <= LONGEST_HOLD_S:
        raise InvalidConfiguration("a level holds for 1s to 1h, after 1s to 1h to settle")
    if not LEAST_TOLERANCE <= search.tolerance <= MOST_TOLERANCE:
        raise InvalidConfiguration("the tolerance is from 0.1% to 50%")
    if search.required is not None and search.required > search.last:
        raise InvalidConfiguration(
            "--require is above --to, and would never be tried", hint="raise --to"
        )


def _halvings(share: Fraction) -> int:
    """How often one is to be halved until it is no more than `share`."""
    count = 0
    while share < 1:
        share, count = share * 2, count + 1
    return count


def _optional(text: str) -> Fraction | None:
    return fraction_from_wire(text) if text else None
