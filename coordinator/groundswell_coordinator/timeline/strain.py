"""How hard an agent was pressed in the seconds that are judged: what its vitals said, added up.

    busy         its CPU was nearly used up
    throttled    its cgroup kept it from running
    late         of its starts, or its loop's rounds, more than 1 % came later than the limit
    under strain any of these: what it dropped in such a second says nothing of the target

Reports of one agent come in the order of their intervals, on the stream as from the store; only a
drop that is told out of order would be put down to a later second.
"""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from groundswell.metrics.buckets import bucket_of
from groundswell.scenario.model import GeneratorLimits
from groundswell_coordinator.timeline.lateness import Lateness, is_late

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from groundswell.metrics.scratch import Decoded
    from groundswell.scenario.model import Test
    from groundswell.v1.metrics_pb2 import ScenarioAccount

SEND_LAG, LOOP_LAG = "send_lag", "agent_loop_lag"
CPU, THROTTLED = "agent_cpu", "agent_cpu_throttled"
# Of what the agent may use: from here on it has nothing to spare.
BUSY_CPU = 0.9
# Drops that a slow target causes, as long as the agent itself keeps up.
SLOW_TARGET = frozenset({"no_vu", "time"})


@dataclass(slots=True)
class Vitals:
    """Of one interval of an agent; None is what it did not say. `lags` are samples, and late ones."""

    cpu: float | None = None
    throttled: float | None = None
    lags: dict[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])

    def note_gauge(self, metric: str, value: float) -> None:
        if metric == CPU:
            self.cpu = value
        elif metric == THROTTLED:
            self.throttled = value


class Strain:
    """`keeps_seconds`: not only sums, so that windows can be looked at, too."""

    def __init__(
        self, limits: GeneratorLimits | None = None, *, keeps_seconds: bool = False
    ) -> None:
        limits = limits or GeneratorLimits()
        self._limits = limits
        self._first_late = {
            SEND_LAG: bucket_of(round(limits.send_lag * 10**9)) + 1,
            LOOP_LAG: bucket_of(round(limits.loop_lag * 10**9)) + 1,
        }
        # How many seconds it reported, in how many it was busy, with the sum of its CPU in these.
        self.seconds = 0
        self.busy_s = 0
        self._busy_cpu = 0.0
        self.cpu_max: float | None = None
        # How long it was kept from running, all in all.
        self.throttled_s = 0.0
        self.late_s: Counter[str] = Counter()
        # By scenario: what it dropped while it was under strain.
        self.dropped: Counter[str] = Counter()
        self._dropped_before: dict[str, int] = {}
        self.lateness = {SEND_LAG: Lateness(), LOOP_LAG: Lateness()} if keeps_seconds else {}
        self.throttled = array("f")
        self._keeps_seconds = keeps_seconds

    @property
    def busy_cpu(self) -> float:
        """The mean of the seconds in which it was busy."""
        return self._busy_cpu / self.busy_s if self.busy_s else 0.0

    @property
    def is_throttled(self) -> bool:
        return self.throttled_s > self._limits.cpu_throttled * self.seconds

    def late(self, metric: str, lag: Decoded) -> tuple[int, int]:
        """The samples of a lag, and how many of them are above the limit."""
        above = max(self._first_late[metric] - lag.low, 0)
        return lag.count, int(lag.counts[above:].sum())

    def note(self, interval: int, vitals: Vitals) -> None:
        """Take what was said of a second that is judged, once."""
        self.seconds += 1
        if vitals.cpu is not None:
            self._note_cpu(vitals.cpu)
        self.throttled_s += vitals.throttled or 0.0
        for metric, (samples, late) in vitals.lags.items():
            self.late_s[metric] += is_late(samples, late)
        if self._keeps_seconds:
            self._keep(interval, vitals)

    def note_drops(self, accounts: Iterable[ScenarioAccount], vitals: Vitals | None) -> None:
        """What was dropped since the newest report before; without vitals it is not judged."""
        is_strained = vitals is not None and self._is_strained(vitals)
        for account in accounts:
            total = sum(account.dropped[reason] for reason in SLOW_TARGET & {*account.dropped})
            before = self._dropped_before.get(account.scenario, 0)
            self._dropped_before[account.scenario] = total
            if is_strained:
                self.dropped[account.scenario] += total - before

    def _is_strained(self, vitals: Vitals) -> bool:
        return (
            (vitals.cpu or 0.0) >= BUSY_CPU
            or (vitals.throttled or 0.0) > self._limits.cpu_throttled
            or any(is_late(*lag) for lag in vitals.lags.values())
        )

    def _note_cpu(self, cpu: float) -> None:
        self.cpu_max = max(cpu, self.cpu_max or 0.0)
        if cpu >= BUSY_CPU:
            self.busy_s += 1
            self._busy_cpu += cpu

    def _keep(self, interval: int, vitals: Vitals) -> None:
        for metric, (samples, late) in vitals.lags.items():
            self.lateness[metric].note(interval, samples, late)
        self.throttled.extend([0.0] * (interval + 1 - len(self.throttled)))
        self.throttled[interval] = vitals.throttled or 0.0


def strain_of(test: Test) -> Callable[[], Strain]:
    """Makes each agent's; its single seconds are kept only where windows are judged."""
    has_windows = any(spec.over is not None for specs in test.thresholds.values() for spec in specs)
    return lambda: Strain(test.generator_limits, keeps_seconds=has_windows)
