"""Two parties compared, figure by figure, and held against budgets.

    compare(base, candidate, (parse_budget("http_req_duration p(95) +5%"),))

A figure is `worse` or `better` where its interval lies beyond what is tolerated, `same` where it lies
within, else `unclear`: the three-sided test of Goeman, Solari and Stijnen (2010), Statistics in
Medicine 29(20). Since a comparison asks many questions at once, `worse` and `better` are said only of
those that hold among all of them (`many.discoveries`); a budget is one question of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from groundswell.exit_codes import ExitCode
from groundswell_coordinator.compare.difference import Contrast, Word
from groundswell_coordinator.compare.figure import Direction
from groundswell_coordinator.compare.figures import figures_of
from groundswell_coordinator.compare.many import adjusted, discoveries
from groundswell_coordinator.compare.party import ONLY_A_SUMMARY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from groundswell_coordinator.compare.budget import Budget
    from groundswell_coordinator.compare.figure import Figure
    from groundswell_coordinator.compare.party import Party

CONFIDENCE = 0.95
# Of a ratio: less is no difference that anybody would act on, and machines differ by more.
TOLERANCE = 0.02
# Of a share: a tenth of a percentage point.
SHARE_TOLERANCE = 0.001
# Of a count.
FEW = 10
NO_DIRECTION = "more of it is neither better nor worse"


@dataclass(frozen=True, slots=True)
class Row:
    """`change` and its bounds are shares of the base where the figure is a ratio, else in its unit.

    None is what is not known, and `why` says why. `alone` is the word where nothing else was asked.
    """

    figure: Figure
    base: float | None
    candidate: float | None
    change: float | None = None
    low: float | None = None
    high: float | None = None
    word: Word = Word.UNCLEAR
    alone: Word = Word.UNCLEAR
    why: str | None = None


class Standing(Enum):
    """Whether a figure kept within its budget; UNCLEAR where its interval goes beyond it and does not begin there."""

    KEPT = "kept"
    BROKEN = "broken"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class BudgetRow:
    """`change` and its bounds are shares of the base for a relative budget, else in the figure's unit."""

    budget: Budget
    base: float | None
    candidate: float | None
    change: float | None
    low: float | None
    high: float | None
    standing: Standing
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    base: Party
    candidate: Party
    rows: tuple[Row, ...]
    budgets: tuple[BudgetRow, ...]
    warnings: tuple[str, ...]
    confidence: float
    tolerance: float

    @property
    def exit_code(self) -> ExitCode:
        """Without a budget nothing was asked."""
        standings = {one.standing for one in self.budgets}
        if Standing.BROKEN in standings:
            return ExitCode.FAIL
        return ExitCode.INCONCLUSIVE if Standing.UNCLEAR in standings else ExitCode.OK


def compare(
    base: Party,
    candidate: Party,
    budgets: Sequence[Budget] = (),
    *,
    confidence: float = CONFIDENCE,
    tolerance: float = TOLERANCE,
    verbose: bool = False,
    warnings: Sequence[str] = (),
) -> Comparison:
    if not (base.has_seconds and candidate.has_seconds):
        base, candidate = base.without_seconds(), candidate.without_seconds()
    figures = figures_of(base, candidate, verbose=verbose)
    asked = [_Question.of(figure, base, candidate) for figure in figures]
    rows = _rows([one for one in asked if one.is_told], confidence, tolerance)
    judged = _budget_rows(budgets, base, candidate, confidence)
    return Comparison(base, candidate, rows, judged, tuple(warnings), confidence, tolerance)


@dataclass(frozen=True, slots=True)
class _Question:
    """A figure of both sides. `contrast` is None where one side lacks it."""

    figure: Figure
    base: float | None
    candidate: float | None
    contrast: Contrast | None
    why: str | None

    @classmethod
    def of(
        cls,
        figure: Figure,
        base: Party,
        candidate: Party,
        is_logarithmic: bool | None = None,
        times: float = 1.0,
    ) -> _Question:
        is_logarithmic = figure.is_ratio if is_logarithmic is None else is_logarithmic
        one = base.side(figure, is_logarithmic=is_logarithmic)
        other = candidate.side(figure, is_logarithmic=is_logarithmic)
        first, second = one.estimate(other), other.estimate(one)
        why = first.why if first.why is not None else second.why
        if first.value is None or second.value is None:
            missing = first if first.value is None else second
            return cls(figure, first.value, second.value, None, missing.why)
        contrast = Contrast.of(first, second, times)
        if not (base.has_seconds and candidate.has_seconds):
            contrast, why = Contrast(contrast.shift, None), ONLY_A_SUMMARY
        return cls(figure, first.value, second.value, contrast, why)

    @property
    def is_ratio(self) -> bool:
        return self.figure.is_ratio

    @property
    def is_told(self) -> bool:
        """Not what neither side measured; nor, request by request, that nothing failed."""
        if self.base is None and self.candidate is None:
            return False
        is_detail = self.figure.is_share and bool(self.figure.selection.tags)
        return not is_detail or bool(self.base or self.candidate)

    def margin(self, tolerance: float) -> float:
        """What is tolerated, on the scale of the contrast; the same whichever side comes first."""
        if self.figure.is_ratio:
            return math.log1p(tolerance)
        if self.figure.is_share:
            return SHARE_TOLERANCE
        return max(tolerance * max(self.base or 0.0, self.candidate or 0.0), FEW)


