"""What a second of a large run costs its coordinator but for gRPC and the store's own work.

Reports are read, checked, merged, sealed, judged, shown and written down by the code that does so
in a run; nothing is simulated but the agents' bytes.
"""

from __future__ import annotations

import time
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.synthetic import SyntheticReports, written_test
from groundswell.scenario.loader import TestSource, load
from groundswell.v1.metrics_pb2 import Report
from groundswell_coordinator.judge.judge import Judge
from groundswell_coordinator.run.progress import ProgressMeter
from groundswell_coordinator.timeline.timeline import Timeline, first_judged

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from groundswell_coordinator.timeline.interval import Interval

_RUN = "benchmark"
# Warm-up of the test, and the first seconds after it, in which everything grows.
_UNCOUNTED = 4


@dataclass(frozen=True, slots=True)
class MergeCost:
    """CPU milliseconds per second of the run, by what they went into."""

    agents: int
    parts: Mapping[str, float]

    @property
    def total(self) -> float:
        return sum(self.parts.values())


def measure_merge(agents: int, seconds: int) -> MergeCost:
    bench = _Bench(agents, seconds + _UNCOUNTED)
    for second in range(_UNCOUNTED):
        bench.play(second)
    bench.spent.clear()
    for second in range(_UNCOUNTED, _UNCOUNTED + seconds):
        bench.play(second)
    return MergeCost(agents, {what: 1000 * s / seconds for what, s in bench.spent.items()})


def table(cost: MergeCost) -> str:
    """As Markdown."""
    rows = [f"| {what} | {ms:.1f} |" for what, ms in cost.parts.items()]
    head = f"| a second of {cost.agents:,} agents | ms of CPU |"
    return "\n".join((head, "|---|---|", *rows, f"| all | {cost.total:.1f} |"))


class _Bench:
    def __init__(self, agents: int, seconds: int) -> None:
        source = TestSource("pool.yaml", written_test(agents, seconds).encode(), {}, None)
        test = load(source)
        self._agents = {f"incarnation-{n}": f"agent-{n}" for n in range(1, agents + 1)}
        self._reports = SyntheticReports.make()
        self.timeline = Timeline(_RUN, self._agents, first_judged(test.warmup))
        self._judge = Judge(test, self.timeline)
        self._progress = ProgressMeter(test, self.timeline, self._judge)
        self.spent: defaultdict[str, float] = defaultdict(float)

    def play(self, second: int) -> None:
        """All reports of a second come, each as bytes, and the interval is sealed."""
        payloads = [
            self._reports.report(_RUN, incarnation, number, second)
            for number, incarnation in enumerate(self._agents)
        ]
        with self._timed("parse"):
            reports = [Report.FromString(payload) for payload in payloads]
        with self._timed("merge"):
            for report in reports[:-1]:
                self.timeline.add(report, second + 1.0)
        with self._timed("ask after each report whether an interval is due"):
            for _ in reports:
                self.timeline.seal_due(second + 0.9)
        with self._timed("seal"):
            self.timeline.add(reports[-1], second + 1.0)
            sealed = self.timeline.seal_due(second + 1.0)
        for interval in sealed:
            self._settle(interval)
        if len(sealed) != 1:
            raise RuntimeError(f"{len(sealed)} intervals were sealed in second {second}")

    def _settle(self, interval: Interval) -> None:
        with self._timed("judge"):
            self._judge.observe(interval)
            self._judge.abort()
        with self._timed("write the interval down"):
            interval.to_report(_RUN).SerializeToString()
        with self._timed("write the agents' parts down"):
            for part in interval.parts:
                part.SerializeToString()
        with self._timed("live picture"):
            self._progress.observe(interval).SerializeToString()

    @contextmanager
    def _timed(self, what: str) -> Generator[None]:
        before = time.process_time()
        yield
        self.spent[what] += time.process_time() - before
