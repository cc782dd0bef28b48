"""What is said of a condition is that condition."""

from __future__ import annotations

import pytest

from groundswell.scenario.conditions import parse_condition
from groundswell.scenario.template_syntax import parse_expression
from groundswell.scenario.wording import condition_text, expression_text


@pytest.mark.parametrize(
    "text",
    [
        "price < 100",
        "price < 100 and not (state == 'done')",
        "a == 1 or b == 2 and c == 3",
        "(a == 1 or b == 2) and c == 3",
        "name ~ '^a' or name contains \"it's\"",
        "user.names[0] == null and vu != true and share >= 0.5",
    ],
)
def test_the_text_of_a_condition_reads_as_the_same_condition(text: str) -> None:
    condition = parse_condition([text])
    assert condition_text(condition) == text
    assert parse_condition([condition_text(condition)]) == condition


@pytest.mark.parametrize(
    "text",
    ["token", "user.names[0]", "random(1, 6)", "now('unix')", "a | json | default('x') | base64"],
)
def test_the_text_of_an_expression_reads_as_the_same_expression(text: str) -> None:
    assert expression_text(parse_expression(text)) == text


def test_a_condition_with_a_whole_template_is_told_with_it() -> None:
    parts = [parse_expression("user.id | json"), " == '5'"]
    assert condition_text(parse_condition(parts)) == "user.id | json == '5'"
