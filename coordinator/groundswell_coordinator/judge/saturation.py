"""When an agent was too hard pressed for its numbers to be trusted: over all that is judged, or in a window of it.

    send lag     p99 above its limit, of open executors
    loop lag     p99 above its limit, of closed ones, which plan no starts to be late for
    throttled    kept from running by its cgroup for more than its limit's share of the time

A busy CPU alone only warns: a closed test without pauses takes all of it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from groundswell.scenario.model import OpenScenario
from groundswell.units import format_duration
from groundswell.verdict.run_warning import RunWarning
from groundswell.verdict.verdict import Reason, ReasonCode
from groundswell_coordinator.timeline.lateness import window_sums
from groundswell_coordinator.timeline.strain import LOOP_LAG, SEND_LAG

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from fractions import Fraction

    from numpy.typing import NDArray

    from groundswell.scenario.model import Test
    from groundswell.verdict.threshold import Threshold
    from groundswell_coordinator.timeline.agent_record import AgentRecord

AGENT_BUSY = "agent_busy"
# So long an agent must be busy for it to be worth a word.
_BUSY_FOR_S = 3
# Share of what it may use below which an agent's own load is not what holds it up.
_AT_EASE = 0.5
_NAMES = {SEND_LAG: "send lag", LOOP_LAG: "loop lag"}
_AGAINST_LOAD = {SEND_LAG: "add agents or lower the rate", LOOP_LAG: "add agents or use fewer VUs"}
_RAISE = "raise its CPU limit"


def open_scenarios(test: Test) -> frozenset[str]:
    """The scenarios whose load does not wait for the target, so that a lag is the generator's."""
    return frozenset(name for name, one in test.scenarios.items() if isinstance(one, OpenScenario))


def saturation(
    agent: AgentRecord, test: Test, send_lag: float | None, loop_lag: float | None
) -> Reason | None:
    """Over all that is judged; lags are p99, in ms."""
    lags = {SEND_LAG: send_lag, LOOP_LAG: loop_lag}
    above = (
        (metric, limit, lag)
        for metric, limit in _limits(test)
        if (lag := lags[metric]) is not None and lag > limit * 1000
    )
    first = next(above, None)
    strain = agent.strain
    if strain.is_throttled:
        lagged = "" if first is None else f", {_NAMES[first[0]]} p99 {_shown(first[2])}"
        text = (
            f"was throttled by its cgroup for {_seconds(strain.throttled_s)}"
            f" of {strain.seconds} s{lagged}: {_RAISE}"
        )
        return _reason(agent, f"{agent.name} {text}")
    if first is None:
        return None
    metric, limit, lag = first
    late_s = strain.late_s[metric]
    # Few samples may be late without any second that is.
    during = f", in {late_s} of {strain.seconds} s" if late_s else ""
    figure = f"{_NAMES[metric]} p99 {_shown(lag)} is above {format_duration(limit)}"
    advice = _advice(strain.cpu_max, metric)
    return _reason(agent, f"{agent.name}: {figure}{during}: {advice}")


def window_saturation(
    agent: AgentRecord, test: Test, windows: Iterable[tuple[Threshold, int, range]]
) -> Reason | None:
    """In the first window that a threshold was judged by although the agent was saturated in it."""
    for threshold, length, ends in windows:
        for what, found in _found(agent, test, length, ends):
            end = ends[int(np.argmax(found))]
            where = f"from second {end - length} to {end}, a window that {threshold} was judged by"
            return _reason(agent, f"{agent.name} {what[0]} {where}: {what[1]}")
    return None


def busy_warnings(agents: Iterable[AgentRecord]) -> Sequence[RunWarning]:
    """One, however many were busy: the one that was so for longest stands for all."""
    busy = [agent for agent in agents if agent.strain.busy_s >= _BUSY_FOR_S]
    if not busy:
        return ()
    worst = max(busy, key=lambda agent: agent.strain.busy_s)
    others = "" if len(busy) == 1 else f" (and {len(busy) - 1} more agents for up to as long)"
    strain = worst.strain
    text = f"{worst.name} was at {strain.busy_cpu:.0%} CPU for {strain.busy_s} s{others}"
    agent = worst.name if len(busy) == 1 else None
    return (RunWarning(AGENT_BUSY, f"{text}: add agents", agent),)


def _found(
    agent: AgentRecord, test: Test, length: int, ends: range
) -> Iterator[tuple[tuple[str, str], NDArray[np.bool_]]]:
    """What went on, with advice, and in which of the windows; only where it did in any."""
    strain, share = agent.strain, float(test.generator_limits.cpu_throttled)
    stopped = window_sums(np.array(strain.throttled, np.float64), length, ends) > share * length
    if stopped.any():
        yield ("was throttled by its cgroup", _RAISE), stopped
    for metric, limit in _limits(test):
        lateness = strain.lateness.get(metric)
        if lateness is not None and (late := lateness.windows(length, ends)).any():
            what = f"had a {_NAMES[metric]} p99 above {format_duration(limit)}"
            yield (what, _advice(strain.cpu_max, metric)), late


def _limits(test: Test) -> Iterator[tuple[str, Fraction]]:
    """What the agents of this test are judged by: a test of both kinds by both."""
    open_names, limits = open_scenarios(test), test.generator_limits
    if open_names:
        yield SEND_LAG, limits.send_lag
    if len(open_names) < len(test.scenarios):
        yield LOOP_LAG, limits.loop_lag


def _advice(cpu: float | None, metric: str) -> str:
    """More agents help an agent that is busy; one that lags at its ease is kept waiting by its machine."""
    if cpu is None or cpu > _AT_EASE:
        return _AGAINST_LOAD[metric]
    return (
        f"with {cpu:.0%} of its CPU in use it waited for its machine: give it one that is less busy, "
        "or raise generator_limits if this is precise enough"
    )


def _reason(agent: AgentRecord, message: str) -> Reason:
    return Reason(ReasonCode.AGENT_SATURATED, message, agent=agent.name)


def _shown(lag_ms: float) -> str:
    return "above 1h" if math.isinf(lag_ms) else f"{lag_ms:.3g} ms"


def _seconds(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
