"""Made-up data: the same with the same seed, on however many agents, and in every locale."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mimesis.locales import Locale

from groundswell.scenario.fake import FAKE_FIELDS, LOCALES
from groundswell_agent.engine.fake import FakeData, Maker

if TYPE_CHECKING:
    from collections.abc import Mapping

    from groundswell_agent.engine.values import Namespace

numbers = st.integers(1, 10_000_000)
fields = st.sampled_from(sorted(FAKE_FIELDS))


class Vu:
    """What fake data asks of a VU."""

    def __init__(self, number: int, iterations: int) -> None:
        self.number = number
        self.iterations = iterations
        self._fields: dict[str, Mapping[str, object]] = {}

    def fields(self, name: str, namespace: Namespace) -> Mapping[str, object]:
        return self._fields.setdefault(name, namespace.take(self))  # type: ignore[arg-type]  # all that it asks of a VU


def made(data: FakeData, vu: Vu, name: str, other: int = 0) -> object:
    return data.value(name, other)(vu)  # type: ignore[arg-type]  # it asks no more of it


EN, AGAIN = FakeData("en", 7), FakeData("en", 7)


def test_the_names_are_those_that_are_made_and_the_locales_those_of_the_library() -> None:
    assert Maker("en").makes.keys() == FAKE_FIELDS.keys()
    assert set(LOCALES) == {locale.value for locale in Locale}


@pytest.mark.parametrize("locale", LOCALES)
def test_every_name_has_a_value_in_every_locale_and_the_same_one_again(locale: str) -> None:
    first, second = Maker(locale), Maker(locale)
    values = {name: first.make(name, 5) for name in FAKE_FIELDS}
    # In another order.
    for name in reversed(FAKE_FIELDS):
        assert second.make(name, 5) == values[name]
    for name, value in values.items():
        assert isinstance(value, str | int | float), name
        assert value != ""


@given(numbers, st.integers(0, 10_000_000), fields, st.integers(0, 999), st.lists(fields))
def test_a_value_follows_from_vu_iteration_and_name_and_from_nothing_made_before(
    vu: int, iteration: int, name: str, other: int, before: list[str]
) -> None:
    here, there = Vu(vu, iteration), Vu(vu, iteration)
    for one in before:
        made(AGAIN, there, one)
    value = made(EN, here, name, other)
    assert made(AGAIN, there, name, other) == value
    # And it stays, for as long as the iteration does.
    assert made(EN, here, name, other) == value


@settings(max_examples=30)
@given(st.sets(st.tuples(numbers, st.integers(0, 10_000_000)), min_size=2, max_size=200))
def test_no_two_iterations_have_one_address(pairs: set[tuple[int, int]]) -> None:
    emails = {made(EN, Vu(*pair), "email") for pair in pairs}
    assert len(emails) == len(pairs)


def test_of_many_iterations_no_two_have_one_address() -> None:
    emails = {made(EN, Vu(n % 100 + 1, n // 100), "email") for n in range(20_000)}
    assert len(emails) == 20_000


def test_other_seeds_and_other_numbers_give_other_values() -> None:
    values = [
        made(EN, Vu(1, 0), "email"),
        made(EN, Vu(1, 1), "email"),
        made(EN, Vu(2, 0), "email"),
        made(EN, Vu(1, 0), "email", 1),
        made(FakeData("en", 8), Vu(1, 0), "email"),
    ]
    assert len(set(values)) == 5


@pytest.mark.parametrize("name", ["email", "hostname", "url"])
def test_what_is_made_leads_to_nobody(name: str) -> None:
    for iteration in range(200):
        value = str(made(EN, Vu(1, iteration), name)).rstrip("/")
        assert value.endswith((".example.com", "@example.com"))
        assert value.isascii()
        assert " " not in value


def test_a_test_without_fake_data_does_not_import_the_library() -> None:
    code = (
        "import sys, groundswell_agent.engine.engine, groundswell_agent.agent;"
        "sys.exit('mimesis' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_page_names_all_of_them() -> None:
    page = (Path(__file__).parents[3] / "docs" / "test-file.md").read_text(encoding="utf-8")
    section = page.partition("## Fake data")[2].partition("\n## ")[0]
    for name in (*FAKE_FIELDS, *LOCALES):
        assert f"`{name}`" in section
