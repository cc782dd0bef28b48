"""What a command owes its caller at its end: printed, and written to files, whatever becomes of either."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from groundswell.errors import GroundswellError

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path


@contextmanager
def printing() -> Generator[None]:
    """Around everything that goes to standard output.

    A reader that has left, as `head` does, changes nothing: the exit code is the verdict's. A full disk is an error.
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        _let_go_of_stdout()
    except OSError as error:
        _let_go_of_stdout()
        raise GroundswellError(f"cannot write to standard output: {error.strerror}") from error


def write_file(path: Path, text: str) -> None:
    """Raises GroundswellError where the file does not take it."""
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise GroundswellError(f"cannot write {path}: {error.strerror}") from error


def _let_go_of_stdout() -> None:
    # Imported here: rich is heavy, and this module is loaded before the agents are started.
    from groundswell_coordinator.report.terminal import lead_nowhere

    lead_nowhere(sys.stdout)
