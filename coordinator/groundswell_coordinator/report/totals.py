"""TOTAL RESULTS: checks, HTTP, execution, network, own metrics, each in k6's words and order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from groundswell.metrics.catalog import BUILTIN
from groundswell_coordinator.report import quantity
from groundswell_coordinator.report.lines import (
    BAD,
    CELL,
    DOUBTFUL,
    FAILED,
    GOOD,
    INDENT,
    PASSED,
    QUIET,
    STRONG,
    Row,
    column_titles,
    hanging,
    heading,
    leader,
    name_width,
)
from groundswell_coordinator.report.sparks import spark

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from groundswell_coordinator.report.summary import (
        CheckSummary,
        MetricSummary,
        ScenarioSummary,
        Summary,
    )

COLUMNS = ("avg", "min", "med", "max", "p(90)", "p(95)")

_HTTP = (
    "http_req_duration",
    "http_req_response_time",
    "http_req_blocked",
    "http_req_connecting",
    "http_req_tls_handshaking",
    "http_req_sending",
    "http_req_waiting",
    "http_req_receiving",
    "http_req_failed",
    "http_req_retries",
    "http_reqs",
)
_EXECUTION = (
    "iteration_duration",
    "group_duration",
    "send_lag",
    "agent_loop_lag",
    "agent_gc_pause",
    "iterations",
    "dropped_iterations",
    "interrupted_iterations",
    "failed_iterations",
    "vus",
    "vus_max",
)
_NETWORK = ("data_received", "data_sent")

# Where a request's or a process's time went: asked for by whoever looks for a cause.
_DETAILS = frozenset(
    (
        *_HTTP[2:8],
        "http_req_retries",
        "agent_loop_lag",
        "agent_gc_pause",
        "group_duration",
        "agent_cpu",
        "agent_cpu_throttled",
        "agent_connections",
        "agent_fds_left",
    )
)
# A distribution is shown behind the numbers of a trend on a wide terminal.
_ROOM_FOR_PICTURES, _PICTURE = 112, 26
# Shown when there is something to show.
_QUIET_AT_ZERO = frozenset(("dropped_iterations", "interrupted_iterations", "failed_iterations"))


@dataclass(frozen=True, slots=True)
class _Block:
    title: str
    rows: tuple[Row, ...]
    has_trends: bool


def total_results(summary: Summary, width: int, verbose: bool) -> list[list[Text]]:
    """Blocks of lines, the first with the heading; nothing where nothing was measured."""
    checks = _check_rows(summary)
    blocks = [
        _block("HTTP", _HTTP, summary, verbose),
        _execution(summary, verbose),
        _block("NETWORK", _NETWORK, summary, verbose),
        _block("CUSTOM", _custom_names(summary), summary, verbose=True),
    ]
    blocks = [block for block in blocks if block.rows]
    if not blocks and not checks:
        return []
    rows = [*checks, *(row for block in blocks for row in block.rows)]
    pictures = width >= _ROOM_FOR_PICTURES and any(row.picture for row in rows)
    names = name_width(rows, width - pictures * _PICTURE, len(COLUMNS))
    printed = [
        [line for row in checks for line in leader(row, names)],
        _checks(summary.checks, width),
        *(_lines(block, names, pictures) for block in blocks),
    ]
    return [[heading("TOTAL RESULTS")], *printed]


def shown_metrics(summary: Summary) -> Iterable[tuple[str, MetricSummary]]:
    """What is shown of a run where nobody asks for more, by its whole key."""
    own = _custom_names(summary)
    for name in (*_HTTP, *_EXECUTION, *_NETWORK, *own):
        for key, metric, depth in _with_selections(name, summary, verbose=name in own):
            yield (f"{name}{key}" if depth else key), metric


def _lines(block: _Block, names: int, pictures: bool) -> list[Text]:
    titles = column_titles(block.title, COLUMNS, names)
    if pictures and any(row.picture for row in block.rows):
        titles.append("  min to max", QUIET)
    title = titles if block.has_trends else Text.assemble(INDENT, (block.title, STRONG))
    rows = (leader(row, names, pictures=pictures) for row in block.rows)
    return [title, *(line for lines in rows for line in lines)]


def _block(title: str, names: Iterable[str], summary: Summary, verbose: bool) -> _Block:
    rows: list[Row] = []
    kinds: set[str] = set()
    for name in names:
        shown = list(_with_selections(name, summary, verbose))
        rows += [_row(key, metric, depth) for key, metric, depth in shown]
        kinds |= {metric.type for _, metric, _ in shown}
    return _Block(title, tuple(rows), "trend" in kinds)


def _execution(summary: Summary, verbose: bool) -> _Block:
    block = _block("EXECUTION", _EXECUTION, summary, verbose)
    accounts = [row for name, one in summary.scenarios.items() for row in _account(name, one)]
    return _Block(block.title, (*block.rows, *accounts), block.has_trends)


def _with_selections(
    name: str, summary: Summary, verbose: bool
) -> Iterable[tuple[str, MetricSummary, int]]:
    """The metric, then the selections of it, as `{tags}` below it."""
    selections = [key for key in summary.metrics if key.startswith(f"{name}{{")]
    whole = summary.metrics.get(name)
    if whole is not None and (selections or verbose or _is_shown(name, whole, summary)):
        yield name, whole, 0
    for key in selections:
        yield key.removeprefix(name), summary.metrics[key], 1


def _is_shown(name: str, metric: MetricSummary, summary: Summary) -> bool:
    if any(threshold.metric == name for threshold in summary.thresholds):
        return True
    if name in _QUIET_AT_ZERO:
        return metric.values.get("count", 0) > 0
    return name not in _DETAILS


def _custom_names(summary: Summary) -> list[str]:
    bases = dict.fromkeys(key.partition("{")[0] for key in summary.metrics)
    return [name for name in bases if name not in BUILTIN]


def _row(name: str, metric: MetricSummary, depth: int) -> Row:
    style = ""
    if metric.type == "trend":
        cells = _trend_cells(metric)
    elif metric.type == "rate":
        cells = _rate_cells(metric.values)
        style = BAD if name == "http_req_failed" and metric.values.get("passes") else ""
    elif metric.type == "gauge":
        cells = _gauge_cells(metric)
    else:
        cells = _counter_cells(metric)
    return Row(name, cells, depth, style, spark(metric.spread))


def _trend_cells(metric: MetricSummary) -> tuple[str, ...]:
    if not metric.values.get("count"):
        return (" no samples",)
    return tuple(value_text(metric, column).rjust(CELL) for column in COLUMNS)


def value_text(metric: MetricSummary, name: str) -> str:
    """One of a metric's values, in its unit."""
    value = metric.values[name]
    if metric.unit == "ms":
        return quantity.trend_value(value, metric.clamped)
    return quantity.data(value) if metric.unit == "bytes" else quantity.plain(value)


