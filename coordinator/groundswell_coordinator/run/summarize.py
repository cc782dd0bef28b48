"""Makes the summary of a run out of what was measured and how it was judged.

The totals cover the whole run, warm-up and graceful stop included, so that they can be held against the target's own
counts; a threshold's value covers the span that it judges.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from groundswell import __version__
from groundswell.metrics.catalog import BUILTIN, Kind
from groundswell.scenario.model import ConstantVus, RampingVus
from groundswell.verdict.selection import Selection
from groundswell_coordinator.report.summary import (
    AgentSummary,
    CheckSummary,
    ErrorSummary,
    MetricSummary,
    ReasonSummary,
    ScenarioSummary,
    Summary,
    ThresholdSummary,
    WindowSummary,
)
from groundswell_coordinator.timeline.slice import Slice, trend_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from groundswell.metrics.catalog import Metric
    from groundswell.metrics.histogram import Histogram
    from groundswell.verdict.verdict import Reason
    from groundswell_coordinator.judge.health import AgentHealth
    from groundswell_coordinator.judge.judgement import Judgement
    from groundswell_coordinator.judge.standing import Standing
    from groundswell_coordinator.run.submission import Submission
    from groundswell_coordinator.timeline.accounts import ScenarioTotals
    from groundswell_coordinator.timeline.timeline import Timeline

_PERCENTILES = {"p(90)": 90.0, "p(95)": 95.0, "p(99)": 99.0, "p(99.9)": 99.9}
_EXPECTED = Selection("http_req_duration", (("expected_response", "true"),))


@dataclass(frozen=True, slots=True)
class Facts:
    """What neither the timeline nor the judgement knows; `skews_ms` and `weights` by agent name."""

    started_at: datetime | None
    duration_s: float
    weights: Mapping[str, int]
    skews_ms: Mapping[str, float]


def summarize(
    submission: Submission, timeline: Timeline, judgement: Judgement, facts: Facts
) -> Summary:
    decision = judgement.decision
    totals = _Totals(timeline, facts.duration_s)
    asked = {
        standing.threshold.selection: standing.threshold.key for standing in judgement.thresholds
    }
    return Summary(
        run=submission.run_id,
        test=submission.test.test,
        test_hash=submission.source.hash,
        groundswell_version=__version__,
        verdict=decision.verdict.value,
        exit_code=int(decision.exit_code),
        reasons=tuple(_reason(reason) for reason in decision.reasons),
        labels=submission.labels,
        started_at=facts.started_at,
        duration_s=round(facts.duration_s, 3),
        agents=tuple(_agent(health, facts) for health in judgement.agents),
        scenarios={
            name: _scenario(submission, name, account)
            for name, account in judgement.scenarios.items()
        },
        metrics=totals.metrics(asked),
        thresholds=tuple(_threshold(standing) for standing in judgement.thresholds),
        checks=totals.checks(),
        errors=totals.errors(),
    )


class _Totals:
    """Sums over all intervals of a run, by selection."""

    def __init__(self, timeline: Timeline, duration_s: float) -> None:
        self._timeline = timeline
        self._duration = duration_s

    def metrics(self, asked: Mapping[Selection, str]) -> dict[str, MetricSummary]:
        """Every metric that has a series, then the selections that thresholds name."""
        present = {series.metric for series in self._timeline.series()}
        found = {
            name: self._metric(Selection(name), metric)
            for name, metric in BUILTIN.items()
            if name in present
        }
        if "http_req_duration" in present:
            found[str(_EXPECTED)] = self._metric(_EXPECTED, BUILTIN[_EXPECTED.metric])
        for selection, key in asked.items():
            if key not in found and selection.metric in present:
                found[key] = self._metric(selection, BUILTIN[selection.metric])
        return {key: summary for key, summary in found.items() if summary is not None}

    def checks(self) -> tuple[CheckSummary, ...]:
        passes: Counter[str] = Counter()
        all_of: Counter[str] = Counter()
        for interval in self._timeline.intervals():
            for series, rate in interval.rates.items():
                if series.metric == "checks":
                    name = dict(series.tags).get("check", "")
                    passes[name] += rate.passes
                    all_of[name] += rate.total
        return tuple(
            CheckSummary(name, passes[name], total - passes[name]) for name, total in all_of.items()
        )

    def errors(self) -> tuple[ErrorSummary, ...]:
        """Requests without an answer, and answers with a status that was not expected, most first."""
        counts: Counter[tuple[str, str]] = Counter()
        for interval in self._timeline.intervals():
            for series, rate in interval.rates.items():
                tags = dict(series.tags)
                if series.metric == "http_req_failed" and rate.passes:
                    error = tags.get("error") or f"status {tags.get('status', '?')}"
                    counts[error, tags.get("name", "")] += rate.passes
        return tuple(
            ErrorSummary(error, name, count) for (error, name), count in counts.most_common()
        )

    def _metric(self, selection: Selection, metric: Metric) -> MetricSummary | None:
        match metric.kind:
            case Kind.TREND:
                return self._trend(selection, metric)
            case Kind.COUNTER:
                count = sum(cut.count for cut in self._cuts(selection))
                rate = count / self._duration if self._duration else 0.0
                return MetricSummary("counter", {"count": count, "rate": rate}, _unit(metric))
            case Kind.RATE:
                cuts = self._cuts(selection)
                passes, total = sum(cut.passes for cut in cuts), sum(cut.total for cut in cuts)
                values = {
                    "rate": passes / total if total else 0.0,
                    "passes": passes,
                    "fails": total - passes,
                }
                return MetricSummary("rate", values)
            case Kind.GAUGE:
                return self._gauge(selection, metric)

    def _trend(self, selection: Selection, metric: Metric) -> MetricSummary:
        timeline = self._timeline
        union = timeline.trend(selection)
        # The cumulative ones begin after the warm-up.
        series = timeline.matching(selection)
        for interval in timeline.intervals()[: timeline.judged_from]:
            trend_of(interval, series, into=union)
        return MetricSummary("trend", trend_values(union), _unit(metric), clamped=union.clamped)

    def _gauge(self, selection: Selection, metric: Metric) -> MetricSummary | None:
        # What follows the planned end is the graceful stop, in which VUs go home one by one.
        within = max(ceil(self._duration), 1)
        cuts = self._cuts(selection)[:within]
        values = [cut.gauge for cut in cuts if cut.gauge is not None]
        if not values:
            return None
        shown = {"value": values[-1], "min": min(values), "max": max(values)}
        return MetricSummary("gauge", shown, _unit(metric))

    def _cuts(self, selection: Selection) -> list[Slice]:
        series = self._timeline.matching(selection)
        return [Slice.of(interval, series) for interval in self._timeline.intervals()]


def trend_values(histogram: Histogram) -> dict[str, int | float]:
    """A trend's values in ms, as the summary names them; only its count where it is empty."""
    if not histogram.count:
        return {"count": 0}
    percentiles = dict(
        zip(_PERCENTILES, histogram.percentiles(list(_PERCENTILES.values())), strict=True)
    )
    return {
        "count": histogram.count,
        "min": histogram.min_ms,
        "avg": histogram.mean_ms,
        "med": histogram.percentile(50),
        "max": histogram.max_ms,
        **percentiles,
    }


