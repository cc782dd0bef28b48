"""Where the files are that a test names, seen from whoever reads the test.

    the client       Beside    in the test's folder, looked at
    the coordinator  Sent      somewhere else: only what was sent with the test counts
    an agent         Kept      in its cache, by content
    looking back     UNSEEN    nowhere: a stored run has the test's text and nothing else

A path is what the test says, seen from the test's own folder. Only the client opens a file by it; to
all others it is a name for a content.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from groundswell.files.stamp import LARGEST_FILE, FileStamp

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class NoSuchFile(Exception):
    """Why a file that a test names cannot be used."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Files(Protocol):
    @property
    def stamps(self) -> Mapping[str, FileStamp]:
        """What travels with the test, by path."""
        ...

    @property
    def are_checked(self) -> bool:
        """Whether somebody has looked through these very contents before."""
        ...

    def find(self, path: str) -> Path | None:
        """Where it can be opened; None where it is not here to be looked at. Raises NoSuchFile."""
        ...


@dataclass(frozen=True, slots=True)
class Unseen:
    """Whoever only looks at the text of a test takes its files on trust."""

    stamps: Mapping[str, FileStamp] = field(default_factory=dict[str, FileStamp], init=False)
    are_checked: bool = field(default=True, init=False)

    def find(self, path: str) -> Path | None:
        return None


UNSEEN = Unseen()


@dataclass(frozen=True, slots=True)
class Beside:
    """In the folder of the test, or wherever a path leads from there."""

    folder: Path
    stamps: Mapping[str, FileStamp] = field(default_factory=dict[str, FileStamp])
    are_checked: bool = field(default=False, init=False)

    def find(self, path: str) -> Path:
        place = self.folder / path
        try:
            found = place.stat()
        except FileNotFoundError:
            raise NoSuchFile("there is no such file", _looked_for(place)) from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise NoSuchFile(f"it cannot be read: {reason}", _looked_for(place)) from None
        if stat.S_ISDIR(found.st_mode):
            raise NoSuchFile("this is a directory", "name the file in it")
        if not stat.S_ISREG(found.st_mode):
            raise NoSuchFile("this is no regular file", "a pipe or device cannot be sent to agents")
        if found.st_size > LARGEST_FILE:
            raise NoSuchFile("the file is larger than 1 GiB", "split it, or generate the values")
        if not os.access(place, os.R_OK):
            raise NoSuchFile("you may not read this file", "look at its permissions")
        return place


@dataclass(frozen=True, slots=True)
class Sent:
    """With the coordinator, which knows what came and opens none of it."""

    stamps: Mapping[str, FileStamp]
    are_checked: bool = field(default=True, init=False)

    def find(self, path: str) -> None:
        if path not in self.stamps:
            raise NoSuchFile(
                "it did not come with the test", "send the test with `groundswell run`"
            )


@dataclass(frozen=True, slots=True)
class Kept:
    """On an agent that has fetched them all: `places` are by path, too."""

    stamps: Mapping[str, FileStamp]
    places: Mapping[str, Path]
    are_checked: bool = field(default=True, init=False)

    def find(self, path: str) -> Path:
        try:
            return self.places[path]
        except KeyError:
            raise NoSuchFile("it did not come with the test") from None


def _looked_for(place: Path) -> str:
    if "~" in place.parts:
        return "`~` is not filled in here: write the path out, or pass it as {{ env.NAME }}"
    return f"it is looked for at {place}, seen from the test file's folder"
