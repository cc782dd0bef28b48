"""A coordinator's hold on a store: a lock that only one has, and a generation that fences the rest.

The lock refuses a second coordinator at once. It can be lost, though, with the connection that it
hangs on, and then taken by another while the first still writes. Therefore each write of an owner
also finds its own generation in the store, and keeps it there until it is committed.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select, update

from groundswell.errors import StoreFailed
from groundswell_coordinator.store.records import Ownership
from groundswell_coordinator.store.schema import ownership

if TYPE_CHECKING:
    from groundswell_coordinator.store.backend import OwnerLock

# A server may take a moment to notice that an owner was killed.
_PATIENCE_S = 3.0
_RETRY_S = 0.05

_HINT = "stop that one first, or give this one a store of its own"


def store_id(connection: Connection) -> str:
    name: str = connection.execute(select(ownership.c.store_id)).scalar_one()
    return name


def holder(connection: Connection) -> str:
    """Who owned the store last."""
    name: str = connection.execute(select(ownership.c.holder)).scalar_one()
    return name


def succeed(connection: Connection, new_holder: str) -> Ownership:
    """The next generation. Waits for what the last owner is just writing."""
    row = connection.execute(
        update(ownership)
        .values(generation=ownership.c.generation + 1, holder=new_holder)
        .returning(ownership.c.store_id, ownership.c.generation)
    ).one()
    return Ownership(row.store_id, row.generation)


def take_patiently(lock: OwnerLock) -> bool:
    deadline = time.monotonic() + _PATIENCE_S
    while not lock.try_take():
        if time.monotonic() > deadline:
            return False
        time.sleep(_RETRY_S)
    return True


def owned_by_another(place: str, other: str) -> StoreFailed:
    return StoreFailed(f"the store {place} belongs to another coordinator, {other}", hint=_HINT)


class Hold:
    """From `own` until it is released, or until another generation is in the store."""

    def __init__(self, ownership: Ownership, lock: OwnerLock, place: str) -> None:
        self.ownership = ownership
        self._lock = lock
        self._place = place
        self._is_over = False

    def keep(self) -> None:
        """Before a transaction. A lock that was lost is taken anew, if nobody else has it.

        Raises StoreFailed where the store may belong to another coordinator.
        """
        if self._is_over or not (self._lock.is_held() or take_patiently(self._lock)):
            raise self._lost()

    def fence(self, connection: Connection) -> None:
        """Within a transaction: until its end nobody can become the next owner."""
        found = select(ownership.c.store_id, ownership.c.generation).with_for_update(read=True)
        row = connection.execute(found).one()
        if Ownership(row.store_id, row.generation) != self.ownership:
            self._is_over = True
            self.release()
            raise self._lost()

    def release(self) -> None:
        self._lock.release()

    def _lost(self) -> StoreFailed:
        return StoreFailed(
            f"the store {self._place} belongs to another coordinator by now",
            hint="this one can only stop",
        )
