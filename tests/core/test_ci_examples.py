"""The workflows in examples/ci are YAML, and what they call is there."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from groundswell.cli import cli
from groundswell.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parents[2] / "examples" / "ci"
GITHUB, GITLAB = FOLDER / "github-actions.yml", FOLDER / "gitlab-ci.yml"
WORKFLOWS = [GITHUB, GITLAB]
FILES = {"load-junit.xml", "load.md", "load.csv", "load.json"}


def read(path: Path) -> dict[Any, Any]:
    content: dict[Any, Any] = yaml.safe_load(path.read_text())
    return content


def shell_lines(path: Path) -> Iterator[str]:
    if path == GITHUB:
        yield from (step["run"] for step in read(path)["jobs"]["load"]["steps"] if "run" in step)
    else:
        job = read(path)["load"]
        yield from (*job["before_script"], *job["script"])


def commands(path: Path) -> list[list[str]]:
    """The words after `groundswell`."""
    lines = (shlex.split(line) for line in shell_lines(path))
    return [words[1:] for words in lines if words[0] == "groundswell"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_validates_and_runs(path: Path) -> None:
    assert [words[0] for words in commands(path)] == ["validate", "run"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_its_commands_take_its_options(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, *words in commands(path):
        with cli.make_context("groundswell", [name, *words]) as context:
            command = cli.get_command(context, name)
            assert command is not None
            # Parsed as from a shell; nothing is carried out.
            command.make_context(name, words, parent=context)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_it_keeps_exactly_the_files_that_the_run_writes(path: Path) -> None:
    run = commands(path)[-1]
    assert {word for word in run if word.startswith("load") and "/" not in word} == FILES
    if path == GITHUB:
        upload = read(path)["jobs"]["load"]["steps"][-1]
        kept = set(upload["with"]["path"].split())
    else:
        artifacts = read(path)["load"]["artifacts"]
        kept = set(artifacts["paths"])
        assert artifacts["reports"]["junit"] in kept
    assert kept == FILES


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_nothing_stands_between_the_exit_code_and_the_job(path: Path) -> None:
    for line in shell_lines(path):
        assert not any(mark in line for mark in ("|", "&&", ";", "$("))


def test_gitlab_tells_what_is_inconclusive_from_what_failed() -> None:
    assert read(GITLAB)["load"]["allow_failure"] == {"exit_codes": int(ExitCode.INCONCLUSIVE)}
