"""The files beside a test, for those who open them when a share is prepared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell.errors import FileUnavailable
from groundswell.files.places import NoSuchFile

if TYPE_CHECKING:
    from pathlib import Path

    from groundswell.files.places import Files


def place_of(files: Files, path: str) -> Path:
    """Where the content of a file is that the test names. Raises FileUnavailable."""
    try:
        place = files.find(path)
    except NoSuchFile as reason:
        raise FileUnavailable(f"the file {path}: {reason.message}", hint=reason.hint) from None
    if place is None:
        raise FileUnavailable(f"the file {path} is not here")
    return place


def content_of(files: Files, path: str) -> bytes:
    """Of a small one. Raises FileUnavailable."""
    try:
        return place_of(files, path).read_bytes()
    except OSError as error:
        raise FileUnavailable(f"the file {path} cannot be read: {error.strerror}") from None
