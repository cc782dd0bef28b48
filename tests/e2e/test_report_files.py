"""The files of a run are there for CI, whatever became of the run, and tell what it was told."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING
from xml.etree import ElementTree as Xml

import pytest

from groundswell_coordinator.report.summary import Summary
from tests.e2e.service import serving
from tests.e2e.small_disk import FILLER, fill, small_disk
from tests.e2e.writing import arrivals, iterations, write_test

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.commands import Finished, Groundswell, Ran
    from tests.e2e.demo import Demo

THE_RUN = "the run carries a verdict"
OPTIONS = ("--junit", "--markdown", "--csv", "--html")


class Files:
    """Where a command is told to write its reports."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.step_summary = folder / "step-summary"
        self.paths = {option: folder / option.strip("-") for option in OPTIONS}
        self.words = [str(word) for pair in self.paths.items() for word in pair]
        self.env = {"GITHUB_STEP_SUMMARY": str(self.step_summary)}

    def text(self, option: str) -> str:
        return self.paths[option].read_text(encoding="utf-8")

    def outcomes(self) -> dict[str, str]:
        """Of the JUnit file, by test case."""
        cases = Xml.fromstring(self.text("--junit")).iter("testcase")
        return {
            case.attrib["name"]: next(
                (child.tag for child in case if child.tag != "system-out"), "passed"
            )
            for case in cases
        }


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path / "reports")


def _failing(groundswell: Groundswell, demo: Demo) -> Path:
    thresholds = {
        "http_req_failed": ["rate < 1%", "rate > 0"],
        "http_req_duration{name:nobody}": ["p(95) < 1s"],
    }
    load = {"load": iterations(10, "/status/503")}
    return write_test(groundswell.folder, demo.url, load, thresholds=thresholds)


def test_a_run_writes_every_file_and_a_stored_one_writes_them_again(
    groundswell: Groundswell, demo: Demo, files: Files
) -> None:
    files.step_summary.write_text("# before\n")

    ran = groundswell.run(_failing(groundswell, demo), *files.words, env=files.env)

    assert ran.exit_code == 99, ran
    assert files.outcomes() == {
        "http_req_failed: rate < 1%": "failure",
        "http_req_failed: rate > 0": "passed",
        "http_req_duration{name:nobody}: p(95) < 1s": "error",
        THE_RUN: "passed",
    }
    assert "FAIL: e2e" in files.text("--markdown").splitlines()[0]
    assert f"{ran.summary.run},FAIL,http_reqs," in files.text("--csv")
    assert f"<title>FAIL: e2e · {ran.summary.run}</title>" in files.text("--html")
    assert files.step_summary.read_text() == f"# before\n{files.text('--markdown')}\n"

    _assert_written_again(groundswell, files, ran)


def _assert_written_again(groundswell: Groundswell, files: Files, ran: Ran) -> None:
    for command, code in (("show", 0), ("verdict", 99)):
        again = Files(groundswell.folder / command)
        summary = groundswell.folder / command / "summary"
        done = groundswell(command, "last", *again.words, "--summary-json", summary, env=again.env)

        assert done.exit_code == code, done
        for option in OPTIONS:
            assert again.text(option) == files.text(option)
        assert Summary.from_json(summary.read_text()) == ran.summary
        # They are no step of a job that ran the test.
        assert not again.step_summary.exists()


def _assert_told(done: Finished, files: Files, word: str) -> None:
    assert files.outcomes() == {THE_RUN: "error"}
    for text in (files.text("--junit"), files.text("--markdown"), files.step_summary.read_text()):
        assert word in text
    for option in ("--csv", "--html"):
        assert not files.paths[option].exists()
    assert "Traceback" not in done.stderr


def test_where_there_was_no_run_the_files_say_why_and_none_is_an_earlier_runs(
    groundswell: Groundswell, demo: Demo, files: Files
) -> None:
    for path in files.paths.values():
        path.write_text("of an earlier run")
    wrong = groundswell.folder / "wrong.yaml"
    wrong.write_text("test: wrong\ntarget: ftp://nowhere\n")

    done = groundswell("run", wrong, *files.words, env=files.env)

    assert done.exit_code == 104
    _assert_told(done, files, "scenarios")
    assert demo.requests() == 0

    done = groundswell("run", "nowhere.yaml", *files.words, env=files.env)

    assert done.exit_code == 104
    _assert_told(done, files, "nowhere.yaml")


