"""From version 2 of the schema to version 3, frozen with it: a baseline may be several runs of a build."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, Column, ForeignKey, MetaData, String, Table, insert, select

if TYPE_CHECKING:
    from sqlalchemy import Connection

_before, _after = MetaData(), MetaData()

_baselines = Table(
    "baselines",
    _before,
    Column("name", String(128), primary_key=True),
    Column("run_id", String(128)),
    Column("set_at", BigInteger),
)
_runs = Table("runs", _after, Column("run_id", String(128), primary_key=True))
_members = Table(
    "baselines",
    _after,
    Column("name", String(128), primary_key=True),
    Column("run_id", String(128), ForeignKey("runs.run_id"), primary_key=True),
    Column("set_at", BigInteger, nullable=False),
)


def migrate(connection: Connection) -> None:
    # SQLite cannot change a table's key.
    rows = connection.execute(select(_baselines)).all()
    _baselines.drop(connection)
    _members.create(connection)
    for row in rows:
        connection.execute(
            insert(_members).values(name=row.name, run_id=row.run_id, set_at=row.set_at)
        )
