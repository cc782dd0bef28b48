"""Whether the counts of a summary add up."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from groundswell_coordinator.timeline.accounts import AGENT_LOST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from groundswell_coordinator.report.summary import MetricSummary, Summary


def discrepancies(summary: Summary) -> tuple[str, ...]:
    """What does not add up, as sentences; empty for a summary that is consistent with itself."""
    return (
        *_in_accounts(summary),
        *_in_rates(summary),
        *_in_trends(summary),
        *_between_metrics(summary),
    )


def _in_accounts(summary: Summary) -> Iterator[str]:
    for name, scenario in summary.scenarios.items():
        decided = scenario.fired + sum(scenario.dropped.values()) + scenario.unknown
        if scenario.planned is not None and scenario.planned != decided:
            yield f"scenario {name}: {scenario.planned} planned, but {decided} decided"


def _in_rates(summary: Summary) -> Iterator[str]:
    for name, metric in summary.metrics.items():
        if metric.type != "rate":
            continue
        passes, fails = metric.values.get("passes", 0), metric.values.get("fails", 0)
        expected = passes / (passes + fails) if passes + fails else 0.0
        if not math.isclose(metric.values.get("rate", 0.0), expected, abs_tol=1e-9):
            yield f"{name}: a rate of {metric.values['rate']}, but {passes} of {passes + fails}"


def _in_trends(summary: Summary) -> Iterator[str]:
    steps = ("min", "med", "p(90)", "p(95)", "p(99)", "p(99.9)", "max")
    for name, metric in summary.metrics.items():
        present = [step for step in steps if metric.type == "trend" and step in metric.values]
        for lower, upper in pairwise(present):
            if metric.values[lower] > metric.values[upper] and not metric.clamped:
                yield f"{name}: {lower} is above {upper}"
        if metric.spread and sum(metric.spread) != metric.values["count"]:
            yield f"{name}: {metric.values['count']} samples, spread over {sum(metric.spread)}"


def _between_metrics(summary: Summary) -> Iterator[str]:
    requests = _count(summary, "http_reqs")
    # A request that an abort cancelled is counted in http_reqs and in nothing else.
    for name in ("http_req_failed", "http_req_duration"):
        if name in summary.metrics and _count(summary, name) > requests:
            yield f"{name} has {_count(summary, name)} samples, http_reqs only {requests}"
    checks = sum(check.passes + check.fails for check in summary.checks)
    if checks != _count(summary, "checks"):
        yield f"checks has {_count(summary, 'checks')} samples, the checks have {checks}"
    if summary.part is not None:
        return  # accounts are of the whole run
    dropped = sum(
        count
        for one in summary.scenarios.values()
        for reason, count in one.dropped.items()
        if reason != AGENT_LOST
    )
    if "dropped_iterations" in summary.metrics and dropped != _count(summary, "dropped_iterations"):
        counted = _count(summary, "dropped_iterations")
        yield f"dropped_iterations is {counted}, the scenarios dropped {dropped}, losses aside"


def _count(summary: Summary, name: str) -> float:
    metric = summary.metrics.get(name)
    return 0 if metric is None else _samples(metric)


def _samples(metric: MetricSummary) -> float:
    if metric.type == "rate":
        return metric.values.get("passes", 0) + metric.values.get("fails", 0)
    return metric.values.get("count", 0)
