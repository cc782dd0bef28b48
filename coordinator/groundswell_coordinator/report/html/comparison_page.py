"""`compare --html`: two sides as one page: budgets first, then both laid over each other, then every figure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from groundswell.exit_codes import ExitCode
from groundswell.metrics.histogram import Histogram
from groundswell.verdict.selection import Selection
from groundswell_coordinator.compare.comparison import Standing
from groundswell_coordinator.compare.difference import Word
from groundswell_coordinator.compare.measured_run import MeasuredRun
from groundswell_coordinator.report.comparison_text import (
    budget_change_text,
    budget_interval_text,
    change_text,
    interval_text,
    party_text,
    percent_text,
    value_text,
)
from groundswell_coordinator.report.html.distribution import by_percentile
from groundswell_coordinator.report.html.document import document
from groundswell_coordinator.report.html.figure import Figure, plain, rounded
from groundswell_coordinator.report.html.markup import Markup, element, section, table
from groundswell_coordinator.report.html.sections import code

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from groundswell_coordinator.compare.comparison import BudgetRow, Comparison, Row
    from groundswell_coordinator.compare.party import Party

_DURATION = Selection("http_req_duration")
_HEADLINES = {
    ExitCode.FAIL: ("WORSE THAN ITS BUDGET", "fail"),
    ExitCode.INCONCLUSIVE: ("CANNOT BE TOLD", "inconclusive"),
    ExitCode.OK: ("WITHIN ITS BUDGETS", "pass"),
}
_STANDINGS = {
    Standing.KEPT: ("good", "✓ kept"),
    Standing.BROKEN: ("bad", "✗ broken"),
    Standing.UNCLEAR: ("doubt", "? cannot be told"),
}
_WORDS = {Word.BETTER: "good", Word.WORSE: "bad", Word.SAME: "", Word.UNCLEAR: "about"}
# As the lines by percentile have them.
_BASE, _CANDIDATE = "$a", "$d"
_PERCENTILES = (50.0, 95.0)


def render(comparison: Comparison) -> str:
    test = comparison.candidate.runs[0].summary.test
    spread, over_time, changes = _spread(comparison), _over_time(comparison), _changes(comparison)
    figures = [one for one in (changes, spread, over_time) if one is not None and one.traces]
    parts = (
        _headline(comparison, test),
        _budgets(comparison),
        *(section(one.described, one.place()) for one in figures),
        _rows(comparison),
    )
    return document(f"compared: {test}", parts, figures)


def _headline(comparison: Comparison, test: str) -> Markup:
    headline, kind = _HEADLINES[comparison.exit_code] if comparison.budgets else ("COMPARED", "")
    warnings = [element("li", warning) for warning in comparison.warnings]
    return element(
        "header",
        element("h1", element("span", headline, class_="word"), f" {test}"),
        element("p", f"base: {party_text(comparison.base)}", class_="facts"),
        element("p", f"candidate: {party_text(comparison.candidate)}", class_="facts"),
        element("ul", *warnings) if warnings else Markup(),
        class_=f"verdict {kind}",
    )


def _budgets(comparison: Comparison) -> Markup:
    titles = ("", "budget", "base", "candidate", "change", _interval(comparison), "")
    return section("Budgets", table(titles, map(_budget, comparison.budgets), texts=2))


def _budget(row: BudgetRow) -> Iterable[str]:
    kind, standing = _STANDINGS[row.standing]
    figure = row.budget.figure
    return (
        element("span", standing, class_=kind),
        code(row.budget.text),
        value_text(figure, row.base),
        value_text(figure, row.candidate),
        budget_change_text(row),
        budget_interval_text(row),
        row.why or "",
    )


def _rows(comparison: Comparison) -> Markup:
    titles = ("metric", "", "base", "candidate", "change", _interval(comparison), "")
    about = (
        f"worse, better: by more than {percent_text(comparison.tolerance)} (0.1pp of shares) beyond"
        " doubt, among all of these; same: by less than that; unclear: anything else."
    )
    return section("Figures", table(titles, map(_row, comparison.rows), texts=2), about=about)


def _row(row: Row) -> Iterable[str]:
    word = row.word.value if row.why is None else f"{row.word.value}: {row.why}"
    return (
        code(str(row.figure.selection)),
        row.figure.name,
        value_text(row.figure, row.base),
        value_text(row.figure, row.candidate),
        change_text(row),
        interval_text(row),
        element("span", word, class_=_WORDS[row.word]),
    )


def _interval(comparison: Comparison) -> str:
    return f"{percent_text(comparison.confidence)} interval"


def _changes(comparison: Comparison) -> Figure | None:
    """Every ratio with its interval, around the line of no change."""
    rows = [row for row in comparison.rows if row.figure.is_ratio and row.low is not None]
    traces = [_bars(word, [row for row in rows if row.word is word]) for word in Word]
    names = [str(row.figure) for row in reversed(rows)]
    layout = {
        "xaxis": {
            "title": {"text": "change, %"},
            "zeroline": True,
            "showspikes": False,
            "range": _reach(rows),
        },
        "yaxis": {
            "automargin": True,
            "categoryorder": "array",
            "categoryarray": [plain(name) for name in names],
        },
        "hovermode": "closest",
    }
    known = [trace for trace in traces if trace["y"]]
    return Figure("changes", "Changes", known, layout, 120 + 22 * len(rows))


def _reach(rows: Sequence[Row]) -> list[float]:
    """What is shown at first: an interval that is far wider than most would hide them all."""
    widths = sorted(100 * max(abs(row.low or 0.0), abs(row.high or 0.0)) for row in rows)
    reach = max(1.2 * widths[len(widths) * 3 // 4], 5.0) if widths else 5.0
    return [-min(reach, 100.0), reach]


def _bars(word: Word, rows: Sequence[Row]) -> dict[str, Any]:
    color = {Word.WORSE: "$bad", Word.BETTER: "$good", Word.SAME: "$a", Word.UNCLEAR: "$b"}[word]
    middles = [100 * (row.change or 0.0) for row in rows]
    ups = [100 * (row.high or 0.0) - at for row, at in zip(rows, middles, strict=True)]
    downs = [at - 100 * (row.low or 0.0) for row, at in zip(rows, middles, strict=True)]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": word.value,
        "x": rounded(middles),
        "y": [plain(str(row.figure)) for row in rows],
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": rounded(ups),
            "arrayminus": rounded(downs),
            "color": color,
        },
        "marker": {"color": color, "size": 7},
        "hovertemplate": "%{y}: %{x:.3g} %<extra></extra>",
    }


def _spread(comparison: Comparison) -> Figure | None:
    lines = {
        f"base: {comparison.base.name}": _union(comparison.base),
        f"candidate: {comparison.candidate.name}": _union(comparison.candidate),
    }
    return by_percentile({name: line for name, line in lines.items() if line.count})


def _union(party: Party) -> Histogram:
    """Of all runs of a side."""
    union = Histogram()
    for run in party.runs:
        if isinstance(run, MeasuredRun):
            for _, histogram in run.course(_DURATION):
                union.merge(histogram)
    return union


def _over_time(comparison: Comparison) -> Figure | None:
    sides = ((comparison.base, _BASE, "base"), (comparison.candidate, _CANDIDATE, "candidate"))
    traces = [line for side in sides for line in _lines(*side)]
    layout = {
        "xaxis": {"title": {"text": "second of the run"}},
        "yaxis": {"title": {"text": "ms"}, "rangemode": "tozero"},
    }
    return Figure("over-time", "http_req_duration over time", traces, layout, 360)


def _lines(party: Party, color: str, name: str) -> Iterable[dict[str, Any]]:
    """The median and the p(95) of each run of a side; of a group, one of them stands in the legend."""
    for at, run in enumerate(party.runs):
        course = run.course(_DURATION) if isinstance(run, MeasuredRun) else ()
        for percentile, dash in zip(_PERCENTILES, ("dot", "solid"), strict=True):
            if course:
                yield {
                    "type": "scatter",
                    "mode": "lines",
                    "name": f"{name} p({percentile:g})",
                    "legendgroup": f"{name}{percentile:g}",
                    "showlegend": at == 0,
                    "x": rounded([second for second, _ in course]),
                    "y": rounded([one.percentile(percentile) for _, one in course]),
                    "line": {"color": color, "width": 1.5, "dash": dash},
                    "hovertemplate": "%{y:.4g} ms<extra>%{fullData.name}</extra>",
                }
