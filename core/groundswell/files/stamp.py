"""What tells one content from every other: its SHA-256, and its size in bytes."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from groundswell.errors import FileUnavailable, ProtocolViolation

if TYPE_CHECKING:
    from pathlib import Path

# Of one file, and of how many a test may name.
LARGEST_FILE = 1024**3
MOST_FILES = 1000

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class FileStamp:
    """`sha256` is in lower-case hexadecimal: it is also what a file is called where it is kept."""

    sha256: str
    size: int

    @classmethod
    def of(cls, path: Path) -> FileStamp:
        """Of a file as it is now: read once, never held. OSError where it cannot be read."""
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256")
            return cls(digest.hexdigest(), file.tell())

    def check(self) -> None:
        """Raises ProtocolViolation for one that no client of ours would send."""
        if not _SHA256.fullmatch(self.sha256):
            raise ProtocolViolation("the hash of a file is 64 hexadecimal digits")
        if self.size > LARGEST_FILE:
            raise ProtocolViolation(
                f"a file of {self.size} bytes: at most {LARGEST_FILE} are taken"
            )


def stamp_of(path: Path, name: str) -> FileStamp:
    """The same, with an error for people who call the file `name`."""
    try:
        return FileStamp.of(path)
    except OSError as error:
        raise FileUnavailable(
            f"the file {name} cannot be read: {error.strerror or error}",
            hint="it was there when the test was checked",
        ) from error
