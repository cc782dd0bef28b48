"""`--port-file`: how a script learns on which ports a service listens, and that it does."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from groundswell.errors import GroundswellError

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path


@contextmanager
def written(path: Path | None, *ports: int) -> Generator[None]:
    """One port a line, removed at the end.

    Whole or not there at all: whoever waits for the file must never read half a number.
    """
    if path is None:
        yield
        return
    half = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        half.write_text("".join(f"{port}\n" for port in ports))
        half.replace(path)
    except OSError as error:
        half.unlink(missing_ok=True)
        raise GroundswellError(f"cannot write {path}: {error.strerror}") from error
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
