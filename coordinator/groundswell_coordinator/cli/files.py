"""The files that a test names, on their way from its client: lent to this machine, or sent elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell.errors import FileUnavailable
from groundswell.files.cache import FileCache
from groundswell.files.places import Beside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from groundswell.files.stamp import FileStamp
    from groundswell.scenario.source import TestSource
    from groundswell_coordinator.client import ControlClient


def lend_files(source: TestSource) -> None:
    """Coordinator and agents are on this machine: they read the files where they are, uncopied."""
    cache = FileCache()
    for _, stamp, place in _files(source):
        cache.lend(stamp, place)


async def send_files(
    source: TestSource, client: ControlClient, tell: Callable[[str], None]
) -> None:
    """Send what the coordinator does not have. `tell` hears of each file before it is sent."""
    files = list(_files(source))
    if not files:
        return
    missing = await client.missing_files(stamp for _, stamp, _ in files)
    for path, stamp, place in files:
        if stamp not in missing:
            continue
        missing.discard(stamp)
        tell(f"sending {path} ({stamp.size / 1e6:.1f} MB)")
        try:
            await client.send_file(stamp, place)
        except FileUnavailable as error:
            raise FileUnavailable(f"the file {path}: {error.message}", hint=error.hint) from error


def _files(source: TestSource) -> Iterator[tuple[str, FileStamp, Path]]:
    """Of a sealed source: what the test calls each file, its stamp, and where it is."""
    if isinstance(source.files, Beside):
        for path, stamp in source.files.stamps.items():
            yield path, stamp, source.files.folder / path
