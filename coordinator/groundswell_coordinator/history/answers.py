"""What is asked of a past run, and what is answered: the same from our own store and from a coordinator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groundswell_coordinator.report.summary import Summary


@dataclass(frozen=True, slots=True)
class Part:
    """Seconds of a run; no `to_s` is its end."""

    from_s: float
    to_s: float | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict worked out anew, and the one of the run itself: None where it never said one.

    `not_given` are variables of the test of which the defaults were taken; the run may have had
    other values.
    """

    summary: Summary
    stored_verdict: str | None
    not_given: tuple[str, ...] = ()

    @property
    def agrees(self) -> bool:
        return self.stored_verdict in (None, self.summary.verdict)
