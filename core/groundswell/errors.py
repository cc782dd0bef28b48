"""Every error a user may meet.

    GroundswellError                 1
    ├── InvalidTest                104   the test file, all its problems at once
    ├── InvalidUnit                104   a duration, rate, share or size that does not parse
    ├── InvalidThreshold           104   a threshold or a selection of tags that does not parse
    ├── InvalidConfiguration       104   options that may not go together, or not here
    ├── CoordinatorUnreachable     106
    │   └── CoordinatorRefuses     106   it is there, and does not let this one in, or not do that
    │       └── NotAuthenticated   106
    ├── NotEnoughAgents            102
    ├── UnknownRun                   1
    ├── ProtocolViolation            1   a peer sent what the protocol does not allow
    ├── FileUnavailable              1   a file of a test that cannot be read, sent, kept or fetched
    │   └── FilesMissing             1   a test came without them
    └── StoreFailed                  1

Each carries a message for people, mostly a hint, and the exit code its escape means. Only the CLI turns one into an
exit; nothing below it calls `sys.exit`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from groundswell.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence


class GroundswellError(Exception):
    """The root: a message, an optional hint on what to do, an exit code."""

    exit_code: ClassVar[ExitCode] = ExitCode.ERROR

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a test file. Line and column count from 1; 0 where a problem has no place in the file."""

    file: str
    line: int
    column: int
    message: str
    hint: str | None = None

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.message}" + (f" ({self.hint})" if self.hint else "")


class InvalidTest(GroundswellError):
    """A test that cannot be run; `problems` holds all that is wrong with it, in file order."""

    exit_code = ExitCode.INVALID_TEST

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class InvalidUnit(GroundswellError, ValueError):
    """A value whose unit is missing or wrong."""

    exit_code = ExitCode.INVALID_TEST


class InvalidThreshold(GroundswellError, ValueError):
    """A threshold expression or selection that does not parse or does not fit its metric."""

    exit_code = ExitCode.INVALID_TEST


class InvalidConfiguration(GroundswellError):
    """A service is told to do what it refuses to."""

    exit_code = ExitCode.INVALID_TEST


class CoordinatorUnreachable(GroundswellError):
    """Nobody answers at the coordinator's address, or it refuses."""

    exit_code = ExitCode.COORDINATOR_UNREACHABLE


class CoordinatorRefuses(CoordinatorUnreachable):
    """The coordinator is there, and does not let this caller in, or not do what it asks: trying again is no help."""


class NotAuthenticated(CoordinatorRefuses):
    """Neither a certificate nor a token that the coordinator knows."""


class NotEnoughAgents(GroundswellError):
    """Fewer agents attached and got ready in time than the run asks for."""

    exit_code = ExitCode.NO_AGENTS


class UnknownRun(GroundswellError):
    """No run has this id."""


class ProtocolViolation(GroundswellError):
    """A peer sent what the protocol does not allow; the stream is closed."""


class FileUnavailable(GroundswellError):
    """A file that a test names cannot be read, sent to the coordinator, kept by it, or fetched by an agent."""


class FilesMissing(FileUnavailable):
    """A test came before its files, or others have taken their room meanwhile: they are to be sent again."""


class StoreFailed(GroundswellError):
    """The store did not take a write or could not be opened."""
