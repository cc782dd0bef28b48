"""The bytes of what is imported: a file, or standard input."""

from __future__ import annotations

import sys
from pathlib import Path

from groundswell.errors import GroundswellError

STDIN = "-"


def bytes_of(path: str, most: int) -> bytes:
    """All of it, at most so many bytes. Raises GroundswellError."""
    try:
        if path == STDIN:
            data = sys.stdin.buffer.read(most + 1)
        else:
            with Path(path).open("rb") as file:
                data = file.read(most + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise GroundswellError(f"cannot read {path}: {reason}") from error
    if len(data) > most:
        raise GroundswellError(f"{name_of(path)} is larger than {most >> 20} MiB")
    return data


def name_of(path: str) -> str:
    """For people: without the folder."""
    return "standard input" if path == STDIN else Path(path).name
