"""Rows of data for the VUs of one agent.

    rows in turn     DataFeed: taken before an iteration starts, so that one without a row never does
    any row          AnyRow, OwnRow: looked up when an iteration first asks for a field

A row stays in its file until it is needed; a feed reads some ahead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell.errors import FileUnavailable
from groundswell.rows.index import first_rows, striped_rows
from groundswell.schedule.row_shares import row_table, scenarios_naming
from groundswell.schedule.shape import peak_vus
from groundswell_agent.engine.ending import EndIteration

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from groundswell.files.places import Files
    from groundswell.rows.index import Rows
    from groundswell.rows.parsing import Row
    from groundswell.scenario.data_source import DataSource
    from groundswell.scenario.model import Test
    from groundswell.schedule.shares import ShareTable
    from groundswell_agent.engine.values import Namespace
    from groundswell_agent.engine.virtual_user import VirtualUser

# Read at once: the loop is held for some hundred microseconds.
_AHEAD = 64


class DataFeed:
    """An agent's own rows in turn: once each, or over and over."""

    def __init__(self, rows: Rows, *, ends: bool) -> None:
        self._rows = rows
        self._ends = ends
        self._next = 0
        # The next ones, last first.
        self._ahead: list[Row] = []

    @property
    def has_row(self) -> bool:
        return bool(self._ahead) or self._read()

    def next(self) -> Row:
        """IndexError where there is none."""
        if not self._ahead:
            self._read()
        return self._ahead.pop()

    def take(self, vu: VirtualUser) -> Row:
        """For an iteration that nobody has given one before its start."""
        if not self.has_row:
            raise EndIteration
        return self.next()

    def _read(self) -> bool:
        if self._next == len(self._rows):
            if self._ends or not self._next:
                return False
            self._next = 0
        stop = min(self._next + _AHEAD, len(self._rows))
        self._ahead = self._rows.some(self._next, stop)
        self._ahead.reverse()
        self._next = stop
        return True


class AnyRow:
    """A row that the VU's own chance draws."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._count = len(rows)

    def take(self, vu: VirtualUser) -> Row:
        return self._rows.one(int(vu.random.random() * self._count))


class OwnRow:
    """The same row in all iterations of a VU; where there are more VUs, they share."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._count = len(rows)

    def take(self, vu: VirtualUser) -> Row:
        return self._rows.one((vu.number - 1) % self._count)


class RowTaker:
    """Gives a VU, before its iteration, a row of every source in turn that its scenario names."""

    def __init__(self, feeds: Mapping[str, DataFeed]) -> None:
        self._feeds = tuple(feeds.items())

    def __call__(self, vu: VirtualUser) -> bool:
        """False where one of them has none left: the iteration is not to start."""
        for _, feed in self._feeds:
            if not feed.has_row:
                return False
        vu.give_rows({name: feed.next() for name, feed in self._feeds})
        return True


def open_data(test: Test, table: ShareTable, agent: str, files: Files) -> dict[str, Namespace]:
    """What the test's sources give on one agent, by name. Looks through each file, which takes its time:
    not for an event loop. Raises FileUnavailable.
    """
    opened: dict[str, Namespace] = {}
    named = {name for scenario in test.scenarios.values() for name in scenario.data}
    for name, source in test.data.items():
        if name not in named:
            continue
        place = files.find(source.file)
        if place is None:
            raise FileUnavailable(f"the file {source.file} is not on this machine")
        try:
            opened[name] = _opened(test, name, source, table, agent, place)
        except OSError as error:
            raise FileUnavailable(f"the file {source.file}: {error.strerror or error}") from error
    return opened


def row_taker(named: Mapping[str, Namespace]) -> RowTaker | None:
    """For a scenario that names these; None where none of them is taken in turn."""
    feeds = {name: one for name, one in named.items() if isinstance(one, DataFeed)}
    return RowTaker(feeds) if feeds else None


def _opened(
    test: Test, name: str, source: DataSource, table: ShareTable, agent: str, place: Path
) -> Namespace:
    if source.pick == "random":
        return AnyRow(first_rows(place, source.layout))
    if source.pick == "per-vu":
        peaks = [peak_vus(one) for one in scenarios_naming(test, name).values()]
        return OwnRow(first_rows(place, source.layout, max(peaks, default=1)))
    rows = striped_rows(place, source.layout, row_table(test, name, table).stripe(agent))
    if not len(rows) and not source.ends:
        # Fewer rows than agents: whoever has none uses them all.
        rows = first_rows(place, source.layout)
    return DataFeed(rows, ends=source.ends)
