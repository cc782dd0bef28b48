"""YAML 1.2's core schema, places of every node, and bounds on what a file may hold."""

from __future__ import annotations

import time

import pytest

from groundswell.scenario.nodes import Mapping, Scalar, core_value
from groundswell.scenario.problems import Problems
from groundswell.scenario.yaml_source import MAX_DEPTH, parse


def tree(text: str) -> Mapping:
    problems = Problems("t.yaml")
    node = parse(text.encode(), problems)
    assert not problems
    assert isinstance(node, Mapping)
    return node


def refusals(text: str) -> list[str]:
    problems = Problems("t.yaml")
    parse(text.encode(), problems)
    return str(problems.as_error()).splitlines()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("off", "off"),
        ("true", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("12:30:00", "12:30:00"),
        ("2020-01-01", "2020-01-01"),
        ("1_000", "1_000"),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("-.inf", float("-inf")),
        ("0b11", "0b11"),
        ("=", "="),
    ],
)
def test_a_plain_scalar_is_what_yaml_1_2_says(text: str, value: object) -> None:
    read = core_value(text)
    assert read == value
    assert type(read) is type(value)


def test_a_number_of_thousands_of_digits_stays_text() -> None:
    assert core_value("9" * 10_000) == "9" * 10_000


def test_every_key_and_value_knows_its_line_and_column() -> None:
    (key, inner), (last, _) = tree("# first\na:\n  é: [x, y]\nb: 'c'\n").pairs
    assert (key.line, key.column, last.line) == (2, 1, 4)
    assert isinstance(inner, Mapping)
    ((_, items),) = inner.pairs
    assert (items.line, items.column) == (3, 6)


def test_a_byte_order_mark_shifts_no_column() -> None:
    ((key, _),) = tree("\ufeffa: 1").pairs
    assert (key.line, key.column, key.text) == (1, 1, "a")


def test_an_alias_is_the_node_of_its_anchor() -> None:
    (_, first), (_, second) = tree("a: &x [1]\nb: *x\n").pairs
    assert first is second


def test_a_merge_gives_the_keys_that_are_not_there() -> None:
    merged = tree("a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}\n").get("b")
    assert isinstance(merged, Mapping)
    values = {key.text: value.text for key, value in merged.pairs if isinstance(value, Scalar)}
    assert values == {"p": "1", "q": "3"}


def test_a_billion_laughs_are_refused_at_once() -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    for last, name in zip("abcdefgh", "bcdefghi", strict=True):
        lines.append(f"{name}: &{name} [{', '.join([f'*{last}'] * 10)}]")
    started = time.process_time()
    assert refusals("\n".join(lines)) == [
        "t.yaml:6:8: more than 200000 values, aliases written out"
    ]
    assert time.process_time() - started < 1


def test_aliases_of_aliases_count_as_depth() -> None:
    lines = ["a0: &a0 [x]", *(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, MAX_DEPTH + 1))]
    (printed,) = refusals("\n".join(lines))
    assert printed.endswith(f"more than {MAX_DEPTH} levels deep")


def test_a_million_brackets_are_refused_at_once() -> None:
    for text in ("[" * 1_000_000, "{" * 1_000_000, "- " * 500_000, "? " * 500_000):
        (printed,) = refusals(text)
        assert "levels deep" in printed or "not YAML" in printed


def test_a_repeated_key_keeps_its_first_value() -> None:
    problems = Problems("t.yaml")
    node = parse(b"a: 1\na: 2\n", problems)
    assert isinstance(node, Mapping)
    assert [value.text for _, value in node.pairs if isinstance(value, Scalar)] == ["1"]
    assert len(problems) == 1
