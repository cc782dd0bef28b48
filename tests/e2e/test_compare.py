"""A build against another, from a shell: a group of runs, a baseline, files, budgets and exit codes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.writing import users, write_test

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.commands import Finished, Groundswell, Ran
    from tests.e2e.demo import Demo

FIGURE = "http_req_duration med"


@dataclass(frozen=True, slots=True)
class Builds:
    """Three short runs of one build, as a group, and one of a build that is sixty times as slow."""

    group: dict[str, Any]
    printed: Finished
    slow: Ran

    @property
    def name(self) -> str:
        return str(self.group["group"])

    @property
    def names(self) -> list[str]:
        return [f"{self.name}-{number}" for number in (1, 2, 3)]


@pytest.fixture(scope="module")
def builds(shared_groundswell: Groundswell, _demo: Demo) -> Builds:
    folder = shared_groundswell.folder
    scenarios = {"load": users(4, "1s", "/slow?ms={{ env.MS }}")}
    test = write_test(folder, _demo.url, scenarios, name="release")
    junit = folder / "junit.xml"
    order = (
        "run",
        test,
        "--agents",
        "1",
        "-e",
        "MS=5",
        "--repeat",
        "3",
        "--junit",
        junit,
        "--json",
    )
    printed = shared_groundswell(*order)
    slow = shared_groundswell.run(test, "-e", "MS=300", "--label", "build=slow")
    return Builds(json.loads(printed.stdout), printed, slow)


def test_a_group_is_several_runs_that_name_it(
    builds: Builds, shared_groundswell: Groundswell
) -> None:
    runs = builds.group["runs"]
    assert builds.printed.exit_code == builds.group["exit_code"] == 0
    assert [run["run"] for run in runs] == builds.names
    assert [run["labels"] for run in runs] == [{"repeat": builds.name}] * 3
    for number in (1, 2, 3):
        assert (shared_groundswell.folder / f"junit-{number}.xml").exists()


def test_a_broken_budget_exits_with_99_and_is_a_failure_for_ci(
    builds: Builds, shared_groundswell: Groundswell
) -> None:
    folder = shared_groundswell.folder
    budget = (
        "--budget",
        f"{FIGURE} +5%",
        "--junit",
        folder / "j.xml",
        "--markdown",
        folder / "m.md",
    )
    done = shared_groundswell("compare", builds.name, "last", *budget)
    assert done.exit_code == 99, done
    assert "✗ http_req_duration med +5%: broken" in done.stdout
    assert "<failure" in (folder / "j.xml").read_text(encoding="utf-8")
    assert "❌ Worse than its budget" in (folder / "m.md").read_text(encoding="utf-8")


def test_the_other_way_round_and_against_itself_nothing_is_worse(
    builds: Builds, shared_groundswell: Groundswell
) -> None:
    back = shared_groundswell("compare", "last", builds.name, "--budget", f"{FIGURE} +5%", "--json")
    assert back.exit_code == 0, back
    for sides in ((builds.name, builds.name), ("last", "last")):
        same = shared_groundswell("compare", *sides, "--json")
        words = {figure["word"] for figure in json.loads(same.stdout)["figures"]}
        assert words <= {"same", "unclear"}
        assert same.exit_code == 0


def test_a_baseline_stands_for_the_group_and_keeps_its_runs(
    builds: Builds, shared_groundswell: Groundswell
) -> None:
    assert shared_groundswell("baseline", "set", "v1", builds.name).exit_code == 0
    (listed,) = json.loads(shared_groundswell("baseline", "list", "--json").stdout)
    assert listed["runs"] == builds.names
    compared = shared_groundswell("compare", "v1", "last", "--budget", f"{FIGURE} +5%")
    assert compared.exit_code == 99, compared
    kept = shared_groundswell("delete", listed["runs"][0])
    assert kept.exit_code == 1
    assert "is the baseline 'v1'" in kept.stderr
    assert shared_groundswell("baseline", "remove", "v1").exit_code == 0


def test_exported_runs_are_compared_where_no_run_was_ever_made(
    builds: Builds, shared_groundswell: Groundswell, groundswell: Groundswell
) -> None:
    folder = shared_groundswell.folder / "base"
    folder.mkdir()
    for number in (1, 2):
        shared_groundswell("export", f"{builds.name}-{number}", folder / f"{number}.groundswell")
    done = groundswell("compare", folder, folder / "1.groundswell", "--json")
    assert done.exit_code == 0, done
    assert json.loads(done.stdout)["base"]["has_seconds"]
    assert not (groundswell.home / "groundswell.db").exists()


def test_of_a_summary_it_cannot_be_told(builds: Builds, groundswell: Groundswell) -> None:
    summary = groundswell.folder / "summary.json"
    summary.write_text(builds.slow.summary.to_json(), encoding="utf-8")
    done = groundswell("compare", summary, summary, "--budget", f"{FIGURE} +5%")
    assert done.exit_code == 96, done
    assert "cannot be told" in done.stdout


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("v9", "last"), 1, "nothing is called 'v9': no file, baseline, group or run"),
        (("last", "last", "--budget", "p95 +5"), 104, "is not a budget"),
    ],
)
def test_a_mistake_is_told_with_a_hint(
    builds: Builds, shared_groundswell: Groundswell, words: tuple[str, ...], code: int, said: str
) -> None:
    done = shared_groundswell("compare", *words)
    assert (done.exit_code, done.stdout) == (code, "")
    assert said in done.stderr


def test_a_file_that_is_no_run_is_refused(groundswell: Groundswell, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("{}", encoding="utf-8")
    done = groundswell("compare", wrong, wrong)
    assert done.exit_code == 1
    assert "neither a run nor its summary" in done.stderr


def test_the_history_of_a_test_shows_its_runs(
    builds: Builds, shared_groundswell: Groundswell
) -> None:
    done = shared_groundswell("history", "release")
    assert done.exit_code == 0
    assert "release: 4 runs, the newest last" in done.stdout
    assert "No change; it takes 12 runs to see one." in done.stdout
    told = json.loads(shared_groundswell("history", "release", "--json").stdout)
    assert [run["run"] for run in told["runs"]][-1] == builds.slow.summary.run
    assert told["changes"] == []
    assert shared_groundswell("history", "nothing").exit_code == 1
