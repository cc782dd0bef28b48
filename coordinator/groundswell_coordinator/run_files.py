"""The files of tests that this coordinator has for its agents, each kept while a run needs it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from groundswell.errors import FilesMissing, FileUnavailable
from groundswell.files.cache import FileCache
from groundswell.files.streaming import received

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterable

    from groundswell.files.content import Hold
    from groundswell.files.stamp import FileStamp

# Agents of a large pool ask all at once; a line is shared best by a few.
_AT_ONCE = 16


class RunFiles:
    """What agents may fetch, in the cache folder that all of this machine share."""

    def __init__(self, cache: FileCache | None = None) -> None:
        self._cache = cache or FileCache()
        self._holds: dict[str, list[Hold]] = {}
        self._fetches = asyncio.Semaphore(_AT_ONCE)
        self._uploads = asyncio.Semaphore(_AT_ONCE)

    def missing(self, stamps: Iterable[FileStamp]) -> list[FileStamp]:
        return [stamp for stamp in stamps if not self._cache.has(stamp)]

    def hold(self, run_id: str, stamps: Iterable[FileStamp]) -> None:
        """Keep them until the run is released. Raises FilesMissing."""
        holds = self._holds[run_id] = list["Hold"]()
        for stamp in stamps:
            hold = self._cache.hold(stamp, hashed=False)
            if hold is None:
                self.release(run_id)
                raise FilesMissing(
                    f"the file {stamp.sha256[:12]}… of the test is not on the coordinator",
                    hint="run it again: the file is then sent again",
                )
            holds.append(hold)

    def release(self, run_id: str) -> None:
        for hold in self._holds.pop(run_id, ()):
            hold.close()

    async def take(self, stamp: FileStamp, parts: AsyncIterator[bytes]) -> None:
        """Keep a content that a client sends. Raises FileUnavailable."""
        async with self._uploads:
            await received(self._cache, stamp, lambda: parts)

    @asynccontextmanager
    async def serving(self, stamp: FileStamp) -> AsyncGenerator[Hold]:
        """A content while one agent reads it. Raises FileUnavailable where it is not here."""
        async with self._fetches:
            hold = self._cache.hold(stamp, hashed=False)
            if hold is None:
                raise FileUnavailable(
                    f"the coordinator does not have the file {stamp.sha256[:12]}…",
                    hint="it may have been restarted elsewhere: run the test again",
                )
            with hold:
                yield hold
