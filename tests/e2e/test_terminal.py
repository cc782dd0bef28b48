"""On a terminal: a live view that is gone at the end, and colour unless it is not wanted."""

from __future__ import annotations

import os
import re
import subprocess
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from tests.e2e.commands import PROGRAM
from tests.e2e.writing import iterations, write_test

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.commands import Groundswell

_COLOUR = re.compile(r"\x1b\[[0-9;]*[1-9][0-9;]*m")
_ANY_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def _on_a_terminal(groundswell: Groundswell, *words: str | Path, **env: str) -> tuple[int, str]:
    """Exit code, and all that the command wrote to its terminal."""
    ours, theirs = os.openpty()
    heard: list[bytes] = []
    reader = threading.Thread(target=_read_all, args=(ours, heard))
    reader.start()
    try:
        command = [str(PROGRAM), *map(str, words)]
        exit_code = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs,
            env=groundswell.environment({"TERM": "xterm-256color", **env}),
            timeout=60,
        ).returncode
    finally:
        os.close(theirs)
        reader.join()
        os.close(ours)
    return exit_code, b"".join(heard).decode()


def _read_all(terminal: int, heard: list[bytes]) -> None:
    # When its last writer has closed it, reading a terminal is an error.
    with suppress(OSError):
        while chunk := os.read(terminal, 65536):
            heard.append(chunk)


@pytest.fixture
def failing(groundswell: Groundswell) -> Path:
    """Nobody listens there, so the threshold fails."""
    scenarios = {"load": iterations(10)}
    thresholds = {"http_req_failed": ["rate < 1%"]}
    return write_test(groundswell.folder, "http://127.0.0.1:1", scenarios, thresholds=thresholds)


@pytest.mark.slow
def test_a_terminal_shows_a_live_view_and_colours(groundswell: Groundswell, failing: Path) -> None:
    exit_code, text = _on_a_terminal(groundswell, "run", failing)

    assert exit_code == 99
    assert _COLOUR.search(text)
    # The cursor is hidden while the view is drawn, and given back.
    assert text.rfind("\x1b[?25l") < text.rfind("\x1b[?25h")
    assert "FAIL  e2e" in _ANY_ESCAPE.sub("", text)


def test_a_terminal_without_colours_has_none_and_the_same_words(
    groundswell: Groundswell, failing: Path
) -> None:
    exit_code, text = _on_a_terminal(groundswell, "run", failing, NO_COLOR="1")

    assert exit_code == 99
    assert not re.search(r"\x1b\[(?:[0-9]+;)*(?:3[0-7]|9[0-7]|38)", text), ascii(text)
    shown = groundswell("show", "last").stdout
    lines = _ANY_ESCAPE.sub("", text).replace("\r", "").splitlines()
    for line in shown.splitlines():
        assert line in lines


@pytest.mark.slow
@pytest.mark.parametrize("words", ["run TEST", "run TEST --json"])
def test_a_reader_that_leaves_does_not_change_the_exit_code(
    groundswell: Groundswell, failing: Path, words: str
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [str(PROGRAM), *words.replace("TEST", str(failing)).split()],
            stdin=subprocess.DEVNULL,
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            env=groundswell.environment({}),
            timeout=60,
        )
    finally:
        os.close(writing)

    assert done.returncode == 99, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-"])
def test_a_stream_that_is_closed_from_the_start_does_not_change_the_exit_code(
    groundswell: Groundswell, failing: Path, closed: str
) -> None:
    """As of a daemon or a bare cron job; the next file that is opened then takes its number."""
    done = subprocess.run(
        ["sh", "-c", f'exec "$0" run "$1" {closed}', PROGRAM, failing],
        capture_output=True,
        env=groundswell.environment({}),
        timeout=60,
    )

    assert done.returncode == 99, done