def _rows(asked: Sequence[_Question], confidence: float, tolerance: float) -> tuple[Row, ...]:
    rows = [_row(one, confidence, tolerance) for one in asked]
    chances = [_chance(one, tolerance) for one in asked]
    places = [place for place, chance in enumerate(chances) if chance is not None]
    hold = discoveries([chances[place] or 0.0 for place in places], 1 - confidence)
    for place, holds in zip(places, hold, strict=True):
        if not holds and rows[place].word in (Word.BETTER, Word.WORSE):
            why = "may be chance among so many"
            rows[place] = replace(rows[place], word=Word.UNCLEAR, why=why)
    return tuple(rows)


def _row(one: _Question, confidence: float, tolerance: float) -> Row:
    if one.contrast is None:
        return Row(one.figure, one.base, one.candidate, why=one.why)
    change = _shown(one.contrast.shift, one.is_ratio)
    row = Row(one.figure, one.base, one.candidate, change, why=one.why)
    bounds = one.contrast.bounds(confidence)
    if bounds is None:
        return row
    word = _word(one.figure.worse, bounds, one.margin(tolerance))
    low, high = (_shown(bound, one.is_ratio) for bound in bounds)
    why = None
    if one.figure.worse is Direction.NEITHER and word is Word.UNCLEAR:
        why = NO_DIRECTION
    return replace(row, low=low, high=high, word=word, alone=word, why=why)


def _word(worse: Direction, bounds: tuple[float, float], margin: float) -> Word:
    low, high = bounds
    if -margin <= low and high <= margin:
        return Word.SAME
    if low > margin and worse is not Direction.NEITHER:
        return Word.WORSE if worse is Direction.UP else Word.BETTER
    if high < -margin and worse is not Direction.NEITHER:
        return Word.BETTER if worse is Direction.UP else Word.WORSE
    return Word.UNCLEAR


def _chance(one: _Question, tolerance: float) -> float | None:
    """Of a change beyond what is tolerated, to either side, where there is none; None if nobody asks."""
    contrast = one.contrast
    if contrast is None or contrast.error is None or one.figure.worse is Direction.NEITHER:
        return None
    margin = one.margin(tolerance)
    return min(1.0, 2 * min(contrast.above(margin), contrast.below(-margin)))


def _budget_rows(
    budgets: Sequence[Budget], base: Party, candidate: Party, confidence: float
) -> tuple[BudgetRow, ...]:
    asked = [_budget_question(budget, base, candidate) for budget in budgets]
    chances = [_chance_of_breaking(*pair) for pair in zip(budgets, asked, strict=True)]
    level = (1 - confidence) / 2
    return tuple(
        _budget_row(budget, one, chance <= level, confidence)
        for budget, one, chance in zip(budgets, asked, adjusted(chances), strict=True)
    )


def _budget_question(budget: Budget, base: Party, candidate: Party) -> _Question:
    figure = budget.figure
    # 5 % more than a count that is itself uncertain: it is multiplied before it is subtracted.
    times = 1 + budget.direction.value * budget.allowance if _is_multiple(budget) else 1.0
    return _Question.of(figure, base, candidate, budget.is_relative and figure.is_ratio, times)


def _is_multiple(budget: Budget) -> bool:
    return budget.is_relative and not budget.figure.is_ratio


def _limit(budget: Budget) -> float:
    """How large the worsening may be, on the scale of the contrast."""
    if _is_multiple(budget):
        return 0.0
    if budget.is_relative:
        share = budget.direction.value * budget.allowance
        return abs(math.log1p(share)) if share > -1 else math.inf
    return budget.allowance


def _chance_of_breaking(budget: Budget, one: _Question) -> float:
    if one.contrast is None:
        return 1.0
    limit = _limit(budget)
    if budget.direction is Direction.UP:
        return one.contrast.above(limit)
    return one.contrast.below(-limit)


def _budget_row(budget: Budget, one: _Question, is_broken: bool, confidence: float) -> BudgetRow:
    if one.contrast is None:
        return BudgetRow(
            budget, one.base, one.candidate, None, None, None, Standing.UNCLEAR, one.why
        )
    bounds = one.contrast.bounds(confidence)
    standing = Standing.UNCLEAR
    if is_broken:
        standing = Standing.BROKEN
    elif bounds is not None:
        sign = budget.direction.value
        worst = max(sign * bound for bound in bounds)
        standing = Standing.KEPT if worst <= _limit(budget) else Standing.UNCLEAR
    shown = _shown_budget(budget, one, bounds)
    why = one.why if bounds is None else None
    return BudgetRow(budget, one.base, one.candidate, *shown, standing, why)


def _shown_budget(
    budget: Budget, one: _Question, bounds: tuple[float, float] | None
) -> tuple[float | None, float | None, float | None]:
    """The change and its bounds, as the budget puts them."""
    assert one.contrast is not None
    if _is_multiple(budget):
        # The contrast is what the budget leaves; a share of the base is what people ask for.
        if not one.base:
            return None, None, None
        moved = budget.direction.value * budget.allowance
        parts = (one.contrast.shift, *(bounds or (math.nan, math.nan)))
        change, low, high = (part / one.base + moved for part in parts)
    else:
        is_ratio = budget.is_relative
        parts = (one.contrast.shift, *(bounds or (math.nan, math.nan)))
        change, low, high = (_shown(part, is_ratio) for part in parts)
    return (change, low, high) if bounds is not None else (change, None, None)


def _shown(value: float, is_ratio: bool) -> float:
    return math.expm1(value) if is_ratio else value
