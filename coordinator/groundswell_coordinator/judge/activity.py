"""When scenarios are planned to be at work: [start_time, start_time + duration), in seconds.

The graceful stop is not in it, nor the warm-up, nor what lies behind an early stop. An executor
that counts iterations has no planned end but the longest it may take; its end is that of the last
interval in which it did something.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from groundswell.scenario.model import PerVuIterations, SharedIterations
from groundswell.schedule.shape import planned_duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from groundswell.scenario.model import Scenario, Test
    from groundswell.verdict.selection import Selection
    from groundswell_coordinator.timeline.timeline import Timeline

_Span = tuple[Fraction, Fraction]


class Activity:
    """Of a test's scenarios; `stopped_at` is the second at which the run was stopped early."""

    def __init__(self, test: Test, timeline: Timeline, stopped_at: float | None = None) -> None:
        self._test = test
        self._timeline = timeline
        self._stopped_at = None if stopped_at is None else Fraction(stopped_at)
        self._unions: dict[Selection, tuple[object, Sequence[_Span]]] = {}

    def scenarios(self, selection: Selection) -> tuple[str, ...]:
        """The scenario that a selection names, or all of them."""
        named = selection.tag("scenario")
        return tuple(name for name in self._test.scenarios if named in (None, name))

    def seconds(self, selection: Selection) -> float:
        """The active time so far that is judged."""
        first = Fraction(self._timeline.judged_from)
        end = Fraction(self._timeline.sealed_count)
        clipped = ((max(a, first), min(b, end)) for a, b in self._union(selection))
        return float(sum((b - a for a, b in clipped if a < b), Fraction(0)))

    def touches(self, selection: Selection, interval: int) -> bool:
        """Whether any of the interval is active."""
        return any(a < interval + 1 and b > interval for a, b in self._union(selection))

    def fills(self, selection: Selection, interval: int) -> bool:
        """Whether the whole interval is active."""
        return any(a <= interval and b >= interval + 1 for a, b in self._union(selection))

    def _union(self, selection: Selection) -> Sequence[_Span]:
        # It is asked for every second of the run and changes only while iterations are counted.
        version = tuple(self._timeline.last_active.get(name) for name in self._counting())
        known = self._unions.get(selection)
        if known is None or known[0] != version:
            spans = (self._span(name) for name in self.scenarios(selection))
            known = self._unions[selection] = (version, _joined(spans))
        return known[1]

    def _counting(self) -> Iterable[str]:
        return (name for name, one in self._test.scenarios.items() if _counts_iterations(one))

    def _span(self, name: str) -> _Span:
        scenario = self._test.scenarios[name]
        end = scenario.start_time + planned_duration(scenario)
        last = self._timeline.last_active.get(name)
        if last is not None and _counts_iterations(scenario):
            end = min(end, Fraction(last + 1))
        if self._stopped_at is not None:
            end = min(end, self._stopped_at)
        return scenario.start_time, end


def _counts_iterations(scenario: Scenario) -> bool:
    return isinstance(scenario, SharedIterations | PerVuIterations)


def _joined(spans: Iterable[_Span]) -> Sequence[_Span]:
    """The union, as spans that do not touch."""
    union: list[_Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if union and start <= union[-1][1]:
            union[-1] = (union[-1][0], max(end, union[-1][1]))
        else:
            union.append((start, end))
    return union
