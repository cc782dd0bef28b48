"""Runs that cannot be: no agents, no place to store them, no place left. Said clearly, without load."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.e2e.small_disk import FILLER, fill, small_disk
from tests.e2e.writing import arrivals, iterations, write_test

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.commands import Finished, Groundswell
    from tests.e2e.demo import Demo

# Python imports this before anything else: here is what becomes of an agent.
_AGENTS_END_AT_ONCE = """\
import os, sys
if "--tethered" in sys.orig_argv:
    os._exit(3)
"""
_AGENTS_NEVER_ATTACH = """\
import os, sys
if "--tethered" in sys.orig_argv:
    sys.stdin.read()
    os._exit(3)
"""


def _with_other_agents(folder: Path, source: str) -> dict[str, str]:
    hook = folder / "hook"
    hook.mkdir()
    (hook / "sitecustomize.py").write_text(source)
    known = os.environ.get("PYTHONPATH")
    return {"PYTHONPATH": f"{hook}{os.pathsep}{known}" if known else str(hook)}


def _assert_refused_with_a_hint(done: Finished, groundswell: Groundswell, demo: Demo) -> None:
    assert "error: " in done.stderr, done
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert demo.requests() == 0
    groundswell.assert_nothing_is_left()


@pytest.fixture
def small_test(groundswell: Groundswell, demo: Demo) -> Path:
    return write_test(groundswell.folder, demo.url, {"load": iterations(5)})


def test_agents_that_end_at_once_are_not_waited_for(
    groundswell: Groundswell, demo: Demo, small_test: Path
) -> None:
    env = _with_other_agents(groundswell.folder, _AGENTS_END_AT_ONCE)

    done = groundswell("run", small_test, env=env)

    _assert_refused_with_a_hint(done, groundswell, demo)
    assert done.exit_code == 102, done
    assert done.seconds < 20


def test_agents_that_do_not_attach_are_waited_for_as_long_as_was_said(
    groundswell: Groundswell, demo: Demo, small_test: Path
) -> None:
    env = _with_other_agents(groundswell.folder, _AGENTS_NEVER_ATTACH)

    done = groundswell("run", small_test, "--wait", "500ms", env=env)

    _assert_refused_with_a_hint(done, groundswell, demo)
    assert done.exit_code == 102, done
    assert "hint: " in done.stderr
    assert done.seconds < 20


def test_a_data_folder_that_is_a_file_is_an_error_with_a_hint(
    groundswell: Groundswell, demo: Demo, small_test: Path
) -> None:
    groundswell.home.write_text("I am a file.")

    done = groundswell("run", small_test)

    _assert_refused_with_a_hint(done, groundswell, demo)
    assert done.exit_code == 1, done
    assert str(groundswell.home) in done.stderr
    assert "GROUNDSWELL_HOME" in done.stderr
    assert groundswell.home.read_text() == "I am a file."


@pytest.mark.slow
def test_a_data_folder_that_is_read_only_is_an_error_with_a_hint(
    groundswell: Groundswell, demo: Demo, small_test: Path
) -> None:
    with small_disk(groundswell.home, "ro,size=64k"):
        done = groundswell("run", small_test)

        _assert_refused_with_a_hint(done, groundswell, demo)
        assert done.exit_code == 1, done
        assert "GROUNDSWELL_HOME" in done.stderr


@pytest.mark.slow
def test_a_database_that_is_none_is_an_error_and_stays_as_it_is(
    groundswell: Groundswell, demo: Demo, small_test: Path
) -> None:
    groundswell.home.mkdir()
    database = groundswell.home / "groundswell.db"
    database.write_bytes(b"not a database, but somebody's file\n" * 100)

    done = groundswell("run", small_test)

    _assert_refused_with_a_hint(done, groundswell, demo)
    assert done.exit_code == 1, done
    assert str(database) in done.stderr
    assert database.read_bytes() == b"not a database, but somebody's file\n" * 100


def test_when_the_disk_is_full_the_run_stops_and_says_so(
    groundswell: Groundswell, demo: Demo
) -> None:
    test = write_test(
        groundswell.folder,
        demo.url,
        {"load": arrivals("50/s", "60s")},
        thresholds={"http_req_failed": ["rate < 1%"]},
    )
    with small_disk(groundswell.home, "size=1m"):
        with groundswell.starting_run(test) as running:
            demo.wait_for_load(25)
            fill(groundswell.home)
            ran = running.end_of_run(within_s=40)

        assert ran.summary.duration_s < 30
        assert (ran.exit_code, ran.summary.verdict) == (96, "INCONCLUSIVE"), ran
        assert ran.codes == ("store_failed",)
        assert "store_failed" in ran.stderr
        assert "Traceback" not in ran.stderr
        load = ran.summary.scenarios["load"]
        assert ran.count("http_reqs") == load.fired == demo.requests()
        groundswell.assert_nothing_is_left()
        _assert_the_store_still_opens(groundswell)


def _assert_the_store_still_opens(groundswell: Groundswell) -> None:
    (groundswell.home / FILLER).unlink()
    assert "INCONCLUSIVE" in groundswell("runs").stdout
    shown = groundswell("show", "last")
    assert (shown.exit_code, "INCONCLUSIVE" in shown.stdout) == (0, True)