@pytest.mark.slow
def test_an_interrupted_run_is_an_error_of_the_run(
    groundswell: Groundswell, demo: Demo, files: Files
) -> None:
    thresholds = {"http_req_failed": ["rate < 1%"]}
    test = write_test(
        groundswell.folder, demo.url, {"load": arrivals("20/s", "60s")}, thresholds=thresholds
    )
    with groundswell.starting_run(test, *files.words, env=files.env) as running:
        demo.wait_for_load(10)
        running.signal(signal.SIGINT)
        ran = running.end_of_run()

    assert ran.exit_code == 105
    assert files.outcomes() == {"http_req_failed: rate < 1%": "passed", THE_RUN: "error"}
    assert "interrupted" in files.text("--markdown")


@pytest.mark.slow
def test_a_coordinator_that_is_not_there_is_an_error_of_the_run(
    groundswell: Groundswell, demo: Demo, files: Files
) -> None:
    test = write_test(groundswell.folder, demo.url, {"load": iterations(2)})
    nobody = ("--coordinator", "127.0.0.1:1")

    done = groundswell("run", test, *nobody, *files.words, env=files.env)

    assert done.exit_code == 106, done
    _assert_told(done, files, "127.0.0.1:1")


@pytest.mark.slow
def test_whoever_watches_a_run_of_a_pool_gets_the_same_files(
    groundswell: Groundswell, demo: Demo, files: Files
) -> None:
    with serving(groundswell) as service:
        there = ("--coordinator", service.address)
        with groundswell.starting("agent", *there):
            service.wait_for_agents(1)
            test = _failing(groundswell, demo)
            done = groundswell("run", test, *there, *files.words, env=files.env)
            watching = Files(groundswell.folder / "watch")
            watched = groundswell("watch", "last", *there, *watching.words, env=watching.env)
            detached = groundswell("run", test, *there, "--detach", *watching.words)

    assert (done.exit_code, watched.exit_code) == (99, 99), (done, watched)
    for option in OPTIONS:
        assert watching.text(option) == files.text(option)
    assert watching.step_summary.read_text() == files.step_summary.read_text()
    assert (detached.exit_code, "--detach does not wait" in detached.stderr) == (2, True)


def test_paths_that_cannot_be_are_found_out_before_any_load(
    groundswell: Groundswell, demo: Demo
) -> None:
    test = write_test(groundswell.folder, demo.url, {"load": iterations(2)})
    same = groundswell.folder / "same"
    nowhere = groundswell.folder / "none" / "file"
    for words, said in (
        (("--junit", nowhere), "No such file"),
        (("--csv", groundswell.folder), "directory"),
        (("--junit", same, "--markdown", same), "the same file"),
    ):
        done = groundswell("run", test, *words)

        assert done.exit_code == 2, done
        assert said in done.stderr
    assert demo.requests() == 0
    assert not same.exists()
    done = groundswell("show", "last", "--from", "1s", "--junit", same)
    assert (done.exit_code, "whole run" in done.stderr) == (2, True)


def test_a_disk_that_is_full_at_the_end_costs_no_result(
    groundswell: Groundswell, demo: Demo
) -> None:
    test = _failing(groundswell, demo)
    with small_disk(groundswell.folder / "small", "size=8m") as disk:
        files = Files(disk)
        files.paths["--junit"].write_text("of an earlier run")
        fill(disk)
        # That the page of the job takes nothing is said, too, and is no reason to fail.
        done = groundswell("run", test, *files.words, env=files.env)

        assert done.exit_code == 99, done
        assert "FAIL  e2e" in done.stdout
        assert done.stderr.count("No space left on device") == 5
        assert files.text("--junit") == "of an earlier run"

        (disk / FILLER).unlink()
        hint = next(line for line in done.stderr.splitlines() if line.startswith("hint: "))
        words = hint.split("`")[1].split()
        assert words[:2] == ["groundswell", "show"]
        again = groundswell(*words[1:])
        assert again.exit_code == 0, again
        assert files.outcomes()["http_req_failed: rate < 1%"] == "failure"


def test_the_schema_of_the_summary_is_published(groundswell: Groundswell) -> None:
    done = groundswell("schema", "summary")

    assert json.loads(done.stdout)["$id"] == "urn:groundswell:summary:1"
