"""Where in the files of a test an exception came from: its own lines, and none of ours."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from groundswell.errors import GroundswellError, Problem

if TYPE_CHECKING:
    from collections.abc import Collection, Container

_MOST_LETTERS = 300


@dataclass(frozen=True, slots=True)
class Place:
    """A line of the test; `column` from 1. `callers` are the lines that led to it, the next first."""

    file: str
    line: int
    column: int
    callers: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


def first_of(error: BaseException) -> BaseException:
    """Itself; of a group, the first that is none."""
    while isinstance(error, BaseExceptionGroup):
        error = cast("BaseExceptionGroup[BaseException]", error).exceptions[0]
    return error


def place_of(error: BaseException, files: Container[str]) -> Place | None:
    """The innermost line of the test's own that the exception passed; of a group, its first one's.

    None where it passed none of them.
    """
    frames = traceback.extract_tb(first_of(error).__traceback__)
    own = [frame for frame in frames if frame.filename in files]
    if not own:
        return None
    *callers, last = own
    return Place(
        last.filename,
        last.lineno or 1,
        (last.colno or 0) + 1,
        tuple(f"{frame.filename}:{frame.lineno}" for frame in reversed(callers)),
    )


def told(error: BaseException) -> str:
    """The exception in one line, as Python ends a traceback with it; of a group, its first one."""
    error = first_of(error)
    if isinstance(error, GroundswellError):
        return f"{type(error).__name__}: {error}"
    text = "".join(traceback.format_exception_only(error)).strip()
    first = text.splitlines()[0] if text else type(error).__name__
    return first if len(first) <= _MOST_LETTERS else f"{first[:_MOST_LETTERS]}…"


def problem_of(error: BaseException, files: Collection[str]) -> Problem:
    """What to tell of a module that cannot be run; `files` has the test's own first."""
    if isinstance(error, SyntaxError) and error.filename is not None and error.filename in files:
        return Problem(error.filename, error.lineno or 1, error.offset or 1, error.msg)
    place = place_of(error, files)
    message, hint = _message(error)
    if place is None:
        return Problem(next(iter(files)), 1, 1, message, hint)
    if place.callers and hint is None:
        hint = f"called from {', '.join(place.callers)}"
    return Problem(place.file, place.line, place.column, message, hint)


def _message(error: BaseException) -> tuple[str, str | None]:
    if isinstance(error, GroundswellError):
        return error.message, error.hint
    if isinstance(error, ModuleNotFoundError) and error.name:
        hint = "install it here and on every agent, or put it beside the test"
        return f"there is no module {error.name!r}", hint
    if isinstance(error, NameError) and error.name == "__file__":
        return told(error), "the code of a test travels, and is in no file on an agent"
    return told(error), None
