"""A lock that the kernel keeps, and gives back when its holder's process has ended."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

from groundswell.errors import StoreFailed

if TYPE_CHECKING:
    from pathlib import Path


class FileLock:
    """On a file that is made for it and stays: two who lock different files lock nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def try_take(self) -> bool:
        self.release()
        try:
            self._file = os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
        except OSError as error:
            self.release()
            raise StoreFailed(
                f"cannot lock {self._path}: {error.strerror or error}",
                hint="it must be possible to write there, and the file system must have locks",
            ) from error
        return self.is_held()

    def is_held(self) -> bool:
        """False also where the file was deleted: the next one would lock a new one."""
        if self._file is None:
            return False
        try:
            return os.path.samestat(os.fstat(self._file), self._path.stat())
        except OSError:
            return False

    def release(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
