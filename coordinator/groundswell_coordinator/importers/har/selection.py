"""Which entries of a recording a test has, and what is said of the others."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from groundswell_coordinator.counted import counted
from groundswell_coordinator.importers.recorded import METHODS

if TYPE_CHECKING:
    from groundswell_coordinator.importers.har.file import Entry

_STATIC_TYPES = frozenset(("image", "font", "stylesheet", "script", "media", "manifest"))
_STATIC_MIMES = ("image/", "font/", "video/", "audio/", "text/css", "application/font")
_STATIC_ENDINGS = (
    *(".css", ".js", ".mjs", ".map", ".png", ".jpg", ".jpeg", ".gif", ".svg", ".ico", ".webp"),
    *(".avif", ".woff", ".woff2", ".ttf", ".otf", ".mp4", ".webm", ".mp3"),
)
_MOST_HOSTS = 12


@dataclass(frozen=True, slots=True)
class HarOptions:
    """`hosts` are kept besides the site's own, with what is below them."""

    hosts: tuple[str, ...] = ()
    all_hosts: bool = False
    no_static: bool = False
    think_time: bool = False


@dataclass
class Selection:
    """Asked for each entry once; counts those that it does not keep."""

    options: HarOptions
    site: SplitResult
    _hosts: Counter[str] = field(default_factory=Counter[str])
    _others: Counter[str] = field(default_factory=Counter[str])

    def keeps(self, entry: Entry) -> bool:
        url = split(entry.request.url)
        if url is None:
            self._others["no http:// or https:// (a WebSocket, data in the page)"] += 1
        elif not self._is_ours(url.hostname or ""):
            self._hosts[url.hostname or "?"] += 1
        elif entry.request.method.upper() not in METHODS:
            self._others[f"the method {entry.request.method[:20]}"] += 1
        elif self.options.no_static and _is_static(entry, url):
            self._others["static files (--no-static)"] += 1
        elif entry.response.status is not None and not 100 <= entry.response.status <= 599:
            self._others["no response was recorded"] += 1
        else:
            return True
        return False

    def _is_ours(self, host: str) -> bool:
        if self.options.all_hosts:
            return True
        site = (self.site.hostname or "").removeprefix("www.")
        own = (site, *(one.lower() for one in self.options.hosts))
        return any(host == one or host.endswith(f".{one}") for one in own)

    def notes(self) -> list[str]:
        """What was not kept."""
        notes: list[str] = []
        if self._hosts:
            most = self._hosts.most_common(_MOST_HOSTS)
            which = ", ".join(f"{host} ({count})" for host, count in most)
            more = ", …" if len(self._hosts) > _MOST_HOSTS else ""
            notes.append(
                f"{counted(self._hosts.total(), 'request')} to other hosts: {which}{more}; "
                "--host NAME keeps one, --all-hosts all: load only what you may load"
            )
        notes += [f"{counted(count, 'request')}: {why}" for why, count in self._others.items()]
        return notes


def _is_static(entry: Entry, url: SplitResult) -> bool:
    return (
        (entry.resource_type or "").lower() in _STATIC_TYPES
        or entry.mime.startswith(_STATIC_MIMES)
        or "javascript" in entry.mime
        or url.path.lower().endswith(_STATIC_ENDINGS)
    )


def split(address: str) -> SplitResult | None:
    """The parts of an address that a test can request; None of any other."""
    try:
        url = urlsplit(address)
        _ = url.port
    except ValueError:
        return None
    return url if url.scheme.lower() in ("http", "https") and url.hostname else None
