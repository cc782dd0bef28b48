"""Small tests in Python, read as the client reads them, but in this process."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

from groundswell.errors import InvalidTest
from groundswell.scenario.bundle import bundled
from groundswell.scenario.loader import TestSource, load
from groundswell.script.declaration import DECLARATION
from groundswell.script.evaluation import evaluated

if TYPE_CHECKING:
    from collections.abc import Mapping

    from groundswell.scenario.model import Test

NAME = "t.py"


def source_of(
    text: str,
    env: Mapping[str, str] | None = None,
    target: str | None = None,
    modules: Mapping[str, str] | None = None,
) -> TestSource:
    main = dedent(text).encode()
    beside = {path: dedent(module).encode() for path, module in (modules or {}).items()}
    variables = dict(env or {})
    declared = evaluated(NAME, bundled(main, beside), variables)
    return TestSource(NAME, bundled(main, {**beside, DECLARATION: declared}), variables, target)


def loaded(
    text: str,
    env: Mapping[str, str] | None = None,
    target: str | None = None,
    modules: Mapping[str, str] | None = None,
) -> Test:
    return load(source_of(text, env, target, modules))


def problems(
    text: str, env: Mapping[str, str] | None = None, modules: Mapping[str, str] | None = None
) -> list[str]:
    """What is printed of a test, one line a problem; nothing for a valid one."""
    try:
        loaded(text, env, modules=modules)
    except InvalidTest as error:
        return str(error).splitlines()
    return []
