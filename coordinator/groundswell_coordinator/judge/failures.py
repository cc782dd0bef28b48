"""Iterations that an exception of a test in Python ended: how many of a scenario, and where from.

A scenario of which every iteration fails shows a broken test, and no target. What a target does is
not counted for that: an iteration that ends because a response lacks what was asked of it is no
fault of the code.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from groundswell.verdict.run_warning import RunWarning
from groundswell.verdict.verdict import Reason, ReasonCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from groundswell.scenario.model import Test
    from groundswell_coordinator.timeline.interval import Interval

# So many iterations at first, of all agents together, and every one of them failed: the rest would, too.
ENOUGH = 20
_SHOWN = 3
_BY_RESPONSE = ("cause", "response")

WARNING = "iterations_failed"


class Failures:
    """Fed every sealed interval in order; costs nothing for a test of steps."""

    def __init__(self, test: Test) -> None:
        scenarios = test.scenarios.items()
        self._names = [name for name, scenario in scenarios if scenario.function is not None]
        self._ended: Counter[str] = Counter()
        # By scenario: all, those by exceptions of the code, and what they were.
        self._failed: Counter[str] = Counter()
        self._by_code: Counter[str] = Counter()
        self._what: dict[str, Counter[str]] = {}

    def observe(self, interval: Interval) -> None:
        if not self._names:
            return
        for series, count in interval.counters.items():
            if series.metric == "iterations":
                self._ended[dict(series.tags).get("scenario", "")] += count
            elif series.metric == "failed_iterations":
                self._note(dict(series.tags), count)

    def _note(self, tags: dict[str, str], count: int) -> None:
        name = tags.get("scenario", "")
        self._failed[name] += count
        if _BY_RESPONSE not in tags.items():
            self._by_code[name] += count
        what = f"{tags.get('exception', 'exception')} at {tags.get('at', '?')}"
        self._what.setdefault(name, Counter())[what] += count

    def hopeless(self, least: int = ENOUGH) -> str | None:
        """A scenario of which `least` iterations have ended, and all of them by the code's fault."""
        for name in self._names:
            if least <= self._ended[name] == self._by_code[name]:
                return name
        return None

    def reasons(self) -> Iterator[Reason]:
        """Of scenarios that did nothing else, however little that was."""
        for name in self._names:
            if 0 < self._ended[name] == self._by_code[name]:
                message = f"every iteration of {name} failed, {self._listed(name)}"
                yield Reason(ReasonCode.SCRIPT_EXCEPTION, message)

    def warnings(self) -> Iterable[RunWarning]:
        for name in self._names:
            failed, ended = self._failed[name], self._ended[name]
            if failed and self._by_code[name] < ended:
                message = f"{failed} of {ended} iterations of {name} failed, {self._listed(name)}"
                yield RunWarning(WARNING, message)

    def _listed(self, name: str) -> str:
        what = self._what[name].most_common()
        shown = ", ".join(f"{count} by {one}" for one, count in what[:_SHOWN])
        more = len(what) - _SHOWN
        return f"{shown} and {more} more" if more > 0 else shown
