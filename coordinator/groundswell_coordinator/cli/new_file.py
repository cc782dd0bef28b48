"""A file that a person is going to edit: it is made, and never written over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell.errors import GroundswellError
from groundswell_coordinator.whole_file import replacing

if TYPE_CHECKING:
    from pathlib import Path


def refuse_existing(path: Path | None) -> None:
    """Raises GroundswellError, before any work is done for it."""
    if path is not None and path.exists():
        raise GroundswellError(
            f"{path} is there already", hint="name another file, or remove this one"
        )


def new_file(path: Path, text: str) -> None:
    """Raises GroundswellError where it is there, or cannot be written."""
    refuse_existing(path)
    with replacing(path) as half:
        half.write(text.encode())
