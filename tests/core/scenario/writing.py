"""Small test files for the tests, and the problems that are printed of them."""

from __future__ import annotations

from textwrap import dedent, indent
from typing import TYPE_CHECKING

from groundswell.errors import InvalidTest
from groundswell.scenario.loader import TestSource, load

if TYPE_CHECKING:
    from collections.abc import Mapping

    from groundswell.scenario.model import Test


def with_top(text: str) -> str:
    """A test with more at its top level, from line 7 on."""
    return (
        "test: t\ntarget: http://shop.test\nscenarios:\n"
        "  s: {executor: constant-vus, duration: 1m, steps: [{get: /a}]}\n"
        "\n\n" + dedent(text)
    )


def with_scenario(text: str) -> str:
    """A test with this one scenario, from line 5 on, column 5; its steps are there already."""
    return (
        "test: t\ntarget: http://shop.test\nscenarios:\n  s:\n"
        + indent(dedent(text).rstrip("\n"), "    ")
        + "\n    steps: [{get: /a}]\n"
    )


def with_steps(text: str) -> str:
    """A test with these steps, from line 8 on, column 7."""
    return (
        "test: t\ntarget: http://shop.test\nscenarios:\n  s:\n"
        "    executor: constant-vus\n    duration: 1m\n    steps:\n"
        + indent(dedent(text), "      ")
    )


def loaded(
    text: str | bytes, env: Mapping[str, str] | None = None, target: str | None = None
) -> Test:
    data = text.encode() if isinstance(text, str) else text
    return load(TestSource("t.yaml", data, env or {}, target))


def problems(
    text: str | bytes, env: Mapping[str, str] | None = None, target: str | None = None
) -> list[str]:
    """What is printed of a test, one line a problem; nothing for a valid one."""
    try:
        loaded(text, env, target)
    except InvalidTest as error:
        return str(error).splitlines()
    return []
