"""Levels: what a search for capacity asks of a scenario, one after the other, within one run.

A level is a piece of the scenario's curve that is known only when the one before has been judged. It
counts its arrivals from 0 and has stripes of its own, so that nothing that was planned before changes
when one is added, and whoever knows the levels and the handovers, in whatever order he heard of them,
has the same plan.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Self

from groundswell.errors import ProtocolViolation
from groundswell.scenario.model import OpenStage, RampingArrivalRate
from groundswell.v1 import agent_pb2

if TYPE_CHECKING:
    from collections.abc import Iterable

    from groundswell.scenario.model import SearchedArrivalRate

_LONGEST_FRACTION = 100
_FRACTION = re.compile(r"-?[0-9]+(?:/[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Level:
    """From second `begin` of the run to `end`, at `factor` times the scenarios' own rates.

    `number` counts from 1. Raises ValueError for what is none.
    """

    number: int
    begin: int
    end: int
    factor: Fraction

    def __post_init__(self) -> None:
        if not 0 <= self.begin < self.end or self.factor <= 0 or self.number < 1:
            raise ValueError(f"no level: {self}")

    @classmethod
    def of(cls, message: agent_pb2.Level) -> Self:
        """ProtocolViolation for one that is none."""
        try:
            factor = fraction_from_wire(message.factor)
            return cls(message.number, message.begin_s, message.end_s, factor)
        except ValueError as error:
            raise ProtocolViolation(f"a level that is none: {error}") from error

    def to_wire(self) -> agent_pb2.Level:
        return agent_pb2.Level(
            number=self.number, begin_s=self.begin, end_s=self.end, factor=str(self.factor)
        )


def fraction_from_wire(text: str) -> Fraction:
    """`5/2`; ValueError for what is no fraction, or a hostile one."""
    if len(text) > _LONGEST_FRACTION:
        raise ValueError(f"{len(text)} letters are no fraction")
    if not _FRACTION.fullmatch(text):
        # Python reads 1e999999999, too, and does nothing else for minutes.
        raise ValueError(f"{text!r} is no fraction")
    try:
        return Fraction(text)
    except ZeroDivisionError:
        raise ValueError(f"{text!r} is no fraction") from None


def check_order(levels: Iterable[Level]) -> None:
    """ValueError where one is missing, or begins before the one before it has ended."""
    end = 0
    for number, level in enumerate(levels, 1):
        if level.number != number:
            raise ValueError(f"level {level.number} where {number} is next")
        if level.begin < end:
            raise ValueError(f"level {number} begins at {level.begin}, before {end}")
        end = level.end


def at_level(scenario: SearchedArrivalRate, level: Level) -> RampingArrivalRate:
    """The scenario as if it were this level alone: nothing before it, nothing after."""
    rate = scenario.rate * level.factor
    nothing = OpenStage(duration=Fraction(level.begin), target=Fraction(0))
    jump = OpenStage(duration=Fraction(0), target=rate)
    held = OpenStage(duration=Fraction(level.end - level.begin), target=rate)
    return RampingArrivalRate(
        start_rate=Fraction(0),
        stages=(nothing, jump, held),
        max_vus=scenario.max_vus,
        pre_allocated_vus=scenario.pre_allocated_vus,
        arrivals=scenario.arrivals,
        steps=(),
    )


def vus_at(scenario: SearchedArrivalRate, factor: Fraction) -> int:
    """How many VUs of all agents may be at work: `max_vus` scales along."""
    return min(scenario.max_vus, max(1, math.ceil(scenario.own_vus * factor)))
