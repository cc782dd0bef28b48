"""Contents by their hashes in one folder of this machine, shared by all its processes.

    <sha256>           a content, whole: it was written elsewhere, hashed, synced and renamed
    <sha256> -> path   lent by a client of this machine: believed only once it has been hashed
    .<sha256>.part     on its way; locked by whoever writes it, and worthless without a lock

Who needs a content holds a shared lock on it, which the kernel gives back whatever becomes of the
process; what nobody holds makes room for what comes, longest unused first.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import stat
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from groundswell.errors import FileUnavailable
from groundswell.files.content import Hold, Incoming, is_same, not_kept
from groundswell.files.stamp import FileStamp
from groundswell.folders import cache_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Of all contents together, in bytes.
LIMIT = 10 * 1024**3


class FileCache:
    """What is refused, or does not work, is a FileUnavailable."""

    def __init__(self, folder: Path | None = None, limit: int = LIMIT) -> None:
        """`folder` is by default the one that all processes of this user share."""
        self._folder = folder
        self._limit = limit

    @property
    def folder(self) -> Path:
        if self._folder is None:
            caches = cache_folder()
            if caches is None:
                raise FileUnavailable(
                    "there is no folder to keep files in", hint="set GROUNDSWELL_HOME to one"
                )
            self._folder = caches / "files"
        return self._folder

    def has(self, stamp: FileStamp) -> bool:
        """Whether it is there. One that was lent counts while its file has not been touched since."""
        path = self._path(stamp)
        try:
            kept, entry = path.stat(), path.lstat()
        except OSError:
            return False
        untouched = not stat.S_ISLNK(entry.st_mode) or kept.st_mtime_ns <= entry.st_mtime_ns
        return untouched and kept.st_size == stamp.size

    def hold(self, stamp: FileStamp, *, hashed: bool = True) -> Hold | None:
        """The content for as long as it is held, or None where it is not there.

        With `hashed`, one that was lent is read through first, which takes its time.
        """
        path = self._path(stamp)
        if not self.has(stamp):
            return None
        try:
            hold = Hold(path)
        except FileNotFoundError:
            # Somebody has made room this very moment.
            return None
        except OSError as error:
            raise FileUnavailable(f"cannot read {path}: {error.strerror}") from error
        if hold.is_there and not (hold.is_lent and hashed and FileStamp.of(path) != stamp):
            return hold
        hold.close()
        if path.is_symlink():
            path.unlink(missing_ok=True)
        return None

    def lend(self, stamp: FileStamp, file: Path) -> None:
        """Let the processes of this machine read the content where it is."""
        if self.has(stamp):
            return
        link = self._make_folder() / f".{stamp.sha256}.{os.getpid()}"
        try:
            link.unlink(missing_ok=True)
            link.symlink_to(file.absolute())
            link.replace(self._path(stamp))
        except OSError as error:
            raise not_kept(self.folder, error) from error

    def incoming(self, stamp: FileStamp) -> Incoming | None:
        """A place for the content to be written to; None where somebody else is writing it, or just
        has.
        """
        part = self._make_folder() / f".{stamp.sha256}.part"
        try:
            incoming = Incoming.locked(part, self._path(stamp), stamp)
            if incoming is None:
                return None
            with ExitStack() as closing:
                closing.enter_context(incoming)
                if self.has(stamp):
                    return None
                self._make_room(stamp.size)
                closing.pop_all()
            return incoming
        except OSError as error:
            raise not_kept(self.folder, error) from error

    def _path(self, stamp: FileStamp) -> Path:
        return self.folder / stamp.sha256

    def _make_folder(self) -> Path:
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise not_kept(self.folder, error) from error
        return self.folder

    def _make_room(self, size: int) -> None:
        kept = sorted(self._kept(), key=lambda one: one[1].st_mtime_ns)
        used = sum(found.st_size for _, found in kept)
        for path, found in kept:
            if used + size <= self._limit:
                break
            if _removed(path):
                used -= found.st_size
        if used + size > self._limit:
            raise FileUnavailable(
                f"{_shown(size)} more do not fit into {self.folder}: runs hold {_shown(used)} of "
                f"the {_shown(self._limit)} that are kept",
                hint="wait for a run to end",
            )
        _, _, free = shutil.disk_usage(self.folder)
        if free < size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _kept(self) -> Iterator[tuple[Path, os.stat_result]]:
        """All that takes room. What is left of writers that have died is put away."""
        for path in self.folder.iterdir():
            if path.name.startswith("."):
                _removed(path)
            elif path.is_symlink():
                if not path.exists():
                    path.unlink(missing_ok=True)
            else:
                with suppress(FileNotFoundError):
                    yield path, path.stat()


def _removed(path: Path) -> bool:
    """Whether it could be removed: not, while somebody holds or writes it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if is_same(descriptor, path):
            path.unlink(missing_ok=True)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def _shown(size: int) -> str:
    return f"{size / 1024**2:.1f} MiB"
