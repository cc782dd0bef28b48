"""`run --once`: an agent's process goes through the test once, and what it tells is printed as it comes."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import click

from groundswell.errors import GroundswellError
from groundswell.exit_codes import ExitCode
from groundswell.scenario.loader import load
from groundswell.scenario.source import TestSource, sealed
from groundswell.telling import Refusal, Summary, decoded
from groundswell.v1 import agent_pb2
from groundswell_coordinator.cli.files import lend_files
from groundswell_coordinator.cli.output import printing
from groundswell_coordinator.report.once import OncePage
from groundswell_coordinator.run.submission import source_to_wire

if TYPE_CHECKING:
    from groundswell_coordinator.cli.confirmation import Confirmation

_PROGRAM = ("-m", "groundswell_agent.once")
_LENGTH_BYTES = 8
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# What goes on, then the teardown; then the process itself.
_MOST_INTERRUPTS = 2
# Of each body: to look at, and with -v all that a step would read.
_SOME_BYTES, _ALL_BYTES = 64 * 1024, 10 * 1024 * 1024


class _Refused(GroundswellError):
    """The test cannot be gone through."""

    def __init__(self, message: str, hint: str | None, exit_code: int) -> None:
        super().__init__(message, hint=hint)
        self.exit_code = ExitCode(exit_code)  # type: ignore[misc]  # an instance's own


def run_once(
    source: TestSource,
    *,
    seed: int,
    scenario: str | None,
    pauses: bool,
    allowed: tuple[str, ...],
    confirmation: Confirmation,
    as_json: bool,
    quiet: bool,
    verbose: bool,
) -> int:
    """Returns the exit code: 0 where everything went well, 99 where a request or a check failed."""
    test = load(source)
    confirmation.obtain(test)
    source = sealed(source, test.files)
    lend_files(source)
    wishes = {
        "scenario": scenario,
        "unhurried": pauses,
        "whole": verbose,
        "allowed": allowed,
        "most": _ALL_BYTES if verbose else _SOME_BYTES,
    }
    process = subprocess.Popen(
        [sys.executable, *_PROGRAM, json.dumps(wishes)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # Ctrl-C is for us, who pass it on in order.
        start_new_session=True,
    )
    try:
        _send(process, source, seed)
        return _Reader(process, None if as_json else OncePage(verbose=verbose, quiet=quiet)).run()
    finally:
        process.kill()
        process.wait()


def _send(process: subprocess.Popen[bytes], source: TestSource, seed: int) -> None:
    share = agent_pb2.ShareEntry(agent="once", weight=1)
    prepare = agent_pb2.Prepare(
        run_id="once",
        source=source_to_wire(source),
        shares=agent_pb2.ShareTable(entries=[share]),
        agent="once",
        seed=seed,
    ).SerializeToString()
    assert process.stdin is not None
    # Its input stays open: the end of it says that we are gone. What it dies of, it says itself.
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(len(prepare).to_bytes(_LENGTH_BYTES, "big") + prepare)
        process.stdin.flush()


class _Reader:
    """Reads to the end. Ctrl-C ends what is going on, and teardown follows; a second one ends that, too."""

    def __init__(self, process: subprocess.Popen[bytes], page: OncePage | None) -> None:
        self._process = process
        self._page = page
        self._interrupts = 0
        self._exit_code: int | None = None

    def run(self) -> int:
        assert self._process.stdout is not None
        for number in _SIGNALS:
            # Not an exception: one in the middle of a line would lose it.
            signal.signal(number, self._interrupt)
        for line in self._process.stdout:
            self._show(line)
        self._process.wait()
        if self._exit_code is not None:
            return self._exit_code
        if self._interrupts:
            return ExitCode.INTERRUPTED
        raise GroundswellError("the agent's process failed", hint="what it said is above")

    def _interrupt(self, number: int, frame: object) -> None:
        self._interrupts += 1
        if self._interrupts > _MOST_INTERRUPTS:
            self._process.kill()
        else:
            self._process.send_signal(signal.SIGINT)

    def _show(self, line: bytes) -> None:
        event = decoded(line)
        match event:
            case Refusal(message, hint, exit_code):
                raise _Refused(message, hint, exit_code)
            case Summary():
                self._exit_code = event.exit_code
            case _:
                pass
        if self._page is None:
            with printing():
                click.echo(line.decode().rstrip("\n"))
        else:
            self._page.show(event)
