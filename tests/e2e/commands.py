"""The `groundswell` command as a person starts it, judged by its exit code and what it leaves."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from groundswell_coordinator.report.summary import Summary
from tests.e2e.processes import Process, eventually, processes_with

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from signal import Signals

PROGRAM = Path(sys.executable).with_name("groundswell")
HOME = "GROUNDSWELL_HOME"

# What the shell that runs the tests may have set, and a test must not depend on.
_NOT_INHERITED = {
    HOME,
    "GROUNDSWELL_COORDINATOR",
    "NO_COLOR",
    "FORCE_COLOR",
    "COLUMNS",
    "LINES",
    "PYTHONWARNINGS",
    "GITHUB_STEP_SUMMARY",
}
_ENDS_WITHIN_S = 60.0

# Stands in an argument for the folder of the command itself.
HERE = "{here}"
SUMMARY = "summary.json"


@dataclass(frozen=True, slots=True)
class Finished:
    """A command that has ended."""

    exit_code: int
    stdout: str
    stderr: str
    seconds: float

    def __str__(self) -> str:
        return f"exit {self.exit_code} after {self.seconds:.1f} s\n{self.stdout}\n{self.stderr}"


@dataclass(frozen=True, slots=True)
class Ran(Finished):
    """A run that has ended with a summary."""

    summary: Summary

    def count(self, metric: str) -> float:
        return self.summary.metrics[metric].values["count"]

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of its reasons, each once."""
        return tuple(dict.fromkeys(reason.code for reason in self.summary.reasons))


@dataclass
class Running:
    """A command that goes on."""

    process: subprocess.Popen[bytes]
    folder: Path
    begin: float = field(default_factory=time.monotonic)

    @property
    def stdout(self) -> str:
        return (self.folder / "stdout").read_text(encoding="utf-8")

    @property
    def stderr(self) -> str:
        return (self.folder / "stderr").read_text(encoding="utf-8")

    def signal(self, number: Signals) -> None:
        self.process.send_signal(number)

    def end(self, within_s: float = _ENDS_WITHIN_S) -> Finished:
        """Wait for it to end by itself."""
        self.process.wait(within_s)
        seconds = time.monotonic() - self.begin
        return Finished(self.process.returncode, self.stdout, self.stderr, seconds)

    def end_of_run(self, within_s: float = _ENDS_WITHIN_S) -> Ran:
        """The same for a run that is to end with a summary."""
        done = self.end(within_s)
        text = (self.folder / SUMMARY).read_text(encoding="utf-8")
        assert text, f"no summary: {done}"
        return Ran(done.exit_code, done.stdout, done.stderr, done.seconds, Summary.from_json(text))


@dataclass
class Groundswell:
    """The command with a data folder of its own, in `folder`."""

    folder: Path
    _started: int = field(default=0, init=False)

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def processes(self) -> tuple[Process, ...]:
        """Everything that was started with this data folder and still lives."""
        return processes_with(HOME, str(self.home))

    def agents(self) -> dict[str, Process]:
        return {process.agent: process for process in self.processes() if process.agent}

    @contextmanager
    def starting(
        self, *words: str | Path, stdin: str = "", env: Mapping[str, str] | None = None
    ) -> Generator[Running]:
        """Start a command; if it is alive at the end of the block, it is killed."""
        self._started += 1
        folder = self.folder / f"command-{self._started}"
        folder.mkdir()
        arguments = [str(PROGRAM), *(str(word).replace(HERE, str(folder)) for word in words)]
        with _files(folder) as (out, err):
            process = subprocess.Popen(
                arguments,
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=err,
                env=self.environment(env or {}),
            )
        try:
            _feed(process, stdin)
            yield Running(process, folder)
        finally:
            process.kill()
            process.wait()

    @contextmanager
    def starting_run(
        self,
        test: Path | str,
        *words: str | Path,
        agents: int = 1,
        stdin: str = "",
        env: Mapping[str, str] | None = None,
    ) -> Generator[Running]:
        """Start a run; `end_of_run` finds its summary."""
        order = ("run", test, "--agents", str(agents), "--summary-json", f"{HERE}/{SUMMARY}")
        with self.starting(*order, *words, stdin=stdin, env=env) as running:
            yield running

    def __call__(
        self, *words: str | Path, stdin: str = "", env: Mapping[str, str] | None = None
    ) -> Finished:
        """A command from its start to its end."""
        with self.starting(*words, stdin=stdin, env=env) as running:
            return running.end()

    def run(
        self,
        test: Path | str,
        *words: str | Path,
        agents: int = 1,
        stdin: str = "",
        env: Mapping[str, str] | None = None,
    ) -> Ran:
        """A run from its start to its end."""
        with self.starting_run(test, *words, agents=agents, stdin=stdin, env=env) as running:
            return running.end_of_run()

    def assert_nothing_is_left(self, within_s: float = 0.0) -> None:
        """No process: neither the client nor an agent, whoever its parent is now."""
        if within_s:
            eventually(lambda: not self.processes(), within_s, "all processes ended")
        assert self.processes() == ()

    def end_what_is_left(self) -> None:
        for process in self.processes():
            process.kill()

    def environment(self, more: Mapping[str, str]) -> dict[str, str]:
        inherited = {key: os.environ[key] for key in os.environ.keys() - _NOT_INHERITED}
        return {**inherited, HOME: str(self.home), **more}


@contextmanager
def clean(folder: Path) -> Generator[Groundswell]:
    """Whatever a test tries out, it ends with no process of groundswell left behind."""
    groundswell = Groundswell(folder)
    try:
        yield groundswell
        # Local agents whose client was killed have two seconds.
        groundswell.assert_nothing_is_left(within_s=5.0)
    finally:
        groundswell.end_what_is_left()


@contextmanager
def _files(folder: Path) -> Generator[tuple[BinaryIO, BinaryIO]]:
    # Files and not pipes: a process that is left behind would hold a pipe open for ever.
    with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
        yield out, err


def _feed(process: subprocess.Popen[bytes], text: str) -> None:
    assert process.stdin is not None
    with suppress(BrokenPipeError), process.stdin as pipe:
        pipe.write(text.encode())
