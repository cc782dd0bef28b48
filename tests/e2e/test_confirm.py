"""A test that says `confirm: production` sends nothing before somebody has said which host is meant."""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from tests.e2e.commands import PROGRAM
from tests.e2e.service import serving
from tests.e2e.writing import arrivals, iterations, write_test

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.commands import Groundswell
    from tests.e2e.demo import Demo

_ASKED = b"to go on: "
_CTRL_C, _CTRL_D = b"\x03", b"\x04"
_OTHER = "http://api.test:9/{{ vu }}"


@pytest.fixture
def shop(groundswell: Groundswell, demo: Demo) -> Path:
    scenarios = {"load": iterations(2, "/fast")}
    return write_test(groundswell.folder, demo.url, scenarios, confirm="production")


def _typing(groundswell: Groundswell, answer: bytes, *words: str | Path) -> tuple[int, str]:
    """Exit code and all that is shown, where somebody sits at a terminal and types that."""
    ours, theirs = os.openpty()
    # With a session of its own, whose terminal this is: so Ctrl-C is a signal.
    process = subprocess.Popen(
        ["setsid", "--ctty", str(PROGRAM), *map(str, words)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=groundswell.environment({"TERM": "dumb"}),
    )
    os.close(theirs)
    shown = b""
    try:
        # When its last writer has closed it, reading a terminal is an error.
        with suppress(OSError):
            while _ASKED not in shown:
                shown += os.read(ours, 65536)
            os.write(ours, answer)
            while chunk := os.read(ours, 65536):
                shown += chunk
        return process.wait(60), shown.decode(errors="replace")
    finally:
        os.close(ours)
        process.kill()
        process.wait()


@pytest.mark.parametrize(("how", "requests"), [("--once", 1), ("--repeat=2", 4)])
def test_who_types_the_host_is_asked_once_and_gets_the_run(
    groundswell: Groundswell, demo: Demo, shop: Path, how: str, requests: int
) -> None:
    exit_code, shown = _typing(groundswell, b" 127.0.0.1 \n", "run", shop, how)

    assert exit_code == 0, shown
    assert f"127.0.0.1  ({demo.url})" in shown
    assert shown.encode().count(_ASKED) == 1
    assert demo.requests_of("/fast") == requests


@pytest.mark.parametrize(
    ("typed", "exit_code", "said"),
    [
        (b"yes\n", 104, "'yes' is not 127.0.0.1: nothing was sent"),
        (b"\xff\xfe\n", 104, "is not 127.0.0.1: nothing was sent"),
        (_CTRL_D, 104, "that is no answer: nothing was sent"),
        (_CTRL_C, 105, "interrupted before the load"),
    ],
)
def test_who_types_anything_else_sends_nothing(
    groundswell: Groundswell, demo: Demo, shop: Path, typed: bytes, exit_code: int, said: str
) -> None:
    found, shown = _typing(groundswell, typed, "run", shop, "--agents", "1")

    assert found == exit_code, shown
    assert said in shown
    assert "Traceback" not in shown
    assert demo.requests_of("/fast") == 0


def test_the_question_names_every_host(groundswell: Groundswell, demo: Demo) -> None:
    scenarios = {"load": iterations(2, "/fast")}
    scenarios["load"]["steps"] += [{"get": _OTHER}, {"get": "{{ vu }}"}]
    http = {"hosts": {"api.test": "127.0.0.2"}}
    file = write_test(groundswell.folder, demo.url, scenarios, confirm="production", http=http)

    _, shown = _typing(groundswell, b"api.test\n", "run", file, "--once")

    assert "api.test  (a step's whole URL)" in shown
    assert "127.0.0.2  (fixed by `hosts`)" in shown
    assert "what only the run knows" in shown
    assert "'api.test' is not 127.0.0.1" in shown


@pytest.mark.parametrize("command", ["run", "capacity --from 1/s --to 2/s"])
def test_without_a_terminal_nothing_is_sent(
    groundswell: Groundswell, demo: Demo, command: str
) -> None:
    thresholds = {"http_req_duration": "p(95) < 10s"}
    scenarios = {"load": arrivals("2/s", "1s", "/fast")}
    file = write_test(
        groundswell.folder, demo.url, scenarios, confirm="production", thresholds=thresholds
    )

    done = groundswell(*command.split(), file, "--agents", "1")

    assert done.exit_code == 104, done
    assert "says `confirm: production`, and there is no terminal to ask at" in done.stderr
    assert "hint: run it with --yes-target 127.0.0.1\n" in done.stderr
    assert demo.requests_of("/fast") == 0


def test_the_command_has_to_name_all_that_is_sent_to_and_no_more(
    groundswell: Groundswell, demo: Demo
) -> None:
    scenarios = {"load": iterations(2, "/fast")}
    scenarios["load"]["steps"] += [{"get": _OTHER}]
    file = write_test(groundswell.folder, demo.url, scenarios, confirm="production")
    needed = "--yes-target 127.0.0.1 --yes-target api.test"
    for said, expected in (
        ("--yes-target 127.0.0.1", "the test sends to api.test as well"),
        (f"{needed} --yes-target 127.0.0.2", "--yes-target 127.0.0.2: that is not a host"),
    ):
        done = groundswell("run", file, "--once", *said.split())

        assert done.exit_code == 104, done
        assert expected in done.stderr
        assert f"hint: run it with {needed}" in done.stderr
    assert demo.requests_of("/fast") == 0


def test_who_has_said_it_is_not_asked_and_who_sends_nothing_neither(
    groundswell: Groundswell, demo: Demo, shop: Path
) -> None:
    assert groundswell("run", shop, "--once", "--yes-target", "127.0.0.1").exit_code == 0
    assert demo.requests_of("/fast") == 1
    assert groundswell("validate", shop).exit_code == 0
    wrong = groundswell(
        "run", shop, "--once", "--target", "http://127.0.0.2:9", "--yes-target", "127.0.0.1"
    )
    assert wrong.exit_code == 104, wrong


@pytest.mark.slow
def test_the_doctor_does_not_ask(groundswell: Groundswell, demo: Demo, shop: Path) -> None:
    assert "confirm" not in groundswell("doctor", shop, "--agents", "1").stderr
    assert demo.requests_of("/fast") == 0


def test_a_pool_gets_no_run_that_nobody_has_confirmed(groundswell: Groundswell, shop: Path) -> None:
    with serving(groundswell) as service:
        words = ("--coordinator", service.address)
        done = groundswell("run", shop, *words, "--detach")

        assert done.exit_code == 104, done
        assert groundswell("runs", *words, "--json").stdout.strip() in {"", "[]"}
