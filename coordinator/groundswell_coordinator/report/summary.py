"""The summary of a run: what `--summary-json` writes and what every report is made of.

    text = summary.to_json()
    Summary.from_json(text) == summary

Fields that mean nothing where they are absent (a reason's agent, a counter's unit) are left out of
the JSON; those that mean "not known" are null. JSON has no infinity: a number too large to be told
apart becomes an hour (`finite.py`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, cast

import msgspec

from groundswell.errors import GroundswellError
from groundswell_coordinator.report.capacity_summary import (
    CapacitySummary,  # noqa: TC001 # msgspec looks it up when it reads a summary
)
from groundswell_coordinator.report.finite import Number, finite
from groundswell_coordinator.report.judged import OPTIONAL, Remark, ThresholdResult

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    _Json = Mapping[str, object]

VERSION: Literal[1] = 1

VerdictName = Literal["PASS", "FAIL", "INCONCLUSIVE"]
MetricType = Literal["counter", "gauge", "rate", "trend"]


@dataclass(frozen=True, slots=True)
class ReasonSummary(Remark):
    """Why the verdict is what it is; beside a PASS, a warning."""

    metric: str | None = field(default=None, metadata=OPTIONAL)
    cause: str | None = field(default=None, metadata=OPTIONAL)


@dataclass(frozen=True, slots=True)
class AgentSummary:
    """None is what was not measured: an agent lost before its first report has no numbers."""

    name: str
    weight: int
    skew_ms: float | None = None
    cpu_max: float | None = None
    send_lag_p99_ms: float | None = None
    # It was not heard of any more before its load ended.
    lost: bool = False

    def __post_init__(self) -> None:
        if self.send_lag_p99_ms is not None:
            object.__setattr__(self, "send_lag_p99_ms", finite(self.send_lag_p99_ms))


@dataclass(frozen=True, slots=True)
class ScenarioSummary:
    """planned = fired + the sum of dropped + unknown; None for executors without a plan.

    At most `repeatable` iterations may have run twice: counted ones that a lost agent had begun and
    not reported were done again by others. `cut_off` were running when a lost agent was last heard:
    their requests may be missing in every count.
    """

    executor: str
    planned: int | None
    fired: int
    dropped: Mapping[str, int] = field(default_factory=dict[str, int])
    unknown: int = 0
    interrupted: int = 0
    repeatable: int = 0
    cut_off: int = 0


@dataclass(frozen=True, slots=True)
class PhaseSummary:
    """What came of setup or teardown. Its requests are in no metric; a target that counts has them, too.

    `failure`, where it did not go well: failed, timeout, exception, lease, unknown, not_done.
    """

    agent: str | None
    requests: int
    duration_s: float
    failure: str | None = field(default=None, metadata=OPTIONAL)
    message: str | None = field(default=None, metadata=OPTIONAL)


@dataclass(frozen=True, slots=True)
class MetricSummary:
    """What one metric, or a selection of its series, came to.

    counter: count, rate    gauge: value, min, max    rate: rate, passes, fails
    trend: count, min, avg, med, max, p(90), p(95), p(99), p(99.9)

    Without any sample a trend has a count of 0 and nothing else. `clamped` samples lay beyond the
    range.
    """

    type: MetricType
    values: Mapping[str, Number]
    unit: str | None = field(default=None, metadata=OPTIONAL)
    clamped: int = field(default=0, metadata=OPTIONAL)
    # Of a trend: how many samples lie in each of as many equal factors from its min to its max.
    spread: tuple[int, ...] = field(default=(), metadata=OPTIONAL)

    def __post_init__(self) -> None:
        values = {name: finite(value) for name, value in self.values.items()}
        object.__setattr__(self, "values", values)


@dataclass(frozen=True, slots=True)
class WindowSummary:
    """The worst window of a threshold that is judged `over` some time, since the run's start."""

    over_s: float
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class ThresholdSummary(ThresholdResult):
    """Of a whole run."""

    window: WindowSummary | None = None


@dataclass(frozen=True, slots=True)
class CheckSummary:
    name: str
    passes: int
    fails: int


@dataclass(frozen=True, slots=True)
class ErrorSummary:
    """How often requests called `name` failed with `error`."""

    error: str
    name: str
    count: int


@dataclass(frozen=True, slots=True)
class CourseSummary:
    """The run in a few columns of `step_s` each: rates are per second, None is where nothing was.

    `p95_ms` is empty of a run that is so long that it would take too long to work out.
    """

    step_s: int
    requests: tuple[float, ...] = ()
    failed: tuple[float, ...] = ()
    vus: tuple[float | None, ...] = ()
    avg_ms: tuple[float | None, ...] = ()
    p95_ms: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True)
class PartSummary:
    """Which seconds of a run a summary is of, [from_s, to_s), and how many the run has."""

    from_s: int
    to_s: int
    of_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """`metrics` is keyed by a metric's name, or a selection: `http_req_duration{name:cart}`.

    One of a `part` of a run has no verdict: only a whole run is judged.
    """

    version: Literal[1] = VERSION
    run: str
    test: str
    test_hash: str
    groundswell_version: str
    verdict: VerdictName | None
    exit_code: int
    reasons: tuple[ReasonSummary, ...] = ()
    # What people should know of the run, whatever its verdict.
    warnings: tuple[Remark, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    started_at: datetime | None
    duration_s: float
    # Nothing of it is judged.
    warmup_s: float = field(default=0.0, metadata=OPTIONAL)
    part: PartSummary | None = field(default=None, metadata=OPTIONAL)
    # The rate that was planned, as a line: seconds of the run, iterations per second.
    plan: tuple[tuple[float, float], ...] = field(default=(), metadata=OPTIONAL)
    course: CourseSummary | None = field(default=None, metadata=OPTIONAL)
    agents: tuple[AgentSummary, ...] = ()
    scenarios: Mapping[str, ScenarioSummary] = field(default_factory=dict[str, ScenarioSummary])
    setup: PhaseSummary | None = field(default=None, metadata=OPTIONAL)
    teardown: PhaseSummary | None = field(default=None, metadata=OPTIONAL)
    metrics: Mapping[str, MetricSummary] = field(default_factory=dict[str, MetricSummary])
    thresholds: tuple[ThresholdSummary, ...] = ()
    # Of a search for capacity; its thresholds are those of the level that the answer rests on.
    capacity: CapacitySummary | None = field(default=None, metadata=OPTIONAL)
    checks: tuple[CheckSummary, ...] = ()
    errors: tuple[ErrorSummary, ...] = ()

    def to_json(self, *, indent: int | None = None) -> str:
        return json.dumps(_plain(self), indent=indent, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> Summary:
        """Unknown keys are ignored: a summary may gain some without a new version."""
        try:
            return msgspec.json.decode(text, type=cls)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise GroundswellError(
                f"not a summary of version {VERSION}: {error}",
                hint="it may have been written by a newer groundswell",
            ) from error


def _plain(value: object) -> object:
    """The JSON form of a dataclass of this file and of all in it."""
    if is_dataclass(value):
        return _plain_fields(value)
    if isinstance(value, Mapping):
        return {key: _plain(content) for key, content in cast("_Json", value).items()}
    if isinstance(value, tuple):
        return [_plain(content) for content in cast("tuple[object, ...]", value)]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value


def _plain_fields(value: DataclassInstance | type[DataclassInstance]) -> _Json:
    """In the order of the fields, which is the order in which people read them."""
    pairs = ((part, getattr(value, part.name)) for part in fields(value))
    return {
        part.name: _plain(content)
        for part, content in pairs
        if not (part.metadata.get("optional") and content == part.default)
    }
