"""Contents on their way from one process to another: in parts, and never whole in any memory."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable
    from pathlib import Path

    from groundswell.files.cache import FileCache
    from groundswell.files.stamp import FileStamp

PART_BYTES = 512 * 1024
# How long the other side may take for one part.
PART_S = 30.0

_LOOK_S = 0.1


async def parts_of(path: Path, offset: int = 0) -> AsyncGenerator[bytes]:
    """What a file holds from there on. OSError where it cannot be read."""
    file = await asyncio.to_thread(path.open, "rb")
    try:
        file.seek(offset)
        while data := await asyncio.to_thread(file.read, PART_BYTES):
            yield data
    finally:
        file.close()


async def received(
    cache: FileCache, stamp: FileStamp, parts: Callable[[], AsyncIterator[bytes]]
) -> None:
    """Returns when the content is in the cache: taken from `parts`, unless it is there already or
    somebody else on this machine gets it meanwhile. Raises FileUnavailable.
    """
    while not cache.has(stamp):
        incoming = await asyncio.to_thread(cache.incoming, stamp)
        if incoming is None:
            await asyncio.sleep(_LOOK_S)
            continue
        with incoming:
            async for data in parts():
                await asyncio.to_thread(incoming.write, data)
            await asyncio.to_thread(incoming.finish)
