"""The most that an agent carries: `agent --max-rate 500/s --max-vus 2000`.

What is held against it is what a share asks by its plan (`schedule/share_loads.py`). Weights are not bent by
guards: an agent refuses a share that is more, and nobody makes it smaller for it.
"""

from __future__ import annotations

import decimal
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from groundswell.errors import InvalidConfiguration

if TYPE_CHECKING:
    from fractions import Fraction

# Of a rate as people write it: 18 digits before the point and 18 behind it.
_DIGITS = 40


@dataclass(frozen=True, slots=True)
class ShareLoad:
    """What a share asks of its agent: `rate` iterations started per second at its busiest, `vus` in all."""

    rate: Fraction
    vus: int


@dataclass(frozen=True, slots=True)
class LoadGuard:
    """None where an agent sets no limit."""

    max_rate: Fraction | None = None
    max_vus: int | None = None

    @property
    def limits(self) -> bool:
        """Whether there is anything that it refuses."""
        return self.max_rate is not None or self.max_vus is not None

    def allows(self, load: ShareLoad) -> bool:
        is_too_fast = self.max_rate is not None and load.rate > self.max_rate
        return not is_too_fast and (self.max_vus is None or load.vus <= self.max_vus)

    def check(self, who: str, load: ShareLoad, instead: str) -> None:
        """Raises InvalidConfiguration for what is more; its hint has the flags that would allow it, or what to do
        `instead`.
        """
        too_much: list[str] = []
        flags: list[str] = []
        if self.max_rate is not None and load.rate > self.max_rate:
            most, asked = rate_text(self.max_rate), rate_text(load.rate)
            too_much.append(f"starts at most {most}, its share is {asked}")
            flags.append(f"--max-rate {asked}")
        if self.max_vus is not None and load.vus > self.max_vus:
            too_much.append(f"has at most {self.max_vus} VUs, its share is {load.vus}")
            flags.append(f"--max-vus {load.vus}")
        if too_much:
            raise InvalidConfiguration(
                f"{who} {' and '.join(too_much)}",
                hint=f"start it with {' '.join(flags)}, or {instead}",
            )

    def words(self) -> list[str]:
        """The flags of an agent that carries just as much."""
        words: list[str] = []
        if self.max_rate is not None:
            words += ["--max-rate", _exact(self.max_rate)]
        if self.max_vus is not None:
            words += ["--max-vus", str(self.max_vus)]
        return words


NO_GUARD = LoadGuard()


def rate_text(rate: Fraction) -> str:
    """`500/s`, rounded up to thousandths: as a limit, it allows the rate."""
    return f"{math.ceil(rate * 1000) / 1000:.3f}".rstrip("0").rstrip(".") + "/s"


def _exact(rate: Fraction) -> str:
    """In hours, whatever people wrote it in is a decimal."""
    an_hour = rate * 3600
    with decimal.localcontext(prec=_DIGITS):
        return f"{decimal.Decimal(an_hour.numerator) / an_hour.denominator:f}/h"
