"""`groundswell validate` and `groundswell schema`, as people and scripts see them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner

from groundswell.errors import InvalidTest
from groundswell.scenario.loader import TestSource
from groundswell_coordinator.cli.schema import command as schema
from groundswell_coordinator.cli.test_options import test_source_options as with_test_source
from groundswell_coordinator.cli.validate import command as validate

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """\
test: t
target: "{{ env.BASE_URL }}"
scenarios:
  s: {executor: constant-vus, duration: 1m, steps: [{get: /a}, {pause: 1s}]}
thresholds: {checks: [rate > 99%]}
"""


@pytest.fixture
def good(tmp_path: Path) -> str:
    path = tmp_path / "good.yaml"
    path.write_text(GOOD)
    return str(path)


def test_a_valid_test_is_one_line(good: str) -> None:
    result = CliRunner().invoke(validate, [good, "-e", "BASE_URL=http://x"])
    assert result.exit_code == 0
    assert result.stdout == f"{good}: valid: 1 scenario, 2 steps, 1 threshold\n"


def test_an_invalid_test_raises_all_its_problems(good: str) -> None:
    result = CliRunner().invoke(validate, [good], env={"BASE_URL": None})
    assert isinstance(result.exception, InvalidTest)
    assert "the environment variable BASE_URL is not set" in str(result.exception)


def test_the_option_goes_before_the_environment(good: str) -> None:
    env = {"BASE_URL": "not a URL"}
    assert CliRunner().invoke(validate, [good], env=env).exception
    assert CliRunner().invoke(validate, [good, "-e", "BASE_URL=http://x"], env=env).exit_code == 0


def test_a_given_target_goes_before_the_files_own(good: str) -> None:
    result = CliRunner().invoke(validate, [good, "--target", "http://x"], env={"BASE_URL": None})
    assert result.exit_code == 0


def test_a_test_comes_from_standard_input() -> None:
    result = CliRunner().invoke(validate, ["-", "--target", "http://x"], input=GOOD)
    assert result.stdout == "<stdin>: valid: 1 scenario, 2 steps, 1 threshold\n"


def test_json_holds_the_problems_and_the_exit_code_stays(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("test: t\ntarget: http://x\nwarmup: 5\n")
    result = CliRunner().invoke(validate, [str(path), "--json"])
    assert result.exit_code == 104
    answer = json.loads(result.stdout)
    assert answer["valid"] is False
    assert answer["problems"][1] == {
        "file": str(path),
        "line": 3,
        "column": 9,
        "message": "`warmup`: 5 has no unit",
        "hint": "write 5s for seconds, 5ms, 5m …",
    }


def test_json_of_a_file_that_is_not_there_is_json(tmp_path: Path) -> None:
    result = CliRunner().invoke(validate, [str(tmp_path / "none.yaml"), "--json"])
    assert result.exit_code == 104
    assert json.loads(result.stdout)["problems"][0]["message"] == "there is no such file"


def test_json_of_a_valid_test_holds_its_counts(good: str) -> None:
    result = CliRunner().invoke(validate, [good, "--json", "--target", "http://x"])
    assert json.loads(result.stdout) == {
        "valid": True,
        "problems": [],
        "warnings": [],
        "scenarios": 1,
        "steps": 2,
        "thresholds": 1,
    }


@pytest.mark.parametrize("given", ["BASE_URL", "=x", "a-b=x"])
def test_a_variable_without_a_name_or_value_is_wrong_usage(good: str, given: str) -> None:
    result = CliRunner().invoke(validate, [good, "-e", given])
    assert result.exit_code == 2
    assert "is not NAME=VALUE" in result.stderr


def test_a_variable_that_the_test_does_not_mention_is_warned_of(good: str) -> None:
    arguments = [good, "--target", "http://x", "-e", "BASE_URl=http://y"]
    result = CliRunner().invoke(validate, arguments)
    assert result.exit_code == 0
    assert result.stderr == f"warning: -e BASE_URl: {good} does not mention env.BASE_URl\n"


def test_a_command_gets_its_test_as_a_source(good: str) -> None:
    seen: list[TestSource] = []

    @click.command()
    @with_test_source
    def command(source: TestSource) -> None:
        seen.append(source)

    CliRunner().invoke(command, [good, "-e", "BASE_URL=a=b", "--target", "http://x"])
    assert seen == [TestSource(good, GOOD.encode(), {"BASE_URL": "a=b"}, "http://x")]


def test_the_help_shows_a_test_that_is_valid() -> None:
    text = CliRunner().invoke(validate, ["--help"]).stdout
    example = text.split("A test to start from:")[1].split("Options:")[0]
    result = CliRunner().invoke(validate, ["-"], input=example)
    assert result.stdout == "<stdin>: valid: 1 scenario, 1 step, 1 threshold\n"


def test_the_schema_is_printed_as_json() -> None:
    result = CliRunner().invoke(schema, [])
    assert json.loads(result.stdout)["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_rows_that_cannot_be_enough_are_told_and_are_no_mistake(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text("id\n1\n2\n")
    path = tmp_path / "t.yaml"
    path.write_text(
        "test: t\ntarget: http://x\ndata: {users: {file: users.csv, pick: unique}}\n"
        "scenarios:\n  s: {executor: shared-iterations, iterations: 5,"
        " steps: [{get: '/{{ users.id }}'}]}\n"
    )
    warning = (
        "data users: the plan needs 5 rows and there are 2: it will end early, "
        "INCONCLUSIVE (data_exhausted)"
    )
    result = CliRunner().invoke(validate, [str(path)])
    assert (result.exit_code, result.stderr) == (0, f"warning: {path}: {warning}\n")
    result = CliRunner().invoke(validate, [str(path), "--json"])
    assert json.loads(result.stdout)["warnings"] == [warning]
