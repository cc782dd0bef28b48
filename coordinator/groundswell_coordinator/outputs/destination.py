"""Where what is measured goes while a run goes on: `KIND=URL`, as `run --out` takes it.

A kind is a file here and a line in `KINDS`.
"""

from __future__ import annotations

import difflib
import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from groundswell.errors import InvalidConfiguration

if TYPE_CHECKING:
    from groundswell_coordinator.outputs.sink import RunFacts, Sink

MOST = 8
_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Kind:
    """`module` has `open_sink(place, facts)`; a file's place is a path on the coordinator's machine."""

    module: str
    takes: str
    is_file: bool = False


KINDS = {
    "prometheus": Kind("groundswell_coordinator.outputs.prometheus", "URL"),
    "otlp": Kind("groundswell_coordinator.outputs.otlp", "URL"),
    "jsonl": Kind("groundswell_coordinator.outputs.jsonl", "FILE", is_file=True),
}


@dataclass(frozen=True, slots=True)
class Destination:
    """`str()` is for people and for the store: a URL's user, password and query are not in it."""

    kind: str
    place: str

    @property
    def is_file(self) -> bool:
        return KINDS[self.kind].is_file

    @property
    def text(self) -> str:
        """As it was given, secrets included: for whoever carries it out."""
        return f"{self.kind}={self.place}"

    def __str__(self) -> str:
        if self.is_file:
            return self.text
        parts = urlsplit(self.place)
        host = parts.netloc.rpartition("@")[2]
        return f"{self.kind}={parts.scheme}://{host}{parts.path}"

    def open(self, facts: RunFacts) -> Sink:
        module = importlib.import_module(KINDS[self.kind].module)
        return cast("Sink", module.open_sink(self.place, facts))


def parse_destination(text: str) -> Destination:
    """Raises InvalidConfiguration where it is none; never with the URL's password in it."""
    kind, equals, place = text.partition("=")
    if kind not in KINDS:
        near = difflib.get_close_matches(kind, KINDS, n=1)
        known = ", ".join(f"{name}={one.takes}" for name, one in KINDS.items())
        hint = f"did you mean {near[0]}?" if near else f"there are {known}"
        raise InvalidConfiguration(f"no output is called {kind[:40]!r}", hint=hint)
    if not equals or not place or len(place) > _LONGEST:
        raise InvalidConfiguration(f"write {kind}={KINDS[kind].takes}")
    destination = Destination(kind, place)
    if not destination.is_file:
        _check_url(kind, place)
    return destination


def _check_url(kind: str, url: str) -> None:
    hint = f"write {kind}=http://HOST:PORT/PATH"
    try:
        parts = urlsplit(url)
        is_one = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_one = False
    if not is_one:
        raise InvalidConfiguration(f"{kind}: not a URL of http or https", hint=hint)
