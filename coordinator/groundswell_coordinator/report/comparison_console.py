"""A comparison as text: its budgets, then figure by figure."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from rich.text import Text

from groundswell_coordinator.compare.comparison import Standing
from groundswell_coordinator.compare.difference import Word
from groundswell_coordinator.report.comparison_text import (
    budget_change_text,
    budget_interval_text,
    change_text,
    interval_text,
    party_text,
    percent_text,
    value_text,
)
from groundswell_coordinator.report.lines import (
    BAD,
    DOUBTFUL,
    GOOD,
    INDENT,
    QUIET,
    STANDINGS,
    STRONG,
    WARNING,
    hanging,
    heading,
)
from groundswell_coordinator.report.terminal import print_page

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from groundswell_coordinator.compare.comparison import BudgetRow, Comparison, Row

_WORDS = {Word.BETTER: GOOD, Word.SAME: "", Word.WORSE: BAD, Word.UNCLEAR: QUIET}
_STANDINGS = {
    Standing.KEPT: (*STANDINGS[True], "kept"),
    Standing.BROKEN: (*STANDINGS[False], "broken"),
    Standing.UNCLEAR: (*STANDINGS[None], "cannot be told"),
}
# The name of a figure, its two values and their change: word and interval fill the rest of 80 columns.
_NAME, _VALUE, _CHANGE, _WORD = 10, 10, 9, 7


def print_comparison(comparison: Comparison, file: IO[str] | None = None) -> None:
    print_page(lambda width: _blocks(comparison, width), file)


def _blocks(comparison: Comparison, width: int) -> list[list[Text]]:
    return [
        _headline(comparison, width),
        *_budgets(comparison.budgets, width),
        *_figures(comparison),
        _legend(comparison, width),
    ]


def _headline(comparison: Comparison, width: int) -> list[Text]:
    test = comparison.candidate.runs[0].summary.test
    return [
        Text.assemble("  ", ("COMPARED", STRONG), f"  {test}"),
        Text.assemble(INDENT, ("base       ", QUIET), party_text(comparison.base)),
        Text.assemble(INDENT, ("candidate  ", QUIET), party_text(comparison.candidate)),
        *(line for one in comparison.warnings for line in hanging(WARNING, DOUBTFUL, one, width)),
    ]


def _budgets(rows: Sequence[BudgetRow], width: int) -> list[list[Text]]:
    if not rows:
        return []
    lines = [line for row in rows for line in _budget(row, width)]
    return [[heading("BUDGETS")], lines]


def _budget(row: BudgetRow, width: int) -> list[Text]:
    mark, style, standing = _STANDINGS[row.standing]
    figure = row.budget.figure
    values = f"{value_text(figure, row.base)} → {value_text(figure, row.candidate)}"
    change = f"{budget_change_text(row)} ({budget_interval_text(row)})"
    why = "" if row.why is None else f", {row.why}"
    said = f"{row.budget.text}: {standing}: {values}, {change}{why}"
    return hanging(mark, style, said, width)


def _figures(comparison: Comparison) -> list[list[Text]]:
    if not comparison.rows:
        return [[heading("FIGURES"), Text(), Text(f"{INDENT}nothing was measured on either side")]]
    level = f"{percent_text(comparison.confidence)} interval"
    titles = (
        f"{'':{_NAME}}{'base':>{_VALUE}}{'candidate':>{_VALUE}}{'change':>{_CHANGE}}"
        f"  {'':{_WORD}}  {level}"
    )
    blocks = [[heading("FIGURES"), Text(f"{INDENT}{titles}", QUIET)]]
    return blocks + [_metric(key, rows) for key, rows in _by_selection(comparison.rows).items()]


def _by_selection(rows: Iterable[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(str(row.figure.selection), []).append(row)
    return found


def _metric(key: str, rows: Iterable[Row]) -> list[Text]:
    return [Text(f"{INDENT}{key}"), *map(_row, rows)]


def _row(row: Row) -> Text:
    figure = row.figure
    cells = (
        f"  {figure.name:{_NAME - 2}}{value_text(figure, row.base):>{_VALUE}}"
        f"{value_text(figure, row.candidate):>{_VALUE}}{change_text(row):>{_CHANGE}}  "
    )
    # Where there is no interval, the reason stands in its place.
    last = [interval_text(row)] if row.low is not None else []
    last += [row.why] if row.why is not None else []
    word = (f"{row.word.value:{_WORD}}", _WORDS[row.word])
    return Text.assemble(INDENT, cells, word, (f"  {', '.join(last)}", QUIET))


def _legend(comparison: Comparison, width: int) -> list[Text]:
    tolerated = percent_text(comparison.tolerance)
    text = (
        f"worse, better: by more than {tolerated} (0.1pp of shares) beyond doubt, among all of these;"
        " same: by less than that; unclear: anything else."
    )
    return [Text(line.plain, QUIET) for line in hanging(" ", QUIET, text, width)]
