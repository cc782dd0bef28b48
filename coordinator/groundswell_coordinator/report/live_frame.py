"""How one moment of a run looks: a frame of the live view, or one line without a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from groundswell.v1 import control_pb2
from groundswell_coordinator.report import quantity
from groundswell_coordinator.report.finite import BEYOND_RANGE_MS
from groundswell_coordinator.report.lines import (
    BAD,
    DOUBTFUL,
    FAILED,
    GOOD,
    INDENT,
    PASSED,
    QUIET,
    STANDINGS,
    STRONG,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

_SHOWN = 10
_BAR = 40
_HEALTHY = frozenset(("", "ok", "healthy"))
# In order: its share has other owners.
_LEFT = "left"

_State = control_pb2.ThresholdState
_MARKS = {
    _State.STANDING_PASSING: STANDINGS[True],
    _State.STANDING_FAILING: STANDINGS[False],
    _State.STANDING_NO_SAMPLES: STANDINGS[None],
}


def frame(
    title: str, state: str, progress: control_pb2.Progress | None, height: int = 50
) -> list[Text]:
    """The whole live view, in `height` lines; only its head before the first interval is sealed."""
    head = Text.assemble("  ", (title, STRONG), "  ", (state, QUIET))
    if progress is None:
        return [Text(), head, Text()]
    numbers = [Text(), head, _bar(progress), Text(), *_numbers(progress)]
    thresholds = _thresholds(progress.thresholds)
    # The agents take what is left: their title, an empty line on both sides, "and 40 more".
    room = height - len(numbers) - len(thresholds) - 4
    return [*numbers, *thresholds, *_agents(progress.agents, max(1, min(_SHOWN, room))), Text()]


def plain_line(progress: control_pb2.Progress) -> str:
    """The same in one line, for logs."""
    parts = [
        _time(progress),
        f"iterations {_rate(progress)}",
        f"requests {quantity.per_second(progress.request_rate)}",
        f"VUs {progress.vus}",
        _percentiles(progress),
        f"failed {quantity.percent(_failed_share(progress))}",
        *([f"dropped {progress.dropped}"] if progress.dropped else []),
        *_threshold_counts(progress.thresholds),
        *_unhealthy(progress.agents),
    ]
    return "  ".join(parts)


def threshold_line(threshold: control_pb2.ThresholdState) -> str:
    mark, _ = mark_of(threshold)
    shown = f"  {threshold.shown}" if threshold.shown else ""
    return f"{mark} {threshold.metric}: {threshold.expression}{shown}"


def mark_of(threshold: control_pb2.ThresholdState) -> tuple[str, str]:
    return _MARKS.get(threshold.standing, (" ", QUIET))


def is_healthy(agent: control_pb2.AgentState) -> bool:
    return agent.health in _HEALTHY or agent.health == _LEFT


def _time(progress: control_pb2.Progress) -> str:
    if not progress.planned_duration_s:
        return quantity.clock(progress.elapsed_s)
    planned = quantity.clock(progress.planned_duration_s)
    over = progress.elapsed_s - progress.planned_duration_s
    if over > 0:
        return f"{planned} + {quantity.clock(over)} graceful stop"
    return f"{quantity.clock(progress.elapsed_s)} / {planned}"


def _bar(progress: control_pb2.Progress) -> Text:
    """Only time where nobody planned an end, as for iterations that take what they take."""
    if not progress.planned_duration_s:
        return Text(f"  {_time(progress)}")
    share = min(1.0, progress.elapsed_s / progress.planned_duration_s)
    done = round(_BAR * share)
    bar = (("━" * done, GOOD), ("─" * (_BAR - done), QUIET))
    return Text.assemble("  ", *bar, f"  {_time(progress)}  {100 * share:.0f}%")


def _numbers(progress: control_pb2.Progress) -> list[Text]:
    failed = f"{quantity.percent(_failed_share(progress))}"
    errors = f"{failed}  {progress.failed} of {progress.requests} requests"
    rows = [
        ("iterations", f"{_rate(progress)}", ""),
        ("requests", f"{quantity.per_second(progress.request_rate)}", ""),
        ("VUs", str(progress.vus), ""),
        ("latency", _percentiles(progress), ""),
        ("failed", errors, BAD if progress.failed else ""),
    ]
    if progress.dropped:
        rows.append(("dropped", f"{progress.dropped} iterations", DOUBTFUL))
    return [
        Text.assemble(INDENT, (f"{name:<12}", QUIET), (text, style)) for name, text, style in rows
    ]


def _rate(progress: control_pb2.Progress) -> str:
    """`498.2/s of 500/s planned`; closed executors plan no rate."""
    achieved = quantity.per_second(progress.achieved_rate)
    if not progress.planned_rate:
        return achieved
    return f"{achieved} of {quantity.per_second(progress.planned_rate)} planned"


def _percentiles(progress: control_pb2.Progress) -> str:
    if progress.p99_ms == 0:
        return "p50 -  p95 -  p99 -"
    named = (("p50", progress.p50_ms), ("p95", progress.p95_ms), ("p99", progress.p99_ms))
    return "  ".join(f"{name} {_latency(value)}" for name, value in named)


def _latency(ms: float) -> str:
    """The end of the range, or infinity, is a percentile among samples above it."""
    return "≥ 1h" if ms >= BEYOND_RANGE_MS else quantity.duration(ms)


def _failed_share(progress: control_pb2.Progress) -> float:
    return progress.failed / progress.requests if progress.requests else 0.0


def _thresholds(thresholds: Sequence[control_pb2.ThresholdState]) -> list[Text]:
    """The failing ones first, because that is what somebody watches for."""
    if not thresholds:
        return []
    ordered = sorted(thresholds, key=lambda one: one.standing != _State.STANDING_FAILING)
    lines = [Text(), Text("  thresholds", QUIET)]
    for one in ordered[:_SHOWN]:
        mark, style = mark_of(one)
        name = f" {one.metric}  {one.expression}  "
        lines.append(Text.assemble(INDENT, (mark, style), name, (one.shown, STRONG)))
    return [*lines, *_rest(len(ordered) - _SHOWN, "")]


def _agents(agents: Sequence[control_pb2.AgentState], shown: int) -> list[Text]:
    """Those that are not well first."""
    if not agents:
        return []
    ordered = sorted(agents, key=is_healthy)
    ill = sum(not is_healthy(one) for one in agents)
    names = max(len(one.name) for one in ordered[:shown])
    lines = [Text(), Text("  agents", QUIET), *(_agent(one, names) for one in ordered[:shown])]
    return [*lines, *_rest(len(ordered) - shown, "" if ill > shown else ", all healthy")]


def _agent(agent: control_pb2.AgentState, names: int) -> Text:
    mark, style = STANDINGS[is_healthy(agent)]
    health = "" if agent.health in _HEALTHY else f"  {agent.health}"
    numbers = (
        f"  cpu {100 * agent.cpu:>3.0f}%"
        f"  send lag p99 {quantity.duration(agent.send_lag_p99_ms):>7}"
        f"  loop lag p99 {quantity.duration(agent.loop_lag_p99_ms):>7}"
    )
    return Text.assemble(INDENT, (mark, style), f" {agent.name:<{names}}", numbers, (health, style))


def _rest(count: int, what: str) -> list[Text]:
    return [Text(f"{INDENT}  and {count} more{what}", QUIET)] if count > 0 else []


def _threshold_counts(thresholds: Sequence[control_pb2.ThresholdState]) -> list[str]:
    if not thresholds:
        return []
    failing = sum(one.standing == _State.STANDING_FAILING for one in thresholds)
    if failing:
        return [f"{FAILED} {failing} of {len(thresholds)} thresholds failing"]
    return [f"{PASSED} {len(thresholds)} thresholds"]


def _unhealthy(agents: Sequence[control_pb2.AgentState]) -> list[str]:
    ill = sum(not is_healthy(one) for one in agents)
    return [f"{FAILED} {ill} of {len(agents)} agents not healthy"] if ill else []
