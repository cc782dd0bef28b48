"""What is kept of one agent's report beside the merged interval.

    part_of          its accounts, its lag and its CPU: what tells agents apart in the verdict
    self_contained   the whole report: a late one, which is stored next to the interval it amends

Both declare the series that they use, with the agent's own numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell.v1.metrics_pb2 import Report

if TYPE_CHECKING:
    from groundswell_coordinator.timeline.declarations import Declarations


def part_of(report: Report, declarations: Declarations) -> Report:
    vitals = declarations.vitals
    gauges = [value for value in report.gauges if value.series in vitals]
    trends = [value for value in report.trends if value.series in vitals]
    numbers = [*(value.series for value in gauges), *(value.series for value in trends)]
    return Report(
        run_id=report.run_id,
        incarnation=report.incarnation,
        interval=report.interval,
        last=report.last,
        epoch=report.epoch,
        accounts=report.accounts,
        gauges=gauges,
        trends=trends,
        declarations=declarations.of(numbers),
    )


def self_contained(report: Report, declarations: Declarations) -> Report:
    twin = Report()
    twin.CopyFrom(report)
    numbers = [value.series for value in report.counters]
    numbers += (value.series for value in report.gauges)
    numbers += (value.series for value in report.rates)
    numbers += (value.series for value in report.trends)
    del twin.declarations[:]
    twin.declarations.extend(declarations.of(numbers))
    return twin
