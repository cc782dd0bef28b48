"""What a command owes its caller at its end: printed, and written to files, whatever becomes of either."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from groundswell.errors import GroundswellError
from groundswell_coordinator.whole_file import replacing

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


def check_writable(path: Path) -> None:
    """Raises OSError where `write_file` would, as far as that can be told beforehand."""
    if not path.exists():
        target = path.resolve()
        target.open("x").close()
        target.unlink()
    elif path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    # A pipe is not opened: it would wait for its reader.
    elif not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def write_file(path: Path, text: str) -> None:
    """Whole or not at all. Raises GroundswellError where the file does not take it."""
    content = f"{text}\n".encode()
    if _is_plain(path):
        with replacing(path.resolve()) as file:
            file.write(content)
        return
    try:
        path.write_bytes(content)
    except OSError as error:
        raise GroundswellError(f"cannot write {path}: {error.strerror}") from error


def _is_plain(path: Path) -> bool:
    """Neither a device nor a pipe, nor in a folder where nothing can be made beside it."""
    is_file = path.is_file() or not path.exists()
    return is_file and os.access(path.resolve().parent, os.W_OK)


def _let_go_of_stdout() -> None:
    # Imported here: rich is heavy, and this module is loaded before the agents are started.
    from groundswell_coordinator.report.terminal import lead_nowhere

    lead_nowhere(sys.stdout)
