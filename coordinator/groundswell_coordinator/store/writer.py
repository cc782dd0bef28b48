"""The store for an event loop: every transaction in one thread, in the order of asking.

SQLAlchemy is imported in that thread too, so that a process may go on starting its agents
meanwhile.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Self, TypeVar

from groundswell.errors import StoreFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from groundswell_coordinator.store.records import Ownership
    from groundswell_coordinator.store.run_store import RunStore

T = TypeVar("T")


class StoreWriter:
    """`await writer.submit(lambda store: store.close_run(...))` returns after the commit.

    A failure is the StoreFailed of its future, and it reaches `failure` and `on_failure`, so that
    one whose future nobody awaits is still heard of. Later operations are tried nevertheless: a
    full disk may have room again for the end of the run.
    """

    def __init__(
        self,
        store: RunStore,
        thread: ThreadPoolExecutor,
        on_failure: Callable[[StoreFailed], None] | None = None,
        ownership: Ownership | None = None,
    ) -> None:
        """Use `open`, which makes the thread and opens the store in it."""
        self._store = store
        self._thread = thread
        self._on_failure = on_failure
        self._closed = False
        self.failure: StoreFailed | None = None
        self.ownership = ownership

    @classmethod
    async def open(
        cls,
        url: str | None = None,
        *,
        own: str | None = None,
        on_failure: Callable[[StoreFailed], None] | None = None,
    ) -> Self:
        """`own` names the coordinator that owns the store from now on; then `ownership` is set.

        `on_failure` is called in the running loop, with every failure of a transaction.
        """
        thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="groundswell-store")
        opening = thread.submit(_open_store, url, own)
        try:
            store, ownership = await asyncio.shield(asyncio.wrap_future(opening))
        except BaseException:
            # Whoever was cancelled while it opened must not leave it open.
            opening.add_done_callback(_close_what_was_opened)
            thread.shutdown(wait=False)
            raise
        return cls(store, thread, on_failure, ownership)

    def submit(self, operation: Callable[[RunStore], T]) -> asyncio.Future[T]:
        """Queue one operation. Cancelling the future does not cancel the write."""
        if self._closed:
            raise StoreFailed("the store is closed")
        work = self._thread.submit(operation, self._store)
        waiter = asyncio.wrap_future(work)
        waiter.add_done_callback(self._note_failure)
        return asyncio.shield(waiter)

    async def close(self) -> None:
        """Return when everything that was submitted is done and the store is closed."""
        if self._closed:
            return
        self._closed = True
        last: Future[None] = self._thread.submit(self._store.close)
        await asyncio.shield(asyncio.wrap_future(last))
        self._thread.shutdown()

    def _note_failure(self, waiter: asyncio.Future[T]) -> None:
        error = None if waiter.cancelled() else waiter.exception()
        if not isinstance(error, StoreFailed):
            return
        self.failure = self.failure or error
        if self._on_failure is not None:
            self._on_failure(error)


def _open_store(url: str | None, own: str | None) -> tuple[RunStore, Ownership | None]:
    from groundswell_coordinator.store.run_store import RunStore

    store = RunStore.open(url)
    if own is None:
        return store, None
    try:
        return store, store.own(own)
    except BaseException:
        store.close()
        raise


def _close_what_was_opened(opening: Future[tuple[RunStore, Ownership | None]]) -> None:
    if opening.exception() is None:
        store, _ = opening.result()
        store.close()
