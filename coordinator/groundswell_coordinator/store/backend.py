"""What the store asks of a kind of database: all that SQLite and PostgreSQL do differently."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection, Engine


class OwnerLock(Protocol):
    """Held by one coordinator at a time, until it is released or the process has ended."""

    def try_take(self) -> bool:
        """False where another holds it."""
        ...

    def is_held(self) -> bool:
        """Cheap enough to be asked before every write."""
        ...

    def release(self) -> None: ...


class Backend(Protocol):
    """One database by its URL."""

    # For messages: without the password.
    place: str
    # SQLAlchemy's execution options of a transaction that reads or writes.
    reads: Mapping[str, object]
    writes: Mapping[str, object]

    def make_engine(self) -> Engine: ...

    def hint_of(self, error: BaseException | None) -> str | None: ...

    def wait_for_other_makers(self, connection: Connection) -> None:
        """Of several processes that find an empty or old database only one works on it."""
        ...

    def owner_lock(self, engine: Engine, store_id: str) -> OwnerLock: ...

    def outlast_power_loss(self, engine: Engine) -> None:
        """From now on a commit returns when it is on the disk."""
        ...
