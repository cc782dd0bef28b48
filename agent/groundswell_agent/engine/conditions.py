"""Conditions and expectations compiled to functions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from groundswell.scenario.comparisons import compare
from groundswell.scenario.conditions import Both, Comparison, Either, Literal, Not
from groundswell.scenario.values import as_text
from groundswell_agent.engine.values import compile_value

if TYPE_CHECKING:
    from collections.abc import Callable

    from groundswell.scenario.conditions import Condition, Operand
    from groundswell_agent.engine.values import Names, Value
    from groundswell_agent.engine.virtual_user import VirtualUser

    Holds = Callable[[VirtualUser], bool]


def compile_condition(condition: Condition, names: Names) -> Holds:
    match condition:
        case Comparison():
            return _comparison(condition, names)
        case Not():
            inner = compile_condition(condition.of, names)
            return lambda vu: not inner(vu)
        case Both():
            left, right = _sides(condition, names)
            return lambda vu: left(vu) and right(vu)
        case Either():
            left, right = _sides(condition, names)
            return lambda vu: left(vu) or right(vu)


def _sides(condition: Both | Either, names: Names) -> tuple[Holds, Holds]:
    return compile_condition(condition.left, names), compile_condition(condition.right, names)


def _comparison(comparison: Comparison, names: Names) -> Holds:
    left = _operand(comparison.left, names)
    if comparison.operator == "~":
        assert isinstance(comparison.right, Literal)
        search = re.compile(str(comparison.right.value)).search
        return lambda vu: (value := left(vu)) is not None and search(as_text(value)) is not None
    sign, right = comparison.operator, _operand(comparison.right, names)
    return lambda vu: compare(left(vu), sign, right(vu))


def _operand(operand: Operand, names: Names) -> Value:
    if isinstance(operand, Literal):
        constant = operand.value
        return lambda vu: constant
    return compile_value(operand, names)
