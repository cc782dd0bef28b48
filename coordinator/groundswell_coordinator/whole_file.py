"""A file that is there whole or not at all."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, BinaryIO

from groundswell.errors import GroundswellError

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path


@contextmanager
def replacing(path: Path) -> Generator[BinaryIO]:
    """Write what is to be `path` at the end; until then, and if it fails, whatever was there stays."""
    half = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with half.open("wb") as file:
            yield file
        half.replace(path)
    except OSError as error:
        raise GroundswellError(f"cannot write {path}: {error.strerror}") from error
    finally:
        # Where it could not be made, it may not even be looked for.
        with suppress(OSError):
            half.unlink()
