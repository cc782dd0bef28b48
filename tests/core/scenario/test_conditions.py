"""The grammar of conditions, and how values compare."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from groundswell.scenario.comparisons import compare, equal, same
from groundswell.scenario.conditions import (
    Both,
    Comparison,
    Either,
    Literal,
    Not,
    expressions_in,
    parse_condition,
)
from groundswell.scenario.expressions import Call, Name
from groundswell.scenario.nodes import Filled
from groundswell.scenario.tokens import SyntaxRefusal

if TYPE_CHECKING:
    from groundswell.scenario.conditions import Condition


def parsed(text: str) -> Condition:
    return parse_condition([text])


A = Comparison(Name("a"), "==", Literal(1))
B = Comparison(Name("b", ("x", 0)), "!=", Literal("t"))
C = Comparison(Call("random", (1, 6)), "<=", Literal(-1.5))


def test_or_binds_less_than_and_and_and_less_than_not() -> None:
    assert parsed("a == 1") == A
    assert parsed("b.x[0] != 't'") == B
    assert parsed("random(1, 6) <= -1.5") == C
    assert parsed("a == 1 or b.x[0] != 't' and random(1,6) <= -1.5") == Either(A, Both(B, C))
    assert parsed("a==1 and b.x[0]!='t' or random(1, 6)<=-1.5") == Either(Both(A, B), C)
    assert parsed("(a == 1 or b.x[0] != 't') and not a == 1") == Both(Either(A, B), Not(A))
    assert parsed("not not a == 1") == Not(Not(A))


def test_words_of_the_grammar_are_whole_words() -> None:
    assert parsed("order == 1") == Comparison(Name("order"), "==", Literal(1))
    assert parsed("nothing == android") == Comparison(Name("nothing"), "==", Name("android"))


def test_what_stands_in_braces_is_an_operand_whatever_it_holds() -> None:
    condition = parse_condition([Filled("x' or 1 == '1"), " == ", Name("a"), " and a == 1"])
    assert condition == Both(Comparison(Literal("x' or 1 == '1"), "==", Name("a")), A)
    assert list(expressions_in(condition)) == [Name("a"), Name("a")]


def test_conditions_have_a_depth() -> None:
    assert parsed("(" * 15 + "a == 1" + ")" * 15) == A
    with pytest.raises(SyntaxRefusal, match="more than 20 levels deep"):
        parsed("(" * 5000 + "a == 1")
    with pytest.raises(SyntaxRefusal, match="more than 20 levels deep"):
        parsed("not " * 5000 + "a == 1")


NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=4,
)
ORDERINGS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


@given(NUMBERS, NUMBERS, st.sampled_from(sorted(ORDERINGS)), st.booleans(), st.booleans())
def test_numbers_compare_as_numbers_also_as_text(
    one: float, other: float, sign: str, as_text: bool, other_as_text: bool
) -> None:
    # Without an exponent below -999 or above, which no float has, repr is what JSON writes.
    left: Any = repr(one) if as_text else one
    right: Any = repr(other) if other_as_text else other
    assert compare(left, sign, right) is ORDERINGS[sign](one, other)


@given(VALUES, VALUES)
@example(None, "0\x1f")
def test_equality_is_one_thing(one: object, other: object) -> None:
    assert same(one, one)
    assert equal(one, one)
    assert equal(one, other) is equal(other, one)
    assert compare(one, "==", other) is not compare(one, "!=", other)
    if same(one, other):
        assert equal(one, other)


@given(VALUES, st.sampled_from(sorted(ORDERINGS)))
def test_null_is_neither_less_nor_more(value: object, sign: str) -> None:
    assert not compare(None, sign, value)
    assert not compare(value, sign, None)


def test_true_is_not_one_and_text_is_no_number_where_types_count() -> None:
    assert not same(True, 1)
    assert not same(0, False)
    assert not same("1", 1)
    assert same(1, 1.0)
    assert equal("1.0", 1)
    assert not equal(True, "true")
