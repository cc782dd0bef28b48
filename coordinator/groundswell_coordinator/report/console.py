"""The summary as text: the verdict and its reasons, the thresholds, then what they rest on."""

from __future__ import annotations

from datetime import UTC
from typing import IO, TYPE_CHECKING

from rich.text import Text

from groundswell_coordinator.counted import counted
from groundswell_coordinator.report import quantity
from groundswell_coordinator.report.capacity_page import capacity
from groundswell_coordinator.report.capacity_words import rate_text
from groundswell_coordinator.report.fleet import agents
from groundswell_coordinator.report.lines import (
    BAD,
    DOUBTFUL,
    INDENT,
    NARROWEST,
    QUIET,
    STANDINGS,
    STRONG,
    WARNING,
    hanging,
    heading,
    page,
)
from groundswell_coordinator.report.measured import whole
from groundswell_coordinator.report.sparks import timeline
from groundswell_coordinator.report.terminal import print_page
from groundswell_coordinator.report.totals import total_results

if TYPE_CHECKING:
    from groundswell_coordinator.report.judged import Remark
    from groundswell_coordinator.report.summary import (
        ReasonSummary,
        Summary,
        ThresholdSummary,
    )

_VERDICTS = {"PASS": True, "FAIL": False, "INCONCLUSIVE": None}
_CLOSED = ("constant-vus", "ramping-vus", "shared-iterations", "per-vu-iterations")
_ERRORS_SHOWN = 10
_FAILURES = ("threshold_failed", "capacity_below")


def print_summary(summary: Summary, file: IO[str] | None = None, *, verbose: bool = False) -> None:
    """Print to `file`, or stdout; with colour where it is a terminal and NO_COLOR is not set."""
    print_page(lambda width: _blocks(summary, width, verbose), file)


def print_verdict(summary: Summary, note: str, file: IO[str] | None = None) -> None:
    """Only the verdict with its reasons, what it rests on, and a note."""
    print_page(
        lambda width: [
            _headline(summary, width),
            *capacity(summary.capacity, width),
            *_thresholds(summary, width),
            _note(note, width),
        ],
        file,
    )


def render(
    summary: Summary, *, width: int = NARROWEST, verbose: bool = False, ascii_only: bool = False
) -> Text:
    """The whole page. Below 80 columns it stays as wide as for 80."""
    return page(_blocks(summary, width, verbose), ascii_only=ascii_only)


def _blocks(summary: Summary, width: int, verbose: bool) -> list[list[Text]]:
    return [
        _headline(summary, width),
        *capacity(summary.capacity, width),
        *_thresholds(summary, width),
        *timeline(summary),
        *total_results(summary, width, verbose),
        _errors(summary),
        *agents(summary, verbose),
        _notes(summary, width),
    ]


def _headline(summary: Summary, width: int) -> list[Text]:
    facts = [
        f"run {summary.run}",
        *(
            [f"{summary.started_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"]
            if summary.started_at
            else []
        ),
        quantity.clock(summary.duration_s),
        counted(len(summary.agents), "agent"),
    ]
    return [
        Text.assemble("  ", _title(summary), f"  {summary.test}"),
        Text.assemble("    ", (" · ".join(facts), QUIET)),
        *_part(summary),
        *_phases(summary),
        *(line for reason in summary.reasons for line in _reason(reason, summary, width)),
        *(line for warning in summary.warnings for line in _warning(warning, width)),
    ]


def _title(summary: Summary) -> tuple[str, str]:
    if summary.verdict is None:
        return "PART OF A RUN", STRONG
    mark, style = STANDINGS[_VERDICTS[summary.verdict]]
    return f"{mark} {summary.verdict}", f"bold {style}"


def _part(summary: Summary) -> list[Text]:
    part = summary.part
    if part is None:
        return []
    line = f"seconds {part.from_s} to {part.to_s} of {part.of_s}, not judged"
    return [Text.assemble("    ", (line, STRONG))]


def _phases(summary: Summary) -> list[Text]:
    """What was sent beside the load, so that a target's own count can be held against ours."""
    return [
        Text.assemble(
            INDENT,
            (
                f"{name}: {counted(one.requests, 'request')} in {quantity.duration(one.duration_s * 1000, 3)},"
                f" in no metric",
                QUIET,
            ),
        )
        for name, one in (("setup", summary.setup), ("teardown", summary.teardown))
        if one is not None and one.failure is None
    ]


def _reason(reason: ReasonSummary, summary: Summary, width: int) -> list[Text]:
    if summary.verdict == "PASS":
        mark, style = WARNING, DOUBTFUL
    elif reason.code in _FAILURES:
        mark, style = STANDINGS[False]
    else:
        mark, style = STANDINGS[None]
    named = "" if reason.agent is None or reason.agent in reason.message else f"{reason.agent}: "
    return hanging(mark, style, f"{reason.code}: {named}{reason.message}", width)


def _warning(warning: Remark, width: int) -> list[Text]:
    return hanging(WARNING, DOUBTFUL, f"{warning.code}: {warning.message}", width)


def _thresholds(summary: Summary, width: int) -> list[list[Text]]:
    if not summary.thresholds:
        return []
    by_metric: dict[str, list[Text]] = {}
    for threshold in summary.thresholds:
        lines = by_metric.setdefault(threshold.metric, [Text(f"{INDENT}{threshold.metric}")])
        lines += _threshold(threshold, summary, width)
    return [[_thresholds_title(summary)], *by_metric.values()]


def _thresholds_title(summary: Summary) -> Text:
    title, found = heading("THRESHOLDS"), summary.capacity
    if found is not None and found.highest is not None:
        title.append(f"  at {rate_text(found.highest)}", QUIET)
    return title


def _threshold(threshold: ThresholdSummary, summary: Summary, width: int) -> list[Text]:
    mark, style = STANDINGS[threshold.ok]
    over = ""
    if threshold.window is not None:
        over = f" over {quantity.clock(threshold.window.over_s)}"
    value = whole(threshold, summary)
    return hanging(mark, style, f"'{threshold.expression}'{over} {value}", width)


def _errors(summary: Summary) -> list[Text]:
    """The most frequent first."""
    errors = sorted((one for one in summary.errors if one.count), key=lambda one: -one.count)
    if not errors:
        return []
    shown = errors[:_ERRORS_SHOWN]
    kinds = max(len(one.error) for one in shown)
    counts = max(len(str(one.count)) for one in shown)
    lines = [heading("ERRORS"), Text()]
    for one in shown:
        count = (f"{one.count:>{counts}}", BAD)
        lines.append(Text.assemble(INDENT, count, f"  {one.error:<{kinds}}  {one.name}"))
    if len(errors) > len(shown):
        lines.append(Text(f"{INDENT}and {len(errors) - len(shown)} more kinds", QUIET))
    return lines


def _notes(summary: Summary, width: int) -> list[Text]:
    notes: list[str] = []
    if not summary.thresholds and summary.part is None and summary.capacity is None:
        notes.append("No thresholds: nothing was asked of the target, so nothing was judged.")
    if summary.capacity is not None:
        notes.append("The totals are those of all levels together, also of those that failed.")
    closed = [name for name, one in summary.scenarios.items() if one.executor in _CLOSED]
    if closed:
        notes.append(
            f"Closed executors ({', '.join(closed)}) wait for the target before they ask again, so "
            "their times leave out what waiting users would have seen (coordinated omission)."
        )
    return [line for note in notes for line in _note(note, width)]


def _note(note: str, width: int) -> list[Text]:
    return [Text(line.plain, QUIET) for line in hanging("·", QUIET, note, width)]
