"""The verdict of a run, and the reasons for it.

    FAIL           a threshold failed
    INCONCLUSIVE   none failed, but the numbers cannot carry a PASS
    PASS           otherwise

FAIL goes before INCONCLUSIVE, and that before PASS. All reasons are listed, whatever the verdict:
next to a PASS, which without thresholds is the only verdict, they are warnings.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from groundswell.exit_codes import ExitCode, worst

if TYPE_CHECKING:
    from collections.abc import Iterable


class Verdict(Enum):
    PASS = "PASS"
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"

    @property
    def exit_code(self) -> ExitCode:
        return _EXIT_CODE[self]


class ReasonCode(Enum):
    """The closed list of reasons; a script may rely on it."""

    THRESHOLD_FAILED = "threshold_failed"
    NO_SAMPLES = "no_samples"
    AGENT_SATURATED = "agent_saturated"
    RATE_NOT_REACHED = "rate_not_reached"
    AGENT_LOST = "agent_lost"
    DATA_EXHAUSTED = "data_exhausted"
    INTERRUPTED = "interrupted"
    STORE_FAILED = "store_failed"
    COORDINATOR_LOST = "coordinator_lost"
    SCRIPT_EXCEPTION = "script_exception"
    # Of a search for capacity: less than required, or no answer.
    CAPACITY_BELOW = "capacity_below"
    SEARCH_UNSETTLED = "search_unsettled"

    @property
    def verdict(self) -> Verdict:
        """What a run with thresholds comes to by this reason alone."""
        if self in (ReasonCode.THRESHOLD_FAILED, ReasonCode.CAPACITY_BELOW):
            return Verdict.FAIL
        return Verdict.INCONCLUSIVE


class DropCause(Enum):
    """Who kept the planned rate from being reached."""

    TARGET = "target"
    GENERATOR = "generator"


@dataclass(frozen=True, slots=True)
class Reason:
    """`agent` is its name, `metric` the key of a threshold; `cause` belongs to rate_not_reached."""

    code: ReasonCode
    message: str
    agent: str | None = None
    metric: str | None = None
    cause: DropCause | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """`exit_codes` holds all that apply; a command may add its own and exits with the worst."""

    verdict: Verdict
    exit_codes: frozenset[ExitCode]
    reasons: tuple[Reason, ...]

    @property
    def exit_code(self) -> ExitCode:
        return worst(set(self.exit_codes))


def decide(
    reasons: Iterable[Reason],
    has_thresholds: bool,
    also: Iterable[ExitCode] = (),
) -> Decision:
    """Weigh the reasons; `also` are exit codes that apply whatever the verdict, as INTERRUPTED.

    Without thresholds nothing was asked of the run, so no answer can be inconclusive.
    """
    listed = tuple(reasons)
    # Of a test whose own code does nothing but fail, not even nothing can be said to hold.
    weighed = [one for one in listed if has_thresholds or one.code is ReasonCode.SCRIPT_EXCEPTION]
    implied = {reason.code.verdict for reason in weighed}
    verdict = next((one for one in _SEVEREST_FIRST if one in implied), Verdict.PASS)
    return Decision(verdict, frozenset({verdict.exit_code, *also}), listed)


_SEVEREST_FIRST = (Verdict.FAIL, Verdict.INCONCLUSIVE)
_EXIT_CODE = {
    Verdict.PASS: ExitCode.OK,
    Verdict.FAIL: ExitCode.FAIL,
    Verdict.INCONCLUSIVE: ExitCode.INCONCLUSIVE,
}
