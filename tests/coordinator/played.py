"""A run played through timeline and judge, second by second."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from groundswell.scenario.model import (
    ConstantArrivalRate,
    ConstantVus,
    RequestStep,
    Scenario,
    SharedIterations,
    Test,
    ThresholdSpec,
)
from groundswell_coordinator.judge.ending import Ending
from groundswell_coordinator.judge.judge import Judge
from groundswell_coordinator.judge.judgement import Judgement, judge_run
from groundswell_coordinator.timeline.strain import strain_of
from groundswell_coordinator.timeline.timeline import Timeline, first_judged
from tests.coordinator.reporting import RUN, Reporter, Values

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from groundswell.v1.metrics_pb2 import ScenarioAccount
    from groundswell_coordinator.judge.standing import Standing

KINDS: dict[str, type[Scenario]] = {
    "constant-arrival-rate": ConstantArrivalRate,
    "constant-vus": ConstantVus,
    "shared-iterations": SharedIterations,
}
STEP = RequestStep(method="GET", path="/", name="/")
OPEN = {
    "executor": "constant-arrival-rate",
    "rate": Fraction(10),
    "duration": Fraction(10),
    "max_vus": 10,
    "pre_allocated_vus": 10,
}
CLOSED = {"executor": "constant-vus", "vus": 10, "duration": Fraction(10)}
COUNTED = {"executor": "shared-iterations", "iterations": 10, "max_duration": Fraction(100)}


def scenario(base: Mapping[str, object], **changes: object) -> Scenario:
    values: dict[str, Any] = {"steps": (STEP,), **base, **changes}
    return KINDS[values.pop("executor")](**values)


def plan_of(
    *thresholds: tuple[str, str] | tuple[str, ThresholdSpec],
    warmup: Fraction = Fraction(0),
    **scenarios: Scenario,
) -> Test:
    specs: dict[str, tuple[ThresholdSpec, ...]] = {}
    for key, written in thresholds:
        spec = ThresholdSpec(threshold=written) if isinstance(written, str) else written
        specs[key] = (*specs.get(key, ()), spec)
    return Test(
        test="t",
        target="http://localhost",
        warmup=warmup,
        scenarios=scenarios or {"s": scenario(OPEN)},
        thresholds=specs,
    )


@dataclass(slots=True)
class Played:
    """What a run came to: live after each second, the second of an abort, and at its end."""

    timeline: Timeline
    live: list[tuple[Standing, ...]]
    aborted: tuple[int, Standing] | None
    judgement: Judgement

    @property
    def standing(self) -> Standing:
        (standing,) = self.judgement.thresholds
        return standing

    @property
    def codes(self) -> list[str]:
        return [reason.code.value for reason in self.judgement.decision.reasons]

    @property
    def messages(self) -> list[str]:
        return [reason.message for reason in self.judgement.decision.reasons]


def play(
    test: Test,
    seconds: Sequence[Values],
    accounts: Mapping[int, Iterable[ScenarioAccount]] | None = None,
    ending: Ending | None = None,
) -> Played:
    """One agent reports `seconds`, and at some of them `accounts`; aborts are noted, not obeyed."""
    timeline = Timeline(
        RUN, {"i1": "agent-1"}, first_judged(test.warmup), new_strain=strain_of(test)
    )
    judge, reporter = Judge(test, timeline), Reporter("i1")
    live: list[tuple[Standing, ...]] = []
    aborted = None
    for number, values in enumerate(seconds):
        own = (accounts or {}).get(number, ())
        last = number == len(seconds) - 1
        timeline.add(reporter.report(number, values, own, last=last), number + 1)
        for interval in timeline.seal_due(number + 1):
            judge.observe(interval)
        live.append(judge.standings())
        if aborted is None and (standing := judge.abort()) is not None:
            aborted = (number + 1, standing)
    return Played(timeline, live, aborted, judge_run(test, timeline, ending or Ending()))
