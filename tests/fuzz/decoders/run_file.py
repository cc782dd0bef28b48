"""A stored run that somebody else has made: taken in, shown, judged again, put away."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import sqlite3
from contextlib import closing
from functools import cache
from typing import TYPE_CHECKING, Any, NoReturn, cast

from groundswell_coordinator.compare.read_run import read_run
from groundswell_coordinator.history import past_run
from groundswell_coordinator.history.answers import Part
from groundswell_coordinator.report import console, junit, markdown
from groundswell_coordinator.report.course_reader import read_course
from groundswell_coordinator.report.hlog import write_interval_logs
from groundswell_coordinator.report.material import Material
from groundswell_coordinator.store.run_store import RunStore
from tests.coordinator.reporting import RUN, Reporter, account
from tests.coordinator.run.recorded import ENV, recording
from tests.fuzz.decoder import Decoder
from tests.fuzz.scratch import scratch_folder

if TYPE_CHECKING:
    from random import Random

    from groundswell_coordinator.report.summary import Summary
    from tests.coordinator.reporting import Values

_TABLES = ("runs", "shares", "handovers", "clocks", "events", "intervals", "amendments")
_SCHEMA_TRICKS = (
    "CREATE VIEW v AS SELECT 1",
    "CREATE TRIGGER t AFTER INSERT ON runs BEGIN DELETE FROM runs; END",
    "CREATE INDEX i ON runs (abs(seed))",
    "CREATE VIRTUAL TABLE f USING fts5(a)",
    "ALTER TABLE runs ADD COLUMN x AS (1)",
    "UPDATE schema_version SET version = 999",
    "UPDATE schema_version SET version = 1",
    "DELETE FROM runs",
    "DROP TABLE intervals",
    "PRAGMA user_version = 7",
)
# Of gzip: each file is unpacked once, and then gone.
_FASTEST_LEVEL = 1


@cache
def _store() -> RunStore:
    return RunStore.open(f"sqlite:///{scratch_folder() / 'store.db'}")


def _take(data: bytes) -> None:
    store, path = _store(), scratch_folder() / "foreign.groundswell"
    path.write_bytes(data)
    run_id = store.import_run(path)
    try:
        _look_at(store, run_id)
    finally:
        store.delete_run(run_id)


def _look_at(store: RunStore, run_id: str) -> None:
    """Everything that a person may do with it next."""
    run = store.get_run(run_id)
    past_run.line_to_wire(run.line)
    for question in (
        lambda: _shown(past_run.summary(store, run_id, ENV)),
        lambda: read_course(run, store.intervals(run_id)),
        lambda: read_run(run, store.intervals(run_id), ENV),
        lambda: write_interval_logs(scratch_folder() / "logs", run, store.intervals(run_id)),
        lambda: past_run.judge(store, run_id, ENV).summary.to_json(),
        lambda: past_run.part_of(store, run_id, Part(1.0, 3.0)).to_json(),
        lambda: past_run.ending(store, run_id),
    ):
        try:
            question()
        except DECODER.refusals:
            continue


def _shown(summary: Summary) -> None:
    summary.to_json()
    console.print_summary(summary, io.StringIO(), verbose=True)
    markdown.render_summary(summary)
    junit.render(Material(summary, _nobody))


def _nobody() -> NoReturn:
    raise AssertionError("the summary is enough for this file")


async def _record(url: str) -> None:
    async with recording(url, agent_histograms=True) as run:
        for name in ("i1", "i2", "i3"):
            reporter = Reporter(name)
            for number in range(4):
                values: Values = {
                    "http_reqs{name:1}": 5,
                    "http_req_duration{name:1}": [1.0, 2.0, 700.0],
                }
                own = [account("load", 5 * number, 5 * number)]
                report = reporter.report(number, values, own, number == 3)
                await run.take(report, float(number))
        await run.conclude()


@cache
def _plain() -> bytes:
    """The database of an honest file."""
    url, path = f"sqlite:///{scratch_folder() / 'own.db'}", scratch_folder() / "own.groundswell"
    asyncio.run(_record(url))
    with RunStore.open(url) as store:
        store.export_run(RUN, path)
    return gzip.decompress(path.read_bytes())


def _grow(chance: Random) -> bytes:
    """An honest database, in which values are others, or pages, or the schema."""
    plain = bytearray(_plain())
    if chance.random() < 0.7:
        plain = bytearray(_with_other_values(bytes(plain), chance))
    for _ in range(chance.choice((0, 0, 1, 4))):
        at = chance.randrange(len(plain))
        plain[at : at + chance.randint(1, 8)] = chance.randbytes(chance.randint(1, 8))
    packed = gzip.compress(bytes(plain), _FASTEST_LEVEL)
    return packed if chance.random() < 0.95 else packed[: chance.randrange(len(packed))]


def _with_other_values(plain: bytes, chance: Random) -> bytes:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(plain)
        for _ in range(chance.randint(1, 2)):
            try:
                if chance.random() < 0.1:
                    connection.execute(chance.choice(_SCHEMA_TRICKS))
                else:
                    _change_a_value(connection, chance)
            except sqlite3.Error:
                continue
        connection.commit()
        return connection.serialize()


def _change_a_value(connection: sqlite3.Connection, chance: Random) -> None:
    table = chance.choice(_TABLES)
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    if not columns:
        # It has been dropped.
        return
    column = chance.choice(columns)
    row = connection.execute(f"SELECT rowid, {column} FROM {table} ORDER BY random()").fetchone()
    if row is not None:
        new = _other_value(row[1], chance)
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (new, row[0]))


def _other_value(value: object, chance: Random) -> object:
    if isinstance(value, bytes) and value:
        changed = bytearray(value)
        for _ in range(chance.randint(1, 3)):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        return bytes(changed)
    if isinstance(value, str) and value[:1] in "{[" and chance.random() < 0.7:
        return _other_json(value, chance)
    numbers = (0, -1, 2**31, 2**63 - 1, -(2**63), 1.5, float("inf"))
    texts = ("", "x", "{}", "[]", "null", "\x1b[31m", "9" * 400, "1970-01-01 00:00:00.000000")
    return chance.choice((None, *numbers, *texts, b"", b"\x00", value))


def _other_json(text: str, chance: Random) -> str:
    """One value anywhere in it is another."""
    document: dict[str, Any] | list[Any] = json.loads(text)
    place = document
    while place:
        inner = list[Any](place.items() if isinstance(place, dict) else enumerate(place))
        key, value = chance.choice(inner)
        if chance.random() < 0.4 or not isinstance(value, dict | list):
            place[key] = chance.choice((None, -1, 1e308, "x", "", True, 2**70, "\x1b[31m"))
            break
        place = cast("dict[str, Any] | list[Any]", value)
    return json.dumps(document)


DECODER = Decoder(
    "run file",
    _take,
    seeds=(gzip.compress(_plain()),),
    words=(b"\x1f\x8b", b"SQLite format 3\x00"),
    grow=_grow,
)
