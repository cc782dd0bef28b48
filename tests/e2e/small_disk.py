"""A disk that is soon full."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

FILLER = "filler"


@contextmanager
def small_disk(folder: Path, options: str) -> Generator[Path]:
    """A file system of its own in `folder`, with mount's options; the test is skipped without one."""
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "none", folder], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"NOT TESTED: no file system can be mounted here: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(folder: Path) -> None:
    """To the last byte."""
    with suppress(OSError), (folder / FILLER).open("wb", buffering=0) as filler:
        while True:
            filler.write(b"x" * 4096)
