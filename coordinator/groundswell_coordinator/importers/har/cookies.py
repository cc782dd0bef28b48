"""The cookies of a recording: those that a response set are the VU's own affair, others are secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from groundswell_coordinator.importers.draft import Request
    from groundswell_coordinator.importers.har.file import Entry
    from groundswell_coordinator.importers.recorded import Converter


class Cookies:
    """Fed each request in order."""

    def __init__(self, converter: Converter, entries: Iterable[Entry]) -> None:
        self._converter = converter
        self._set = {name for entry in entries for name in _set_by(entry)}
        self._missing: dict[str, None] = {}

    def add(self, request: Request, entry: Entry) -> None:
        header = next(
            (one.value for one in entry.request.headers if one.name.lower() == "cookie"), None
        )
        names = [pair.partition("=")[0].strip() for pair in (header or "").split(";")]
        unknown = [name for name in names if name and name not in self._set]
        if not unknown:
            return
        if self._set:
            # A header of its own would keep away what the responses set.
            self._missing |= dict.fromkeys(unknown)
            return
        # One variable for all of them, although scripts may have changed some on the way.
        where = "the cookies from before the recording"
        request.headers["Cookie"] = self._converter.secrets.variable("cookie", "\0cookie", where)

    def note(self) -> None:
        if self._missing:
            names = ", ".join(list(self._missing)[:10])
            self._converter.lost.append(
                f"cookies from before the recording: {names}; record from the login on, or send "
                "them in a Cookie header"
            )


def _set_by(entry: Entry) -> Iterable[str]:
    for pair in entry.response.headers:
        if pair.name.lower() == "set-cookie":
            for line in (pair.value or "").splitlines():
                yield line.partition("=")[0].strip()
