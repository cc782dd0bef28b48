"""The steps of a recording in the groups of its pages, and the time between them as pauses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell_coordinator.importers.draft import Group, Pause, literal
from groundswell_coordinator.importers.har.selection import split

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from groundswell_coordinator.importers.draft import Request, Step
    from groundswell_coordinator.importers.har.exchanges import Exchange
    from groundswell_coordinator.importers.har.file import Log

_SHORTEST_PAUSE_S = 0.5


def gaps(exchanges: Sequence[Exchange]) -> list[float]:
    """Seconds before each request in which no other one went on; 0 where that is hardly any time."""
    found: list[float] = []
    end: float | None = None
    for exchange in exchanges:
        start = exchange.entry.start
        gap = start - end if start is not None and end is not None else 0.0
        found.append(gap if gap >= _SHORTEST_PAUSE_S else 0.0)
        end = max((one for one in (end, exchange.answered.end) if one is not None), default=None)
    return found


def with_pages(
    exchanges: Sequence[Exchange], requests: Sequence[Request], pauses: Sequence[float], log: Log
) -> list[Step]:
    """A group for each page where there are several."""
    titles = {page.id: page.title or page.id for page in log.pages or ()}
    several = len({one.entry.pageref for one in exchanges} & set(titles)) > 1
    steps: list[Step] = []
    page: object = steps
    for exchange, request, pause in zip(exchanges, requests, pauses, strict=True):
        waiting = list(_pause(pause))
        ref = exchange.entry.pageref
        if several and ref != page:
            steps += [*waiting, Group(literal(_title(titles.get(ref or "", "more"))), [])]
            waiting, page = [], ref
        last = steps[-1] if steps else None
        inner = last.steps if several and isinstance(last, Group) else steps
        inner += [*waiting, request]
    return steps


def _pause(seconds: float) -> Iterator[Step]:
    if seconds:
        yield Pause(round(seconds, 1))


def _title(title: str) -> str:
    """A browser's title of a page may be its address."""
    url = split(title)
    name = (url.path or "/") if url else title
    return "".join(char for char in name if char.isprintable()).strip()[:80] or "page"
