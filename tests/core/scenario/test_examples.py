"""The examples are tests that load."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from groundswell.scenario.loader import load, read_source
from groundswell.scenario.model import all_requests

ROOT = Path(__file__).parents[3]
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))


def _named(path: Path) -> str:
    return path.name


def test_there_are_examples() -> None:
    assert {path.stem for path in EXAMPLES} >= {"demo", "smoke", "ramp", "spike", "shop"}


@pytest.mark.parametrize("path", EXAMPLES, ids=_named)
def test_an_example_loads_without_any_environment(path: Path) -> None:
    test = load(read_source(str(path), env={}))

    assert test.test == path.stem
    assert test.target == "http://127.0.0.1:8080"


@pytest.mark.parametrize("path", EXAMPLES, ids=_named)
def test_an_example_checks_its_answers_and_judges_them(path: Path) -> None:
    test = load(read_source(str(path), env={}))

    for scenario in test.scenarios.values():
        assert any(step.checks for step in all_requests(scenario.steps))
    assert test.thresholds


@pytest.mark.parametrize("path", EXAMPLES, ids=_named)
def test_the_command_in_an_example_names_that_example(path: Path) -> None:
    commands = re.findall(r"^#   groundswell run (\S+)", path.read_text(), re.MULTILINE)

    assert commands == [f"examples/{path.name}"]
