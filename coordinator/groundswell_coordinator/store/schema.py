"""The tables, of column types that every database has."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    false,
    true,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Prose(TypeDecorator[str]):
    """Text that others wrote: PostgreSQL takes any character but the one with the number 0."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else value.replace("\0", "\N{REPLACEMENT CHARACTER}")


class Moment(TypeDecorator[datetime]):
    """An aware datetime as microseconds since 1970: SQLite would silently drop a time zone."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else _EPOCH + value * _MICROSECOND


metadata = MetaData()


def _run_id() -> Column[str]:
    """A part of the key of everything that belongs to a run and goes with it."""
    owner = ForeignKey("runs.run_id", ondelete="CASCADE")
    return Column("run_id", String(128), owner, primary_key=True)


schema_version = Table(
    "schema_version",
    metadata,
    Column("version", Integer, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("run_id", String(128), primary_key=True),
    Column("test", Text, nullable=False),
    Column("test_hash", Text, nullable=False),
    Column("source", LargeBinary, nullable=False),
    # Text, because a seed has 64 bits without a sign and no portable integer has.
    Column("seed", String(20), nullable=False),
    Column("labels", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("groundswell_version", Text, nullable=False),
    Column("coordinator_id", Text, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("owner", Text, nullable=False),
    # Of an embedded coordinator, which goes with its client: nobody takes such a run up again.
    Column("is_local", Boolean, nullable=False, server_default=true()),
    Column("on_agent_loss", Text, nullable=False, server_default="reshare"),
    Column("agent_histograms", Boolean, nullable=False, server_default=false()),
    Column("start_at", Moment),
    Column("ended_at", Moment),
    Column("duration_s", Float),
    Column("verdict", Text),
    Column("exit_code", Integer),
    Column("summary_json", Text),
    # Where it ran, as JSON; never the values of the test's environment variables.
    Column("environment", JSON, nullable=False, server_default="{}"),
    # Of a run that is being deleted or imported, step by step: nobody sees it.
    Column("hidden_since", Moment),
    Index("runs_by_age", "created_at"),
)

shares = Table(
    "shares",
    metadata,
    _run_id(),
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    # The order of the table decides who owns which index, so it is part of what is stored.
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("agent", Text, nullable=False),
    Column("incarnation", Text, nullable=False),
    Column("weight", Integer, nullable=False),
)

# Each moves one agent's share; the table of shares is what they begin from.
handovers = Table(
    "handovers",
    metadata,
    _run_id(),
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("from_agent", Text, nullable=False),
    Column("boundary_ns", BigInteger, nullable=False),
    # [[agent, weight], …] and {scenario: count}
    Column("heirs", JSON, nullable=False),
    Column("decided", JSON, nullable=False),
)

clocks = Table(
    "clocks",
    metadata,
    _run_id(),
    Column("incarnation", String(128), primary_key=True),
    Column("agent", Text, nullable=False),
    Column("offset_ns", BigInteger, nullable=False),
    Column("error_ns", BigInteger, nullable=False),
    Column("skew_ns", BigInteger),
)

# The key is what makes a report count once: an interval is sealed once, with all that it contains,
# and amended once by anybody else.
intervals = Table(
    "intervals",
    metadata,
    _run_id(),
    Column("interval", Integer, primary_key=True, autoincrement=False),
    Column("merged", LargeBinary, nullable=False),
    # Whose reports are merged, with their accounts: see `contained`. Null where there are none.
    Column("contained", LargeBinary),
    # Those reports themselves, where the histograms of single agents are kept.
    Column("reports", LargeBinary),
)

amendments = Table(
    "amendments",
    metadata,
    Column("run_id", String(128), primary_key=True),
    Column("interval", Integer, primary_key=True, autoincrement=False),
    Column("incarnation", String(128), primary_key=True),
    Column("accounts", LargeBinary, nullable=False),
    Column("report", LargeBinary, nullable=False),
    ForeignKeyConstraint(
        ["run_id", "interval"], ["intervals.run_id", "intervals.interval"], ondelete="CASCADE"
    ),
)

events = Table(
    "events",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("run_id", String(128), ForeignKey("runs.run_id", ondelete="CASCADE"), nullable=False),
    Column("at", Moment, nullable=False),
    Column("code", Text, nullable=False),
    Column("message", Prose, nullable=False),
    Column("agent", Text),
    # What a program needs of it, by the event's code.
    Column("detail", JSON(none_as_null=True)),
    Index("events_of_run", "run_id", "number"),
)

# A name for a run to compare with, or for several of one build; a run that has one stays.
baselines = Table(
    "baselines",
    metadata,
    Column("name", String(128), primary_key=True),
    Column("run_id", String(128), ForeignKey("runs.run_id"), primary_key=True),
    Column("set_at", Moment, nullable=False),
)

# One row: which store this is, how many coordinators have owned it, and the last of them.
ownership = Table(
    "ownership",
    metadata,
    Column("store_id", String(32), nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("holder", Text, nullable=False),
)
