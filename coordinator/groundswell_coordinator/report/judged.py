"""What judging says, of a whole run as of one level of a search for capacity."""

from __future__ import annotations

from dataclasses import dataclass, field

from groundswell_coordinator.report.finite import Number, finite

# Of a field that is left out of the JSON where it has its default.
OPTIONAL = {"optional": True}


@dataclass(frozen=True, slots=True)
class Remark:
    """A reason or a warning: by a code for scripts, in words for people, and of which agent."""

    code: str
    message: str
    agent: str | None = field(default=None, metadata=OPTIONAL)


@dataclass(frozen=True, slots=True)
class ThresholdResult:
    """`ok` is None where there were no samples, and then `value` is too."""

    metric: str
    expression: str
    ok: bool | None
    value: Number | None

    def __post_init__(self) -> None:
        if self.value is not None:
            object.__setattr__(self, "value", finite(self.value))
