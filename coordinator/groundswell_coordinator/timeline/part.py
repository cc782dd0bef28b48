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

# By these an agent's health is judged; the interval has them merged over all agents.
VITALS = frozenset({"send_lag", "agent_loop_lag", "agent_cpu"})


def part_of(report: Report, declarations: Declarations) -> Report:
    def is_vital(number: int) -> bool:
        return declarations.metric(number) in VITALS

    gauges = [value for value in report.gauges if is_vital(value.series)]
    trends = [value for value in report.trends if is_vital(value.series)]
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
