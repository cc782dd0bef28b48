"""`groundswell doctor`, with a real agent that looks for itself, and a target that counts."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

from tests.e2e.commands import PROGRAM
from tests.e2e.writing import arrivals, users, write_test

if TYPE_CHECKING:
    from pathlib import Path
    from subprocess import CompletedProcess

    from tests.e2e.commands import Finished, Groundswell
    from tests.e2e.demo import Demo


def checks_of(done: Finished | CompletedProcess[str]) -> dict[str, dict[str, str]]:
    """By what was looked at."""
    return {check["check"]: check for check in json.loads(done.stdout)["checks"]}


def test_a_test_that_will_run_is_well_and_no_request_is_sent(
    groundswell: Groundswell, demo: Demo
) -> None:
    test = write_test(groundswell.folder, demo.url, {"load": arrivals("20/s", "1s")})
    done = groundswell("doctor", test, "--agents", "1")
    assert done.exit_code == 0, done
    assert "Nothing is wrong" in done.stdout or "it will run" in done.stdout
    assert "20 requests/s planned for each agent, of about" in " ".join(done.stdout.split())
    assert demo.requests() == 0
    # What an agent makes here is known from now on.
    assert (groundswell.home / "cache" / "speed.json").exists()


def test_everything_is_looked_at_and_a_script_may_read_it(
    groundswell: Groundswell, demo: Demo
) -> None:
    test = write_test(groundswell.folder, demo.url, {"load": users(3, "1s")})
    done = groundswell("doctor", test, "--agents", "2", "--json")
    assert done.exit_code == 0, done
    said = json.loads(done.stdout)
    assert (said["ok"], said["test"], said["agents"]) == (True, "e2e", 2)
    subjects = ["test", "cores", "memory", "clock", "files", "connection", "ports", "speed"]
    # Some plans have remarks, and some kernels track connections.
    looked_at = [check["check"] for check in said["checks"]]
    assert [one for one in looked_at if one not in ("plan", "conntrack")] == subjects
    # Of the larger share of three VUs, on two agents of one machine.
    assert checks_of(done)["files"]["message"].endswith("; 2 connections at most")
    assert checks_of(done)["ports"]["message"].endswith("; 4 at most")


def test_a_target_that_refuses_is_an_error_with_advice(
    groundswell: Groundswell, demo: Demo
) -> None:
    test = write_test(groundswell.folder, demo.url, {"load": users(1, "1s")})
    done = groundswell("doctor", test, "--agents", "1", "--target", "http://127.0.0.1:1")
    assert done.exit_code == 1, done
    assert "✗ connection 127.0.0.1:1 refused the connection" in done.stdout
    assert "↳ unless that changes, requests fail with error:refused" in done.stdout
    assert "something will not work" in done.stdout
    assert demo.requests() == 0


def with_few_files(groundswell: Groundswell, *words: str | Path) -> CompletedProcess[str]:
    """A command that may not open more than 500."""
    return subprocess.run(
        ["sh", "-c", 'ulimit -n 500 && exec "$@"', "sh", PROGRAM, *words],
        env=groundswell.environment({}),
        capture_output=True,
        text=True,
        check=False,
    )


def test_more_connections_than_files_will_not_work(groundswell: Groundswell, demo: Demo) -> None:
    test = write_test(groundswell.folder, demo.url, {"load": users(1000, "1s")})
    done = with_few_files(groundswell, "doctor", test, "--agents", "1", "--json")
    assert done.returncode == 1, done
    check = checks_of(done)["files"]
    assert (check["status"], check["code"]) == ("error", "few_descriptors")
    assert check["message"] == "the plan opens 1,000 connections, and 500 files may be open"


def test_an_invalid_test_is_said_as_by_every_command(groundswell: Groundswell) -> None:
    done = groundswell("doctor", "-", stdin="test: t\ntarget: http://x\nscenario: {}\n")
    assert done.exit_code == 104, done
    assert "did you mean" in done.stderr
    assert done.stdout == ""


def test_a_run_of_more_connections_than_files_is_refused_before_any_load(
    groundswell: Groundswell, demo: Demo
) -> None:
    test = write_test(groundswell.folder, demo.url, {"load": users(1000, "1s")})
    done = with_few_files(groundswell, "run", test, "--agents", "1")
    assert done.returncode == 104, done
    assert "agent-1 refused its share: the plan opens 1,000 connections, and 500" in done.stderr
    assert "hint: raise the hard limit of open files" in done.stderr
    assert demo.requests() == 0
