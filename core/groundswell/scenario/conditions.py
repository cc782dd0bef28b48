"""What `if` and `while` ask, as data.

condition   all { "or" all }
all         one { "and" one }
one         "not" one | "(" condition ")" | operand operator operand
operand     a value as in a template | constant | a whole template
operator    == != < <= > >= ~ contains

parse_condition(["price < 100 and not (state ~ '^done')"])
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from groundswell.scenario.comparisons import SIGNS, Operator
from groundswell.scenario.expressions import Expression
from groundswell.scenario.nodes import Filled
from groundswell.scenario.template_syntax import value_of
from groundswell.scenario.tokens import SyntaxRefusal, Tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from groundswell.scenario.expressions import Constant

# Like brackets in mathematics: nobody reads more, and Python's own stack has an end.
_DEEPEST = 20
_OPERATORS = f"an operator: {', '.join(SIGNS)} or contains"


@dataclass(frozen=True, slots=True)
class Literal:
    value: Constant


Operand = Literal | Expression


@dataclass(frozen=True, slots=True)
class Comparison:
    """`~` has a pattern on its right, which compiles."""

    left: Operand
    operator: Operator
    right: Operand


@dataclass(frozen=True, slots=True)
class Both:
    left: Condition
    right: Condition


@dataclass(frozen=True, slots=True)
class Either:
    left: Condition
    right: Condition


@dataclass(frozen=True, slots=True)
class Not:
    of: Condition


Condition = Comparison | Both | Either | Not


def expressions_in(condition: Condition) -> Iterator[Expression]:
    """All that a condition asks an iteration for."""
    match condition:
        case Comparison():
            for operand in (condition.left, condition.right):
                if not isinstance(operand, Literal):
                    yield operand
        case Not():
            yield from expressions_in(condition.of)
        case Both() | Either():
            yield from expressions_in(condition.left)
            yield from expressions_in(condition.right)


def parse_condition(parts: Sequence[str | Filled | Expression]) -> Condition:
    """The condition of a value's parts; SyntaxRefusal where it is none."""
    return _Parser(parts).parse()


class _Parser:
    """Texts are taken word by word; what stood in braces is an operand as a whole."""

    def __init__(self, parts: Sequence[str | Filled | Expression]) -> None:
        self._rest = [Tokens(part) if isinstance(part, str) else part for part in parts]
        self._depth = 0

    def parse(self) -> Condition:
        condition = self._either()
        if (left := self._tokens()) is not None or self._rest:
            raise SyntaxRefusal(f"is not understood from {left.shown if left else '{{'} on")
        return condition

    def _tokens(self) -> Tokens | None:
        """The text that comes next, None where none does."""
        while self._rest and isinstance(self._rest[0], Tokens):
            if not self._rest[0].at_end:
                return self._rest[0]
            self._rest.pop(0)
        return None

    def _word(self, word: str) -> bool:
        tokens = self._tokens()
        return tokens is not None and tokens.take_word(word) is not None

    def _sign(self, *signs: str) -> str | None:
        tokens = self._tokens()
        return tokens.take(*signs) if tokens is not None else None

    def _either(self) -> Condition:
        condition = self._both()
        while self._word("or"):
            condition = Either(condition, self._both())
        return condition

    def _both(self) -> Condition:
        condition = self._one()
        while self._word("and"):
            condition = Both(condition, self._one())
        return condition

    def _one(self) -> Condition:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise SyntaxRefusal(f"is more than {_DEEPEST} levels deep")
        try:
            if self._word("not"):
                return Not(self._one())
            if not self._sign("("):
                return self._comparison()
            condition = self._either()
            if not self._sign(")"):
                raise SyntaxRefusal("has a `(` that is never closed")
            return condition
        finally:
            self._depth -= 1

    def _comparison(self) -> Comparison:
        left = self._operand("an operand")
        sign = self._sign(*SIGNS) or ("contains" if self._word("contains") else None)
        if sign is None:
            tokens = self._tokens()
            found = tokens.shown if tokens else "nothing"
            hint = "`=` is written ==" if found.startswith("'=") else "such as price < 100"
            raise SyntaxRefusal(f"has {found} where {_OPERATORS} must stand", hint)
        right = self._operand(f"something to compare with after `{sign}`")
        if sign == "~":
            _check_pattern(right)
        return Comparison(left, cast("Operator", sign), right)

    def _operand(self, what: str) -> Operand:
        tokens = self._tokens()
        if tokens is None:
            if not self._rest:
                raise SyntaxRefusal(f"ends where {what} must stand", "such as price < 100")
            part = self._rest.pop(0)
            assert not isinstance(part, Tokens)
            return Literal(part.text) if isinstance(part, Filled) else part
        if tokens.is_constant_next():
            return Literal(tokens.take_constant())
        return value_of(tokens)


def _check_pattern(operand: Operand) -> None:
    if not isinstance(operand, Literal) or not isinstance(operand.value, str):
        raise SyntaxRefusal("has no pattern in quotes after `~`", "such as state ~ '^done'")
    try:
        re.compile(operand.value)
    except re.error as error:
        raise SyntaxRefusal(f"has a pattern that is none: {error}") from None
