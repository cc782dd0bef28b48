"""A store as version 1 made it: its tables word for word, with one run of two agents."""

from __future__ import annotations

from sqlalchemy import create_engine

_TABLES = """
CREATE TABLE schema_version (version INTEGER NOT NULL);
CREATE TABLE runs (
    run_id VARCHAR(128) NOT NULL,
    test TEXT NOT NULL,
    test_hash TEXT NOT NULL,
    source {bytes} NOT NULL,
    seed VARCHAR(20) NOT NULL,
    labels JSON NOT NULL,
    created_at BIGINT NOT NULL,
    groundswell_version TEXT NOT NULL,
    coordinator_id TEXT NOT NULL,
    generation BIGINT NOT NULL,
    owner TEXT NOT NULL,
    start_at BIGINT,
    ended_at BIGINT,
    duration_s FLOAT,
    verdict TEXT,
    exit_code INTEGER,
    summary_json TEXT,
    PRIMARY KEY (run_id)
);
CREATE INDEX runs_by_age ON runs (created_at);
CREATE TABLE shares (
    run_id VARCHAR(128) NOT NULL,
    epoch INTEGER NOT NULL,
    position INTEGER NOT NULL,
    agent TEXT NOT NULL,
    incarnation TEXT NOT NULL,
    weight INTEGER NOT NULL,
    PRIMARY KEY (run_id, epoch, position),
    FOREIGN KEY(run_id) REFERENCES runs (run_id) ON DELETE CASCADE
);
CREATE TABLE clocks (
    run_id VARCHAR(128) NOT NULL,
    incarnation VARCHAR(128) NOT NULL,
    agent TEXT NOT NULL,
    offset_ns BIGINT NOT NULL,
    error_ns BIGINT NOT NULL,
    skew_ns BIGINT,
    PRIMARY KEY (run_id, incarnation),
    FOREIGN KEY(run_id) REFERENCES runs (run_id) ON DELETE CASCADE
);
CREATE TABLE intervals (
    run_id VARCHAR(128) NOT NULL,
    "interval" INTEGER NOT NULL,
    merged {bytes} NOT NULL,
    PRIMARY KEY (run_id, "interval"),
    FOREIGN KEY(run_id) REFERENCES runs (run_id) ON DELETE CASCADE
);
CREATE TABLE contributions (
    run_id VARCHAR(128) NOT NULL,
    "interval" INTEGER NOT NULL,
    incarnation VARCHAR(128) NOT NULL,
    accounts {bytes} NOT NULL,
    amendment {bytes},
    PRIMARY KEY (run_id, "interval", incarnation),
    FOREIGN KEY(run_id, "interval") REFERENCES intervals (run_id, "interval") ON DELETE CASCADE
);
CREATE TABLE events (
    number {number},
    run_id VARCHAR(128) NOT NULL,
    at BIGINT NOT NULL,
    code TEXT NOT NULL,
    message TEXT NOT NULL,
    agent TEXT,
    PRIMARY KEY (number),
    FOREIGN KEY(run_id) REFERENCES runs (run_id) ON DELETE CASCADE
);
CREATE INDEX events_of_run ON events (run_id, number);
"""

_ROWS = """
INSERT INTO schema_version VALUES (1);
INSERT INTO runs VALUES (
    'run-1', 'checkout', 'sha256:1234', {source}, '18446744073709551615', '{{"branch": "main"}}',
    1772600767891011, '0.1.0', 'coordinator-1', 1,
    '{{"pid": 7, "host": "then", "boot_id": "", "pid_namespace": "", "started": ""}}',
    1772600769000000, 1772600829000000, 60.0, 'PASS', 0, '{{}}'
);
INSERT INTO shares VALUES ('run-1', 1, 0, 'zoe', 'z-1', 1), ('run-1', 1, 1, 'amy', 'a-1', 3);
INSERT INTO clocks VALUES ('run-1', 'a-1', 'amy', -5, 2, NULL);
INSERT INTO intervals VALUES ('run-1', 0, {zero}), ('run-1', 1, {one}), ('run-1', 2, {two});
INSERT INTO contributions VALUES
    ('run-1', 0, 'z-1', {zero}, NULL), ('run-1', 0, 'a-1', {one}, NULL),
    ('run-1', 1, 'a-1', {one}, NULL), ('run-1', 1, 'z-1', {two}, {two});
INSERT INTO events (run_id, at, code, message, agent)
    VALUES ('run-1', 1772600770000000, 'note', 'a note', NULL);
"""

_DIALECTS = {
    "sqlite": {"bytes": "BLOB", "number": "INTEGER NOT NULL"},
    "postgresql": {"bytes": "BYTEA", "number": "SERIAL NOT NULL"},
}


def make(url: str) -> None:
    """Its intervals are b"0", b"1", b"2"; z-1 came late for the second; the third has nobody."""
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    words = _DIALECTS[engine.dialect.name]
    values = {name: _bytes(value, words["bytes"]) for name, value in _VALUES.items()}
    with engine.begin() as connection:
        for statement in (_TABLES.format(**words) + _ROWS.format(**values)).split(";"):
            if statement.strip():
                connection.exec_driver_sql(statement)
    engine.dispose()


_VALUES = {"source": b"test: checkout", "zero": b"0", "one": b"1", "two": b"2"}


def _bytes(value: bytes, kind: str) -> str:
    return f"X'{value.hex()}'" if kind == "BLOB" else f"'\\x{value.hex()}'"