def _unit(metric: Metric) -> str | None:
    return metric.unit.value or None


def _reason(reason: Reason) -> ReasonSummary:
    cause = reason.cause.value if reason.cause is not None else None
    return ReasonSummary(reason.code.value, reason.message, reason.agent, reason.metric, cause)


def _agent(health: AgentHealth, facts: Facts) -> AgentSummary:
    return AgentSummary(
        name=health.name,
        weight=facts.weights[health.name],
        skew_ms=facts.skews_ms.get(health.name),
        cpu_max=health.cpu_max,
        send_lag_p99_ms=health.send_lag_p99_ms,
    )


def _scenario(submission: Submission, name: str, account: ScenarioTotals) -> ScenarioSummary:
    scenario = submission.test.scenarios[name]
    has_plan = not isinstance(scenario, ConstantVus | RampingVus)
    return ScenarioSummary(
        executor=scenario.executor,
        planned=account.planned if has_plan else None,
        fired=account.fired,
        dropped=account.dropped,
        unknown=account.unknown,
        interrupted=account.interrupted,
    )


def _threshold(standing: Standing) -> ThresholdSummary:
    window = None
    if standing.window is not None and standing.threshold.over is not None:
        window = WindowSummary(
            float(standing.threshold.over), standing.window.start, standing.window.end
        )
    return ThresholdSummary(
        metric=standing.threshold.key,
        expression=standing.threshold.expression,
        ok=standing.ok,
        value=standing.value,
        window=window,
    )
