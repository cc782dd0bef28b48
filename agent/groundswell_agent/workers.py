"""Several agents on one machine: a process each, and this one to keep them.

    told to end          ─> SIGTERM to each: it hands its share over and leaves
    told again           ─> SIGKILL
    one dies             ─> it is started anew, after a pause that grows while it keeps dying
    one is refused       ─> so would the others be: all leave
    this process is gone ─> the pipe to each ends, and it leaves at once

Each has a process session of its own, so that Ctrl-C in a terminal reaches this process alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from typing import TYPE_CHECKING

from groundswell.ending import when_told_to_end
from groundswell.errors import CoordinatorUnreachable
from groundswell.exit_codes import ExitCode
from groundswell.load_guard import NO_GUARD
from groundswell_agent.ready_file import AllReady

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from groundswell.credentials import Remote
    from groundswell.load_guard import LoadGuard

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0
# One that has lived for so long starts with the first pause again.
_SOUND_S = 60.0

_log = logging.getLogger(__name__)


def command_line(
    coordinator: Remote,
    labels: Mapping[str, str],
    weight: int,
    log_format: str,
    *,
    scripts: bool,
    allowed: Sequence[str] = (),
    one_run: bool = False,
    load_guard: LoadGuard = NO_GUARD,
) -> list[str]:
    """What starts an agent that is tethered to this process, but for its name."""
    words = [sys.executable, "-m", "groundswell", "agent", "--tethered"]
    words += [*coordinator.words(), "--weight", str(weight)]
    words += ["--log-format", log_format]
    if not scripts:
        words.append("--no-scripts")
    if one_run:
        words.append("--one-run")
    for pattern in allowed:
        words += ["--allow-target", pattern]
    words += load_guard.words()
    for key, value in labels.items():
        words += ["--label", f"{key}={value}"]
    return words


class Workers:
    """`run` is their whole life."""

    def __init__(
        self, name: str, count: int, command: Sequence[str], ready_file: Path | None = None
    ) -> None:
        """They are called NAME-1 to NAME-count; `ready_file` is there while all are attached.

        Raises InvalidConfiguration where it cannot be made.
        """
        self._names = [f"{name}-{number}" for number in range(1, count + 1)]
        self._ready = None if ready_file is None else AllReady(ready_file, self._names)
        self._command = command
        self._processes: dict[str, Process] = {}
        self._ending = asyncio.Event()
        self._was_insisted = False
        self._refused: str | None = None

    async def run(self) -> ExitCode:
        """Until all have left. Raises CoordinatorUnreachable where one is refused for good."""
        when_told_to_end(self._end, self._insist)
        try:
            async with asyncio.TaskGroup() as tasks:
                watch = None if self._ready is None else tasks.create_task(self._ready.watch())
                await asyncio.wait([tasks.create_task(self._keep(name)) for name in self._names])
                if watch is not None:
                    watch.cancel()
        finally:
            self._signal(signal.SIGKILL)
        if self._refused is not None:
            raise CoordinatorUnreachable(f"{self._refused} was refused, and so would the others be")
        return ExitCode.INTERRUPTED if self._was_insisted else ExitCode.OK

    async def _keep(self, name: str) -> None:
        """One process after the other, until it is to end."""
        pause = _FIRST_PAUSE_S
        while not self._ending.is_set():
            begin = time.monotonic()
            code = await self._live(name)
            if code == ExitCode.COORDINATOR_UNREACHABLE:
                self._refused = self._refused or name
                self._end()
            if self._ending.is_set():
                return
            if time.monotonic() - begin > _SOUND_S:
                pause = _FIRST_PAUSE_S
            _log.warning("%s has ended (%s): again in %g s", name, _said(code), pause)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), pause)
            pause = min(pause * 2, _LONGEST_PAUSE_S)

    async def _live(self, name: str) -> int:
        """One process from its start to its end: its exit code, or minus the signal that killed it."""
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                *self._own(name),
                stdin=PIPE,
                start_new_session=True,
            )
        except OSError as error:
            # The machine may have room for another process in a while.
            _log.error("%s cannot be started: %s", name, error.strerror)
            return ExitCode.ERROR
        self._processes[name] = process
        if self._ending.is_set():
            # Told while it was being started.
            process.terminate()
        try:
            return await process.wait()
        finally:
            del self._processes[name]
            if self._ready is not None:
                self._ready.forget(name)

    def _own(self, name: str) -> list[str]:
        """What is said to one of them alone."""
        words = ["--name", name]
        if self._ready is not None:
            words += ["--ready-file", str(self._ready.path_of(name))]
        return words

    def _end(self) -> None:
        if not self._ending.is_set():
            self._ending.set()
            self._signal(signal.SIGTERM)

    def _insist(self) -> None:
        self._was_insisted = True
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        for process in self._processes.values():
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(number)


def _said(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