def _rate_cells(values: Mapping[str, float]) -> tuple[str, ...]:
    passes, fails = values.get("passes", 0), values.get("fails", 0)
    if not passes + fails:
        return (" no samples",)
    share = quantity.percent(passes / (passes + fails))
    return (f" {share:<8}", f" {passes} out of {passes + fails}")


def _gauge_cells(metric: MetricSummary) -> tuple[str, ...]:
    low, high = value_text(metric, "min"), value_text(metric, "max")
    return (f" {value_text(metric, 'value'):<8}", f" min={low} max={high}")


def _counter_cells(metric: MetricSummary) -> tuple[str, ...]:
    count, rate = metric.values.get("count", 0), metric.values.get("rate", 0)
    if metric.unit == "bytes":
        return (f" {quantity.data(count):<8}", f" {quantity.data(rate)}/s")
    return (f" {quantity.plain(count):<8}", f" {quantity.per_second(rate)}")


def _account(name: str, scenario: ScenarioSummary) -> list[Row]:
    """What became of a scenario's plan, in one row where all is well."""
    planned = "" if scenario.planned is None else f" of {scenario.planned} planned"
    fired = Row(name, (f" {scenario.fired:<8}", f" fired{planned}"))
    losses = {
        f"dropped: {_listed(scenario.dropped)}": sum(scenario.dropped.values()),
        "unknown": scenario.unknown,
        "interrupted": scenario.interrupted,
        "running when their agent was last heard": scenario.cut_off,
        "at most may have run twice": scenario.repeatable,
    }
    below = [
        Row("", (f" {count:<8}", f" {what}"), style=DOUBTFUL)
        for what, count in losses.items()
        if count
    ]
    return [fired, *below]


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{reason} {count}" for reason, count in counts.items() if count)


def _check_rows(summary: Summary) -> list[Row]:
    passes = sum(check.passes for check in summary.checks)
    total = passes + sum(check.fails for check in summary.checks)
    if not total:
        return []
    rate = total / summary.duration_s if summary.duration_s else 0.0
    share = [quantity.percent(part / total) for part in (passes, total - passes)]
    failed_style = BAD if passes < total else ""
    return [
        Row("checks_total", (f" {total:<8}", f" {quantity.per_second(rate)}")),
        Row("checks_succeeded", (f" {share[0]:<8}", f" {passes} out of {total}")),
        Row(
            "checks_failed",
            (f" {share[1]:<8}", f" {total - passes} out of {total}"),
            0,
            failed_style,
        ),
    ]


def _checks(checks: Iterable[CheckSummary], width: int) -> list[Text]:
    lines: list[Text] = []
    for check in checks:
        if not check.fails:
            lines += hanging(PASSED, GOOD, check.name, width)
            continue
        share = quantity.percent(check.passes / (check.passes + check.fails))
        lines += hanging(FAILED, BAD, check.name, width)
        lines.append(
            Text(f"{INDENT}  ↳ {share} — {PASSED} {check.passes} / {FAILED} {check.fails}")
        )
    return lines
