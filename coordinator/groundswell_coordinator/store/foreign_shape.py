"""Whether a SQLite file that others have made is a store, and holds nothing else.

A schema can carry programs: triggers, views, virtual tables, expressions in indexes and columns.
A store has none of them, so that a file that has one is refused before anything is asked of it.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

from sqlalchemy import Boolean, Float, Integer, LargeBinary
from sqlalchemy.types import TypeDecorator

from groundswell_coordinator.store.schema import metadata
from groundswell_coordinator.store.sqlite import distrust

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Column, Table

# Of every version of the schema.
_TABLES = frozenset(metadata.tables) | {"contributions"}

# The number of what an index has of a row, where it is no column but an expression.
_EXPRESSION = -2


def check_schema(file: Path) -> int:
    """Its version. Raises ValueError where the file is damaged or holds what no store does."""
    with closing(_connect(file)) as connection:
        if connection.execute("PRAGMA quick_check(1)").fetchall() != [("ok",)]:
            raise ValueError("its pages are damaged")
        objects = connection.execute("SELECT type, name, tbl_name, rootpage FROM sqlite_master")
        for kind, name, table, root in objects.fetchall():
            # What has no pages of its own is a view, a trigger, or a virtual table.
            if kind not in ("table", "index") or table not in _TABLES or not root:
                raise ValueError(f"it has a {kind} {name!r}, which no store has")
        for table in _TABLES:
            _check_is_plain(connection, table)
        return _version(connection)


def check_content(file: Path) -> None:
    """Of the newest version: all columns are there, and every value is of its column's type.

    Raises ValueError where that is not so.
    """
    with closing(_connect(file)) as connection:
        for table in metadata.sorted_tables:
            _check_columns(connection, table)
            _check_values(connection, table)


def _connect(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file)
    distrust(connection)
    return connection


def _check_is_plain(connection: sqlite3.Connection, table: str) -> None:
    columns = connection.execute("SELECT hidden FROM pragma_table_xinfo(?)", (table,))
    parts = connection.execute(
        "SELECT part.cid = ? OR whole.partial"
        " FROM pragma_index_list(?) AS whole, pragma_index_xinfo(whole.name) AS part",
        (_EXPRESSION, table),
    )
    if any(computed for (computed,) in [*columns, *parts]):
        raise ValueError(f"its table {table!r} or an index of it is computed")


def _version(connection: sqlite3.Connection) -> int:
    rows = connection.execute("SELECT version FROM schema_version").fetchall()
    if len(rows) != 1 or not isinstance(rows[0][0], int) or rows[0][0] < 1:
        raise ValueError("it does not say which version of a store it is")
    return int(rows[0][0])


def _check_columns(connection: sqlite3.Connection, table: Table) -> None:
    rows = connection.execute("SELECT name FROM pragma_table_xinfo(?)", (table.name,))
    if {name for (name,) in rows} != set(table.columns.keys()):
        raise ValueError(f"its table {table.name!r} has other columns than a store's")


def _check_values(connection: sqlite3.Connection, table: Table) -> None:
    """By SQLite's own types: a number in the place of bytes would be read as so many bytes."""
    fits = " AND ".join(
        f'typeof("{column.name}") IN ({_storage_of(column)})' for column in table.columns
    )
    wrong = connection.execute(f'SELECT 1 FROM "{table.name}" WHERE NOT ({fits}) LIMIT 1')
    if wrong.fetchone() is not None:
        raise ValueError(f"its table {table.name!r} has values of other types than a store's")


def _storage_of(column: Column[Any]) -> str:
    kind = column.type.impl if isinstance(column.type, TypeDecorator) else column.type
    if isinstance(kind, LargeBinary):
        storage = "'blob'"
    elif isinstance(kind, Integer | Boolean):
        storage = "'integer'"
    elif isinstance(kind, Float):
        storage = "'real', 'integer'"
    else:
        storage = "'text'"
    return f"{storage}, 'null'" if column.nullable else storage
