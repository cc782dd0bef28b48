"""An engine played from its start to its end, and all that its reports said, decoded."""

from __future__ import annotations

import asyncio
import json
import time
from collections import defaultdict
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

from groundswell.files.places import UNSEEN
from groundswell.metrics.histogram import Histogram
from groundswell.v1 import agent_pb2
from groundswell.v1.metrics_pb2 import MetricKind, Report, ScenarioAccount
from groundswell_agent.engine.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from groundswell.files.places import Files

Scenario = dict[str, object]
Step = dict[str, object]
Key = tuple[str, frozenset[tuple[str, str]]]

# Time to build other engines that are to start at the same T.
_AHEAD_S = 0.05

RUN_ID = "run-1"
INCARNATION = "incarnation-1"


def preparation(
    scenarios: Mapping[str, Scenario],
    target: str,
    *,
    agent: str = "a",
    shares: Mapping[str, int] | None = None,
    seed: int = 1,
    data: Mapping[str, object] | None = None,
) -> agent_pb2.Prepare:
    """`shares` are the weights of all agents by name. YAML reads JSON."""
    test = {"test": "engine", "target": target, "data": data or {}, "scenarios": scenarios}
    entries = [agent_pb2.ShareEntry(agent=n, weight=w) for n, w in (shares or {agent: 1}).items()]
    return agent_pb2.Prepare(
        run_id=RUN_ID,
        source=agent_pb2.TestSource(name="test.yaml", text=json.dumps(test).encode()),
        shares=agent_pb2.ShareTable(entries=entries),
        agent=agent,
        seed=seed,
    )


@dataclass
class Measured:
    """Everything the reports of one engine add up to. Tags select: those not named may be any."""

    # T, as the engine was told it: in seconds it would be rounded.
    start_ns: int
    reports: list[Report] = field(default_factory=list[Report])
    started_ns: list[int] = field(default_factory=list[int])
    series: dict[int, tuple[Key, MetricKind.ValueType]] = field(
        default_factory=dict[int, tuple[Key, MetricKind.ValueType]]
    )
    counters: defaultdict[Key, int] = field(default_factory=lambda: defaultdict[Key, int](int))
    rates: dict[Key, tuple[int, int]] = field(default_factory=dict[Key, tuple[int, int]])
    trends: defaultdict[Key, Histogram] = field(
        default_factory=lambda: defaultdict[Key, Histogram](Histogram)
    )
    gauges: dict[Key, list[float]] = field(default_factory=dict[Key, list[float]])

    @property
    def start(self) -> float:
        """T in seconds, of `time.monotonic()`."""
        return self.start_ns / 1e9

    def take(self, report: Report) -> None:
        self.reports.append(report)
        for declaration in report.declarations:
            assert declaration.number not in self.series, "a number is declared twice"
            key = declaration.metric, frozenset(declaration.tags.items())
            assert all(key != known for known, _ in self.series.values()), "a series twice"
            self.series[declaration.number] = key, declaration.kind
        for counter in report.counters:
            self.counters[self._key(counter.series, MetricKind.METRIC_KIND_COUNTER)] += (
                counter.delta
            )
        for gauge in report.gauges:
            key = self._key(gauge.series, MetricKind.METRIC_KIND_GAUGE)
            self.gauges.setdefault(key, []).append(gauge.value)
        for rate in report.rates:
            key = self._key(rate.series, MetricKind.METRIC_KIND_RATE)
            passes, total = self.rates.get(key, (0, 0))
            self.rates[key] = passes + rate.passes, total + rate.total
        for t in report.trends:
            self.trends[self._key(t.series, MetricKind.METRIC_KIND_TREND)].merge_payload(
                t.payload, t.count, t.sum_ns, t.min_ns, t.max_ns, t.clamped
            )

    def _key(self, number: int, kind: MetricKind.ValueType) -> Key:
        """KeyError for a series that no report declared so far."""
        key, declared = self.series[number]
        assert declared == kind
        return key

    def count(self, metric: str, **tags: str) -> int:
        return sum(self.counters[key] for key in list(self.counters) if _fits(key, metric, tags))

    def rate(self, metric: str, **tags: str) -> tuple[int, int]:
        """Passes, and all."""
        found = [value for key, value in self.rates.items() if _fits(key, metric, tags)]
        return sum(passes for passes, _ in found), sum(total for _, total in found)

    def trend(self, metric: str, **tags: str) -> Histogram:
        union = Histogram()
        for key, histogram in self.trends.items():
            if _fits(key, metric, tags):
                union.merge(histogram)
        return union

    def gauge(self, metric: str) -> list[float]:
        return self.gauges[metric, frozenset()]

    def tags(self, metric: str) -> list[dict[str, str]]:
        """The tags of each series of a metric."""
        return [dict(tags) for (name, tags), _ in self.series.values() if name == metric]

    def account(self, scenario: str = "s") -> ScenarioAccount:
        return next(a for a in self.reports[-1].accounts if a.scenario == scenario)

    def dropped(self, scenario: str = "s") -> dict[str, int]:
        return dict(self.account(scenario).dropped)

    def assert_balanced(self, scenario: str = "s", *, has_plan: bool = True) -> None:
        """Every iteration is accounted for, and accounts and metrics tell one story."""
        account = self.account(scenario)
        dropped = sum(account.dropped.values())
        assert account.planned == (account.fired + dropped if has_plan else 0)
        assert self.count("dropped_iterations", scenario=scenario) == dropped
        assert self.count("interrupted_iterations", scenario=scenario) == account.interrupted
        ended = self.count("iterations", scenario=scenario)
        assert ended + account.interrupted == account.fired
        assert self.trend("iteration_duration", scenario=scenario).count == ended


