"""One content of the cache: while somebody needs it, and while it comes."""

from __future__ import annotations

import fcntl
import hashlib
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from groundswell.errors import FileUnavailable
from groundswell.files.stamp import FileStamp

if TYPE_CHECKING:
    from pathlib import Path

_ELSEWHERE = "make room there, or set GROUNDSWELL_HOME to a folder on a larger disk"


class Hold:
    """One content that stays as long as this does. OSError where it cannot be opened."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.is_lent = path.is_symlink()
        self._file = path.open("rb")
        if not self.is_lent:
            fcntl.flock(self._file, fcntl.LOCK_SH)
            with suppress(OSError):
                # It was of use just now.
                os.utime(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def is_there(self) -> bool:
        """Not, where somebody has made room between the opening and the lock."""
        return self.is_lent or is_same(self._file.fileno(), self.path)

    def close(self) -> None:
        self._file.close()


class Incoming:
    """A content while it is written: `with incoming: … write(data) …; finish()`."""

    def __init__(self, descriptor: int, part: Path, path: Path, stamp: FileStamp) -> None:
        self._descriptor = descriptor
        self._part = part
        self._path = path
        self._stamp = stamp
        self._digest = hashlib.sha256()
        # Bytes so far.
        self.size = 0

    @classmethod
    def locked(cls, part: Path, path: Path, stamp: FileStamp) -> Self | None:
        descriptor = os.open(part, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if is_same(descriptor, part):
                os.ftruncate(descriptor, 0)
                return cls(descriptor, part, path, stamp)
        except BlockingIOError:
            pass
        os.close(descriptor)
        return None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def write(self, data: bytes) -> None:
        if self.size + len(data) > self._stamp.size:
            raise FileUnavailable(f"more came of a file than its {self._stamp.size} bytes")
        try:
            left = memoryview(data)
            while left:
                left = left[os.write(self._descriptor, left) :]
        except OSError as error:
            raise not_kept(self._part.parent, error) from error
        self._digest.update(data)
        self.size += len(data)

    def finish(self) -> None:
        """All has come: from now on it is there, if it is what it was said to be."""
        if FileStamp(self._digest.hexdigest(), self.size) != self._stamp:
            raise FileUnavailable(
                f"what came is not the content {self._stamp.sha256[:12]}… that was announced",
                hint="the file changed while it was sent, or a disk or line damages it",
            )
        try:
            os.fsync(self._descriptor)
            self._part.replace(self._path)
        except OSError as error:
            raise not_kept(self._part.parent, error) from error

    def close(self) -> None:
        """Whatever has not been finished is gone."""
        if self._descriptor >= 0:
            if is_same(self._descriptor, self._part):
                self._part.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = -1


def is_same(descriptor: int, path: Path) -> bool:
    """Whether a path still is what was opened."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except FileNotFoundError:
        return False


def not_kept(folder: Path, error: OSError) -> FileUnavailable:
    return FileUnavailable(
        f"cannot keep files in {folder}: {error.strerror or error}", hint=_ELSEWHERE
    )
