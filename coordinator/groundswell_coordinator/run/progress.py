"""The live picture of a run, one interval at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from groundswell.capacity.searched import searched_names
from groundswell.schedule.shape import PlannedRate, run_duration
from groundswell.v1.control_pb2 import Progress, ThresholdState
from groundswell.verdict.selection import Selection
from groundswell.verdict.value_text import value_text
from groundswell_coordinator.judge.saturation import open_scenarios
from groundswell_coordinator.run.agent_states import AgentStates, finite
from groundswell_coordinator.timeline.accounts import totals
from groundswell_coordinator.timeline.slice import Slice, trend_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from groundswell.scenario.model import Test
    from groundswell.schedule.levels import Level
    from groundswell_coordinator.judge.judge import Judge
    from groundswell_coordinator.judge.standing import Standing
    from groundswell_coordinator.timeline.accounts import ScenarioTotals
    from groundswell_coordinator.timeline.interval import Interval
    from groundswell_coordinator.timeline.timeline import Timeline

_DURATION = Selection("http_req_duration")

_STANDINGS = {
    True: ThresholdState.STANDING_PASSING,
    False: ThresholdState.STANDING_FAILING,
    None: ThresholdState.STANDING_NO_SAMPLES,
}


@dataclass(slots=True)
class Durations:
    """How many requests had a duration, and the sum of those."""

    count: int = 0
    sum_s: float = 0.0


class ProgressMeter:
    """Fed each sealed interval in order, after the judge has seen it."""

    def __init__(self, test: Test, timeline: Timeline, judge: Judge) -> None:
        self._test = test
        self._timeline = timeline
        self._judge = judge
        # How long a search takes is its answer's to say.
        is_search = bool(searched_names(test))
        self._duration = 0.0 if is_search else float(run_duration(test.scenarios.values()))
        self._planned_rate = PlannedRate(test.scenarios.values())
        self._requests = 0
        self._failed = 0
        self._fired = 0
        self._agents = AgentStates(test, timeline)
        self.durations = Durations()

    def resume(self, interval: Interval) -> tuple[int, int]:
        """Count an interval without making a picture of it: its requests, and how many failed."""
        requests = self._cut("http_reqs", interval).count
        failed = self._cut("http_req_failed", interval).passes
        self._requests += requests
        self._failed += failed
        for series in self._timeline.matching(_DURATION):
            if (trend := interval.trends.get(series)) is not None:
                self.durations.count += trend.count
                self.durations.sum_s += trend.sum_ns / 1e9
        return requests, failed

    def catch_up(self) -> None:
        """After the last one that is resumed: what was fired by then is not this second's."""
        accounts = totals(agent.accounts for agent in self._timeline.agents)
        self._fired = self._fired_by_plan(accounts)

    def observe(self, interval: Interval) -> Progress:
        """Rates and percentiles are those of this interval, counts those of the run so far."""
        requests, failed = self.resume(interval)
        accounts = totals(agent.accounts for agent in self._timeline.agents)
        fired, before = self._fired_by_plan(accounts), self._fired
        self._fired = fired
        durations = trend_of(interval, self._timeline.matching(_DURATION))
        p50, p95, p99 = (finite(p) for p in durations.percentiles((50, 95, 99)))
        middle = interval.number + 0.5
        return Progress(
            interval=interval.number,
            elapsed_s=interval.number + 1,
            planned_duration_s=self._duration,
            planned_rate=self._planned_rate.at(middle),
            achieved_rate=fired - before,
            request_rate=requests,
            vus=int(self._cut("vus", interval).gauge or 0),
            p50_ms=p50,
            p95_ms=p95,
            p99_ms=p99,
            requests=self._requests,
            failed=self._failed,
            dropped=sum(sum(one.dropped.values()) for one in accounts.values()),
            thresholds=[_threshold_state(standing) for standing in self._judge.standings()],
            agents=self._agents.latest(),
            interval_requests=requests,
            interval_failed=failed,
        )

    def rise(self, levels: Iterable[Level]) -> None:
        """A search has come to the last of these."""
        self._planned_rate = PlannedRate(self._test.scenarios.values(), levels)

    def take_news(self) -> str | None:
        """Of agents that are saturated, when it is found out."""
        return self._agents.take_news()

    def _fired_by_plan(self, accounts: Mapping[str, ScenarioTotals]) -> int:
        """What is held against the planned rate: open scenarios' iterations; all if none is open."""
        names = open_scenarios(self._test) or self._test.scenarios
        return sum(account.fired for name, account in accounts.items() if name in names)

    def _cut(self, metric: str, interval: Interval) -> Slice:
        return Slice.of(interval, self._timeline.matching(Selection(metric)))


def _threshold_state(standing: Standing) -> ThresholdState:
    return ThresholdState(
        metric=standing.threshold.key,
        expression=standing.threshold.expression,
        standing=_STANDINGS[standing.ok],
        value=finite(standing.value or 0.0),
        shown="" if standing.value is None else value_text(standing.threshold, standing.value),
    )
