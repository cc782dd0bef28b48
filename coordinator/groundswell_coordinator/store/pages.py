"""A run's intervals in pages, so that an iteration over a long run holds no transaction open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell_coordinator.store import run_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from groundswell_coordinator.store.database import Database
    from groundswell_coordinator.store.records import StoredInterval

_MOST_AT_ONCE = 60
# A second of one agent has a few kilobytes, a second of a thousand that keep their histograms
# megabytes.
_PAGE_BYTES = 16 * 1024 * 1024


def all_intervals(database: Database, run_id: str) -> Iterator[StoredInterval]:
    """In order. What is stored while this goes on is given too."""
    after = -1
    at_once = 1
    while True:
        with database.reading() as connection:
            page = run_rows.some_intervals(connection, run_id, after, at_once)
        if not page:
            return
        yield from page
        after = page[-1].interval
        at_once = _that_fit(page)


def _that_fit(page: Sequence[StoredInterval]) -> int:
    """As many as on this page, by their mean size, but for a page that would be too large."""
    size = sum(map(_size_of, page)) // len(page)
    return max(1, min(_MOST_AT_ONCE, _PAGE_BYTES // max(1, size)))


def _size_of(stored: StoredInterval) -> int:
    parts = sum(len(part.accounts) + len(part.report or b"") for part in stored.contained)
    late = sum(len(part.accounts) + len(part.report) for part in stored.amendments)
    return len(stored.merged) + parts + late
