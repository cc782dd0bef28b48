"""`run --once` as a person types it."""

from __future__ import annotations

import json
import subprocess
from signal import SIGINT
from typing import TYPE_CHECKING

import pytest

from tests.e2e.commands import PROGRAM
from tests.e2e.processes import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.commands import Groundswell
    from tests.e2e.demo import Demo

TEST = """
test: once
target: {url}
setup:
  - get: /login
    capture: {{csrf: {{field: csrf}}}}
scenarios:
  a:
    executor: constant-arrival-rate
    rate: 100/s
    duration: 10m
    max_vus: 10
    steps:
      - get: /products/7
        headers: {{X-Key: "{{{{ env.MY_KEY | default('none') }}}}"}}
        check: {{status: 200, $.id: 7}}
      - pause: 60s
  b: {{executor: constant-vus, duration: 1m, steps: [{{get: /status/503}}]}}
  c: {{executor: constant-vus, duration: 1m, steps: [{{get: /slow?ms=60000}}]}}
teardown:
  - post: /echo
    json: {{csrf: "{{{{ setup.csrf }}}}"}}
"""


@pytest.fixture
def test(groundswell: Groundswell, demo: Demo) -> Path:
    path = groundswell.folder / "once.yaml"
    path.write_text(TEST.format(url=demo.url), encoding="utf-8")
    return path


def test_one_iteration_is_sent_and_printed_and_nothing_else(
    groundswell: Groundswell, demo: Demo, test: Path
) -> None:
    done = groundswell("run", test, "--once", "--scenario", "a", "-e", "MY_KEY=hidden-key-1")
    assert done.exit_code == 0, done
    for line in (f"GET {demo.url}/login", f"GET {demo.url}/products/7", f"POST {demo.url}/echo"):
        assert line in done.stdout
    assert "✓ /products/7: $.id 7" in done.stdout
    assert "pause: 60s, skipped" in done.stdout
    assert "✓ 3 requests · 2 checks · 1 capture" in done.stdout
    assert "hidden-key-1" not in done.stdout + done.stderr
    assert done.stderr == ""
    counts = [demo.requests_of(route) for route in ("/login", "/products/{id}", "/echo")]
    assert counts == [1, 1, 1]
    # Nothing was stored.
    assert groundswell("runs").stdout.count("once") == 0


def test_a_request_that_fails_is_a_failure(groundswell: Groundswell, test: Path) -> None:
    # A coordinator in the environment is for other commands.
    env = {"GROUNDSWELL_COORDINATOR": "127.0.0.1:9"}
    done = groundswell("run", test, "--once", "--scenario", "b", "--json", env=env)
    assert done.exit_code == 99, done
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["status"] for one in events if one["event"] == "response"] == [200, 503, 200]
    assert events[-1]["event"] == "summary"
    assert (events[-1]["exit_code"], events[-1]["failed_requests"]) == (99, 1)


def test_ctrl_c_ends_the_iteration_and_teardown_follows(
    groundswell: Groundswell, demo: Demo, test: Path
) -> None:
    with groundswell.starting("run", test, "--once", "--scenario", "c") as running:
        eventually(lambda: "/slow" in running.stdout, 20, "the slow request is under way")
        running.signal(SIGINT)
        done = running.end()
    assert done.exit_code == 105
    assert "c was interrupted" in done.stdout
    assert demo.requests_of("/echo") == 1
    groundswell.assert_nothing_is_left(within_s=5.0)


@pytest.mark.slow
def test_a_reader_that_leaves_changes_nothing(groundswell: Groundswell, test: Path) -> None:
    done = subprocess.run(
        f"{PROGRAM} run {test} --once --scenario b | head -n 1; exit ${{PIPESTATUS[0]}}",
        shell=True,
        executable="/bin/bash",
        capture_output=True,
        env=groundswell.environment({}),
        check=False,
    )
    assert (done.returncode, done.stderr) == (99, b"")


def test_a_scenario_that_is_not_there_is_named(groundswell: Groundswell, test: Path) -> None:
    done = groundswell("run", test, "--once", "--scenario", "d")
    assert done.exit_code == 104, done
    assert done.stderr == "error: the test has no scenario `d`\nhint: it has a, b, c\n"