def _fits(key: Key, metric: str, tags: dict[str, str]) -> bool:
    return key[0] == metric and set(tags.items()) <= key[1]


def build(prepare: agent_pb2.Prepare, files: Files = UNSEEN) -> Engine:
    return Engine.build(prepare, incarnation=INCARNATION, files=files)


async def played(
    *prepares: agent_pb2.Prepare,
    in_s: float = _AHEAD_S,
    during: Callable[[Engine, float], None] | None = None,
    files: Files = UNSEEN,
) -> list[Measured]:
    """Run all of them at once, from one T `in_s` from now; `during` is called before T, with it."""
    engines = [build(prepare, files) for prepare in prepares]
    start = monotonic() + in_s
    start_ns = int(start * 1e9)
    runs = [Measured(start_ns) for _ in engines]
    for engine in engines:
        if during is not None:
            during(engine, start)
    async with asyncio.TaskGroup() as group:
        for engine, run in zip(engines, runs, strict=True):
            group.create_task(engine.run(start_ns, report=run.take, started=run.started_ns.append))
    return runs


async def play(
    target: str,
    scenario: Scenario,
    *,
    in_s: float = _AHEAD_S,
    during: Callable[[Engine, float], None] | None = None,
) -> Measured:
    """One agent, one scenario, by the name of `s`."""
    (run,) = await played(preparation({"s": scenario}, target), in_s=in_s, during=during)
    return run


def at(start: float, seconds: float, do: Callable[..., object], *args: object) -> None:
    """Call `do` at `seconds` from `start`, which is `during`'s."""
    loop = asyncio.get_running_loop()
    loop.call_later(max(start + seconds - monotonic(), 0), lambda: do(*args))


def hold_the_loop(start: float, seconds: float, long: float) -> None:
    """Nothing else runs for `long` seconds, as if a callback took so much time."""
    at(start, seconds, time.sleep, long)


def get(path: str, **more: object) -> Step:
    return {"get": path, **more}


def open_at(rate: float, duration: float, path: str = "/ok", **more: object) -> Scenario:
    return {
        "executor": "constant-arrival-rate",
        "rate": f"{rate}/s",
        "duration": f"{duration}s",
        "max_vus": 300,
        "steps": [get(path)],
        **more,
    }


def constant(vus: int, duration: float, path: str = "/ok", **more: object) -> Scenario:
    return {
        "executor": "constant-vus",
        "vus": vus,
        "duration": f"{duration}s",
        "steps": [get(path)],
        **more,
    }


def ramping(*stages: tuple[float, int], path: str = "/ok", **more: object) -> Scenario:
    """Stages are (seconds, target); it starts at 0 VUs."""
    return {
        "executor": "ramping-vus",
        "start_vus": 0,
        "stages": [{"duration": f"{d}s", "target": vus} for d, vus in stages],
        "steps": [get(path)],
        **more,
    }


def shared(vus: int, iterations: int, path: str = "/ok", **more: object) -> Scenario:
    return {
        "executor": "shared-iterations",
        "vus": vus,
        "iterations": iterations,
        "steps": [get(path)],
        **more,
    }


def per_vu(vus: int, iterations: int, path: str = "/ok", **more: object) -> Scenario:
    return {**shared(vus, iterations, path, **more), "executor": "per-vu-iterations"}


def once(*steps: Step, **more: object) -> Scenario:
    """One VU, one iteration."""
    return {**per_vu(1, 1), "steps": list(steps), **more}
