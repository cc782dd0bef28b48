"""The files that a test names, gathered while it is read."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from groundswell.files.places import UNSEEN

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from groundswell.files.places import Files


class NamedFiles:
    """`parts` are the files that follow the test's own in its bundle, by their first lines there."""

    def __init__(self, files: Files = UNSEEN, parts: Sequence[tuple[int, str]] = ()) -> None:
        self._files = files
        self._parts = sorted(parts, reverse=True)
        self._paths: dict[str, None] = {}

    def name(self, path: str, line: int) -> str:
        """Note that the test names a file, on that line of its bundle; its path from the test's
        folder: an included file names others from its own.
        """
        including = next((name for first, name in self._parts if line >= first), "")
        path = inner_path(including, path)
        self._paths[path] = None
        return path

    @property
    def are_checked(self) -> bool:
        return self._files.are_checked

    def find(self, path: str) -> Path | None:
        """As `Files.find`, for a path from the test's folder."""
        return self._files.find(path)

    @property
    def paths(self) -> tuple[str, ...]:
        """All that were named, each once, in the order of the file."""
        return tuple(self._paths)


def inner_path(including: str, path: str) -> str:
    """The path of a file that another one names, seen from the folder of the test."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(including), path))
