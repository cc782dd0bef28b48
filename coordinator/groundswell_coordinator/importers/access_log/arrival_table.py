"""Requests per second of a log as the rows of a profile, faster or slower, in steps of any width.

The number of requests up to a moment is a straight line within each recorded second. A step of the
replay has what this number grows by in it, so that the area under the whole curve is exactly the
number of requests, and so are the arrivals that are planned.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# Widths of steps in which a count per step is a short decimal by the second, the minute or the hour.
WIDTHS = ("1s", "2s", "5s", "10s", "15s", "20s", "30s", "1m", "2m", "5m", "10m", "15m", "30m", "1h")
_UNITS = (("", 1), ("/m", 60), ("/h", 3600))
_MOST_DIGITS = 18


@dataclass(frozen=True, slots=True)
class ArrivalTable:
    """Rows are time in seconds and rate; `peak` is the highest rate, per second."""

    rows: list[tuple[str, str]]
    peak: Fraction

    @property
    def text(self) -> str:
        return "time,rate\n" + "".join(f"{time},{rate}\n" for time, rate in self.rows)


def arrival_table(seconds: Mapping[int, int], speed: Fraction, every: Fraction) -> ArrivalTable:
    """`seconds` are requests by the second, `every` is one of `WIDTHS` in seconds."""
    first, last = min(seconds), max(seconds) + 1
    steps = math.ceil(Fraction(last - first) / speed / every)
    rates = _rates(seconds, first, speed, every, steps)
    texts = [_rate_text(rate) for rate in rates]
    rows = [("0", texts[0])]
    for step in range(1, steps):
        if rates[step] != rates[step - 1]:
            time = str(step * every)
            rows += [(time, texts[step - 1]), (time, texts[step])]
    rows.append((str(steps * every), texts[-1]))
    return ArrivalTable(rows, max(rates))


def _rates(
    seconds: Mapping[int, int], first: int, speed: Fraction, every: Fraction, steps: int
) -> list[Fraction]:
    counted, at, before = 0, first, Fraction(0)
    rates: list[Fraction] = []
    for step in range(1, steps + 1):
        moment = first + step * every * speed
        whole = math.floor(moment)
        while at < whole:
            counted += seconds.get(at, 0)
            at += 1
        reached = counted + (moment - whole) * seconds.get(whole, 0)
        rates.append((reached - before) / every)
        before = reached
    return rates


def _rate_text(rate: Fraction) -> str:
    """In the first unit in which it is a short decimal."""
    for unit, seconds in _UNITS:
        if (text := _decimal(rate * seconds)) is not None:
            return text + unit
    raise ValueError(f"{rate} is no short decimal in any unit")


def _decimal(number: Fraction) -> str | None:
    """Exactly, or None where that takes more digits than a profile reads."""
    digits = next((n for n in range(_MOST_DIGITS + 1) if not number * 10**n % 1), None)
    if digits is None:
        return None
    whole, rest = divmod(int(number * 10**digits), 10**digits)
    return f"{whole}.{rest:0{digits}d}" if digits else str(whole)
