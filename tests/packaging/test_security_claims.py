"""SECURITY.md names a test for every claim: each of them is there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "SECURITY.md").read_text()
NAMED = sorted(set(re.findall(r"`(tests/[^`:]+\.py)::([a-z0-9_]+)`", TEXT)))


@cache
def _tests_in(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text())
    functions = (
        one for one in tree.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    return frozenset(one.name for one in functions)


@pytest.mark.parametrize(("path", "name"), NAMED, ids=[name for _, name in NAMED])
def test_a_test_that_a_claim_rests_on_is_there(path: str, name: str) -> None:
    assert name.startswith("test_")
    assert name in _tests_in(path)


def test_every_test_that_is_named_is_named_in_full() -> None:
    assert len(NAMED) == len(set(re.findall(r"`(tests/[^`]+\.py[^`]*)`", TEXT)))
    assert len(NAMED) > 40
