"""A level in one line, for whoever watches the search and for its log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell_coordinator.capacity.search import Outcome, Phase
from groundswell_coordinator.report import quantity
from groundswell_coordinator.report.capacity_words import rate_text

if TYPE_CHECKING:
    from groundswell_coordinator.report.capacity_summary import LevelSummary

_WORDS = {
    Outcome.PASSED: "passes",
    Outcome.FAILED: "FAILS",
    Outcome.GENERATOR: "the generator did not keep up",
    Outcome.SPOILED: "to be repeated",
    Outcome.UNTOLD: "cannot be judged",
}
_PURPOSES = {
    Phase.AGAIN: ", once more,",
    Phase.RECOVER: ", to recover,",
    Phase.CONFIRM: ", to confirm,",
}


def level_line(level: LevelSummary) -> str:
    """`1,600/s passes: p95 12.4ms, failed 0.00%`"""
    outcome, phase = Outcome(level.outcome), Phase(level.phase)
    purpose = _PURPOSES.get(phase, "")
    if phase is Phase.RECOVER and outcome is Outcome.FAILED:
        # It is no answer, only not yet over.
        return f"{rate_text(level.rate)}{purpose} is still too much for what is left over"
    p95 = "-" if level.p95_ms is None else quantity.duration(level.p95_ms, 3)
    numbers = f"p95 {p95}, failed {quantity.percent(level.failed)}"
    if level.dropped:
        numbers += f", dropped {level.dropped:,}"
    why = f" ({level.reasons[0].message})" if level.reasons else ""
    return f"{rate_text(level.rate)}{purpose} {_WORDS[outcome]}: {numbers}{why}"
