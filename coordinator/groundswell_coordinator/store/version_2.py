"""From version 1 of the schema to version 2, frozen with it.

Shares that move, coordinators that own a store, baselines, histograms of single agents, where a
run ran; and the contributions to an interval become one value of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import msgspec
from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Connection,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    MetaData,
    Row,
    String,
    Table,
    Text,
    insert,
    select,
    update,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

_metadata = MetaData()


def _run_id() -> Column[str]:
    owner = ForeignKey("runs.run_id", ondelete="CASCADE")
    return Column("run_id", String(128), owner, primary_key=True)


_runs = Table("runs", _metadata, Column("run_id", String(128), primary_key=True))

_intervals = Table(
    "intervals",
    _metadata,
    Column("run_id", String(128), primary_key=True),
    Column("interval", Integer, primary_key=True, autoincrement=False),
    Column("contained", LargeBinary),
)

_contributions = Table(
    "contributions",
    _metadata,
    Column("run_id", String(128), primary_key=True),
    Column("interval", Integer, primary_key=True, autoincrement=False),
    Column("incarnation", String(128), primary_key=True),
    Column("accounts", LargeBinary, nullable=False),
    Column("amendment", LargeBinary),
)

_handovers = Table(
    "handovers",
    _metadata,
    _run_id(),
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("from_agent", Text, nullable=False),
    Column("boundary_ns", BigInteger, nullable=False),
    Column("heirs", JSON, nullable=False),
    Column("decided", JSON, nullable=False),
)

_amendments = Table(
    "amendments",
    _metadata,
    Column("run_id", String(128), primary_key=True),
    Column("interval", Integer, primary_key=True, autoincrement=False),
    Column("incarnation", String(128), primary_key=True),
    Column("accounts", LargeBinary, nullable=False),
    Column("report", LargeBinary, nullable=False),
    ForeignKeyConstraint(
        ["run_id", "interval"], ["intervals.run_id", "intervals.interval"], ondelete="CASCADE"
    ),
)

_baselines = Table(
    "baselines",
    _metadata,
    Column("name", String(128), primary_key=True),
    Column("run_id", String(128), ForeignKey("runs.run_id"), nullable=False),
    Column("set_at", BigInteger, nullable=False),
)

_ownership = Table(
    "ownership",
    _metadata,
    Column("store_id", String(32), nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("holder", Text, nullable=False),
)


def migrate(connection: Connection) -> None:
    for table in (_handovers, _amendments, _baselines, _ownership):
        table.create(connection)
    connection.execute(insert(_ownership).values(store_id=uuid4().hex, generation=0, holder=""))
    binary = LargeBinary().compile(connection.dialect)
    for statement in (
        "ALTER TABLE runs ADD COLUMN is_local BOOLEAN DEFAULT true NOT NULL",
        "ALTER TABLE runs ADD COLUMN on_agent_loss TEXT DEFAULT 'reshare' NOT NULL",
        "ALTER TABLE runs ADD COLUMN agent_histograms BOOLEAN DEFAULT false NOT NULL",
        "ALTER TABLE runs ADD COLUMN environment JSON DEFAULT '{}' NOT NULL",
        "ALTER TABLE runs ADD COLUMN hidden_since BIGINT",
        "ALTER TABLE events ADD COLUMN detail JSON",
        f"ALTER TABLE intervals ADD COLUMN contained {binary}",
        f"ALTER TABLE intervals ADD COLUMN reports {binary}",
    ):
        connection.exec_driver_sql(statement)
    _gather_contributions(connection)
    _contributions.drop(connection)


def _gather_contributions(connection: Connection) -> None:
    keys = connection.execute(
        select(_contributions.c.run_id, _contributions.c.interval).distinct()
    ).all()
    for run_id, interval in keys:
        parts = connection.execute(
            select(_contributions)
            .where(_contributions.c.run_id == run_id, _contributions.c.interval == interval)
            .order_by(_contributions.c.incarnation)
        ).all()
        _save_contained(connection, [part for part in parts if part.amendment is None])
        _save_amendments(connection, [part for part in parts if part.amendment is not None])


def _save_contained(connection: Connection, parts: Sequence[Row[*tuple[Any, ...]]]) -> None:
    if not parts:
        return
    connection.execute(
        update(_intervals)
        .where(_intervals.c.run_id == parts[0].run_id, _intervals.c.interval == parts[0].interval)
        .values(
            contained=msgspec.msgpack.encode([(part.incarnation, part.accounts) for part in parts])
        )
    )


def _save_amendments(connection: Connection, parts: Sequence[Row[*tuple[Any, ...]]]) -> None:
    for part in parts:
        connection.execute(
            insert(_amendments).values(
                run_id=part.run_id,
                interval=part.interval,
                incarnation=part.incarnation,
                accounts=part.accounts,
                report=part.amendment,
            )
        )
