"""`--ready-file`: how a probe sees that an agent is attached, at the price of `test -e`.

A file, and not a port: nothing more listens beside the load, and nothing is reached from outside.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from groundswell.errors import InvalidConfiguration

if TYPE_CHECKING:
    from pathlib import Path

# Seldom enough to cost nothing, often enough for a probe that asks every second.
_LOOK_EVERY_S = 0.2

_log = logging.getLogger(__name__)


class ReadyFile:
    """There as long as it is shown; what an earlier process left of it is gone at once."""

    def __init__(self, path: Path) -> None:
        """Raises InvalidConfiguration where no file can be made there."""
        self._path = path
        try:
            path.touch()
            path.unlink()
        except OSError as error:
            raise InvalidConfiguration(
                f"--ready-file {path}: {error.strerror}", hint="name a file in a folder for it"
            ) from error

    def show(self) -> None:
        try:
            self._path.touch()
        except OSError as error:
            # Whoever probes takes us for absent, and is told here why.
            _log.error("cannot write %s: %s", self._path, error.strerror)

    def hide(self) -> None:
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            _log.error("cannot remove %s: %s", self._path, error.strerror)


class AllReady:
    """One file for several processes, each with one of its own beside it."""

    def __init__(self, path: Path, names: list[str]) -> None:
        """Raises InvalidConfiguration where no file can be made there."""
        self._file = ReadyFile(path)
        self._paths = {name: path.with_name(f"{path.name}.{name}") for name in names}
        self._is_shown = False
        for one in self._paths.values():
            one.unlink(missing_ok=True)

    def path_of(self, name: str) -> Path:
        """The file of one of them."""
        return self._paths[name]

    def forget(self, name: str) -> None:
        """It has ended, in order or not."""
        self._paths[name].unlink(missing_ok=True)
        self._look()

    async def watch(self) -> None:
        """The file is there while all of theirs are."""
        try:
            while True:
                self._look()
                await asyncio.sleep(_LOOK_EVERY_S)
        finally:
            self._file.hide()

    def _look(self) -> None:
        are_all = all(path.exists() for path in self._paths.values())
        if are_all and not self._is_shown:
            self._file.show()
        elif self._is_shown and not are_all:
            self._file.hide()
        self._is_shown = are_all
