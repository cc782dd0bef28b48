"""Requests of a recording with what was answered in the end: a redirect and where it led are one step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urljoin

from groundswell_coordinator.importers.bodies import MULTIPART
from groundswell_coordinator.importers.multipart import Part
from groundswell_coordinator.importers.recorded import Recorded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from groundswell_coordinator.importers.har.file import Entry

REDIRECTS = frozenset((301, 302, 303, 307, 308))
# What a browser adds by itself, and what asks for "only if it has changed".
_OF_THE_BROWSER = frozenset((
    *("referer", "origin", "dnt", "priority", "pragma", "cache-control", "upgrade-insecure-requests"),
    *("if-none-match", "if-modified-since", "if-range", "purpose", "cookie"),
))  # fmt: skip


@dataclass(slots=True)
class Exchange:
    """An entry, and the last one of those that it was redirected to."""

    entry: Entry
    answered: Entry
    recorded: Recorded


def exchanges_of(entries: Sequence[Entry]) -> list[Exchange]:
    """The entries without those that a redirect led to: the step before follows it."""
    made: list[Exchange] = []
    awaited: str | None = None
    for entry in entries:
        if awaited is not None and entry.request.url.partition("#")[0] == awaited:
            made[-1].answered = entry
        else:
            made.append(Exchange(entry, entry, _recorded(entry)))
        awaited = _leads_to(entry)
    return made


def _leads_to(entry: Entry) -> str | None:
    response = entry.response
    if response.status not in REDIRECTS:
        return None
    location = next((one.value for one in response.headers if one.name.lower() == "location"), None)
    place = response.redirectURL or location
    try:
        return urljoin(entry.request.url, place).partition("#")[0] if place else None
    except ValueError:
        return None


def left_out(entries: Sequence[Entry]) -> list[str]:
    """The names of headers that no step has, sorted."""
    names = {one.name.title() for entry in entries for one in entry.request.headers}
    return sorted(name for name in names if _is_of_the_browser(name.lower()) and name != "Cookie")


def _is_of_the_browser(name: str) -> bool:
    return name in _OF_THE_BROWSER or name.startswith("sec-")


def _recorded(entry: Entry) -> Recorded:
    request = entry.request
    headers = tuple(
        (one.name, one.value or "")
        for one in request.headers
        if not _is_of_the_browser(one.name.lower())
    )
    body, data, parts = None, request.postData, tuple[Part, ...]()
    if data is not None:
        body = data.text
        if not body and data.params and (data.mimeType or "").startswith(MULTIPART):
            parts = tuple(
                Part(one.name, one.value or "", one.fileName, one.contentType)
                for one in data.params
            )
        elif not body and data.params:
            body = urlencode([(one.name, one.value or "") for one in data.params], errors="replace")
        if data.mimeType and not any(name.lower() == "content-type" for name, _ in headers):
            headers = (*headers, ("Content-Type", data.mimeType))
    return Recorded(request.method.upper(), request.url, headers, body, parts)
