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
def replacing(path: Path, mode: int | None = None) -> Generator[BinaryIO]:
    """Write what is to be `path` at the end; until then, and if it fails, whatever was there stays.

    With a `mode`, that is its mode whatever the umask says, and nobody else could open it before.
    """
    half = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(half, "wb", opener=None if mode is None else _only_mine) as file:
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            yield file
        half.replace(path)
    except OSError as error:
        raise GroundswellError(f"cannot write {path}: {error.strerror}") from error
    finally:
        # Where it could not be made, it may not even be looked for.
        with suppress(OSError):
            half.unlink()


def _only_mine(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_EXCL, 0o600)
