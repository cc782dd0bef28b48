"""Checks compiled to functions of a VU and a response: whether the response is what was expected."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from groundswell.scenario.comparisons import ORDERINGS, as_number, compare, equal, same
from groundswell.scenario.expectations import Compared, OneOf, Statuses
from groundswell.scenario.expressions import Template
from groundswell.scenario.values import as_text
from groundswell_agent.engine.captures import find_header, find_json
from groundswell_agent.engine.response import MISSING
from groundswell_agent.engine.texts import compile_typed

if TYPE_CHECKING:
    from collections.abc import Callable

    from groundswell.scenario.expectations import Expectation
    from groundswell.scenario.step_model import Check, Subject
    from groundswell_agent.engine.captures import Find
    from groundswell_agent.engine.response import Response
    from groundswell_agent.engine.values import Names, Value
    from groundswell_agent.engine.virtual_user import VirtualUser

    Passes = Callable[[VirtualUser, Response], bool]
    Holds = Callable[[VirtualUser, object], bool]


def compile_check(check: Check, names: Names) -> Passes:
    look = _look(check.subject)
    holds = _holds(check.expectation, names, is_json=check.subject.kind == "json")
    return lambda vu, response: holds(vu, look(response))


def compile_look(check: Check) -> Find:
    """What the check looks at."""
    return _look(check.subject)


def reads_body(check: Check) -> bool:
    return check.subject.kind in ("size", "body", "json")


def _look(subject: Subject) -> Find:
    match subject.kind:
        case "status":
            return lambda response: response.exchange.status
        case "duration":
            return lambda response: response.exchange.end - response.exchange.send_start
        case "size":
            return lambda response: len(response.body)
        case "body":
            return lambda response: response.text
        case "header":
            return find_header(subject.name)
        case "json":
            assert subject.path is not None
            return find_json(subject.path)


def _holds(expectation: Expectation, names: Names, *, is_json: bool) -> Holds:
    match expectation:
        case Statuses():
            statuses = expectation.statuses
            return lambda vu, found: found in statuses
        case OneOf():
            return _one_of(expectation, names, same if is_json else equal)
        case Compared():
            return _compared(expectation, names, is_json=is_json)


def _one_of(expectation: OneOf, names: Names, equals: Callable[[object, object], bool]) -> Holds:
    wanted = tuple(_operand(value, names) for value in expectation.values)
    constants = expectation.values
    if equals is same and len(constants) == 1 and type(constants[0]) is str:
        # What most checks of JSON are; there text equals text alone.
        text = constants[0]
        return lambda vu, found: found == text
    return lambda vu, found: any(equals(found, value(vu)) for value in wanted)


def _compared(expectation: Compared, names: Names, *, is_json: bool) -> Holds:
    sign, operand = expectation.operator, expectation.operand
    if sign == "exists":
        return lambda vu, found: found is not MISSING
    if sign == "~":
        search = re.compile(str(operand)).search
        return lambda vu, found: found is not MISSING and search(as_text(found)) is not None
    if sign in ORDERINGS and isinstance(operand, int | float):
        return _ordered(ORDERINGS[sign], operand)
    wanted = _operand(operand, names)
    if is_json and sign in ("==", "!="):
        must_be = sign == "=="
        return lambda vu, found: same(found, wanted(vu)) is must_be
    return lambda vu, found: (
        compare(found, sign, wanted(vu)) if found is not MISSING else sign == "!="
    )


def _ordered(holds: Callable[[float, float], bool], limit: float) -> Holds:
    def within(vu: VirtualUser, found: object) -> bool:
        if type(found) is int or type(found) is float:
            return holds(found, limit)
        number = as_number(found)
        return number is not None and holds(number, limit)

    return within


def _operand(value: object, names: Names) -> Value:
    if not isinstance(value, Template):
        return lambda vu: value
    return compile_typed(value, names)
