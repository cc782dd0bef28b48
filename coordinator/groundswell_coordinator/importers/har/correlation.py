"""Values that a response brought and a later request sent back: they are captured instead of repeated.

A value counts only if no request up to that response had it: what the browser knew before it did not
learn there.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from groundswell.scenario.captures import RESERVED_NAMES
from groundswell_coordinator.importers.bodies import FORM

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from groundswell_coordinator.importers.draft import Value
    from groundswell_coordinator.importers.har.file import Entry
    from groundswell_coordinator.importers.recorded import Recorded

# A shorter text may be the same by chance.
_SHORTEST = 8
_SHORTEST_ID = 3
_LONGEST = 4096
_MOST_VALUES = 20_000
_DEEPEST = 20
# Larger ones are lists and pages, and take long to read.
_LONGEST_BODY = 2 * 1024 * 1024
_ID = re.compile(r"(?:^|_|-)(?:id|sku|number|code)$|[a-z](?:Id|ID|Number|Code)$", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# These say something of the message, and nothing that anybody sends back.
_OF_THE_MESSAGE = frozenset((
    *("date", "etag", "last-modified", "server", "content-type", "content-length", "location"),
    *("cache-control", "expires", "vary", "set-cookie", "content-encoding", "connection", "via"),
    *("strict-transport-security", "content-security-policy", "alt-svc", "content-language"),
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """A value in a response: `source` is what a capture of it says."""

    value: str
    is_text: bool
    hint: str
    source: Value

    @property
    def uses(self) -> tuple[str, str]:
        """How `sent_by` names it where it can stand in its place: as text anywhere, and in JSON."""
        return self.value, _in_json(self.value, self.is_text)


def _in_json(value: str, is_text: bool) -> str:
    """A number and a text that looks like it are two values there."""
    return f'"{value}' if is_text else f"#{value}"


def sent_by(request: Recorded) -> set[str]:
    """All values that a request has, each whole; those in JSON are marked by their type."""
    url = urlsplit(request.url)
    values = {unquote(segment) for segment in url.path.split("/")}
    values |= {value for _, value in parse_qsl(url.query, keep_blank_values=True)}
    for name, value in request.headers:
        if name.lower() not in ("cookie", "referer"):
            values.add(value.partition(" ")[2] if name.lower() == "authorization" else value)
    if request.body and len(request.body) <= _LONGEST_BODY:
        values |= set(_in_body(request.body, request.header("content-type") or ""))
    return values - {""}


def _in_body(body: str, content_type: str) -> Iterator[str]:
    if content_type.startswith(FORM):
        yield from (value for _, value in parse_qsl(body, keep_blank_values=True))
    elif "json" in content_type:
        yield from (_in_json(str(one), isinstance(one, str)) for _, _, one in _leaves(body))


def found_in(entry: Entry) -> Iterator[Found]:
    """What a later request may send back of a response."""
    for pair in entry.response.headers:
        name, value = pair.name, pair.value or ""
        if name.lower() == "set-cookie":
            yield from _cookies(value)
        elif name.lower() not in _OF_THE_MESSAGE and _SHORTEST <= len(value) <= _LONGEST:
            yield Found(value, True, name, {"header": name})
    body = entry.body
    if body is None or len(body) > _LONGEST_BODY:
        return
    if entry.mime.endswith("json"):
        for path, key, leaf in _leaves(body):
            if _may_come_back(key, leaf):
                yield Found(str(leaf), isinstance(leaf, str), key, path)
    elif entry.mime == "text/html":
        yield from _fields(body)


def _cookies(header: str) -> Iterator[Found]:
    """A HAR may join several by line ends. The value is sent back by itself; by scripts, too, in a header."""
    for line in header.splitlines():
        name, equals, rest = line.partition("=")
        value = unquote(rest.partition(";")[0].strip())
        if equals and len(value) >= _SHORTEST:
            yield Found(value, True, name.strip(), {"cookie": name.strip()})


def _fields(html: str) -> Iterator[Found]:
    # Imported here: only a page needs it.
    from selectolax.lexbor import LexborHTMLParser

    for node in LexborHTMLParser(html).css("input[name][value]"):
        name, value = node.attributes.get("name"), node.attributes.get("value")
        if name and value and len(value) >= _SHORTEST:
            yield Found(value, True, name, {"field": name})


def _may_come_back(key: str, value: float | str) -> bool:
    if not isinstance(value, str):
        return bool(_ID.search(key)) and len(str(value)) >= _SHORTEST_ID
    shortest = _SHORTEST_ID if _ID.search(key) else _SHORTEST
    return shortest <= len(value) <= _LONGEST


def _leaves(body: str) -> Iterator[tuple[str, str, int | str]]:
    """Path, key and value of every text and whole number in a JSON text."""
    try:
        value: Value = json.loads(body)
    except (ValueError, RecursionError):
        return
    waiting: list[tuple[str, str, Value, int]] = [("$", "response", value, 0)]
    for _ in range(_MOST_VALUES):
        if not waiting:
            return
        path, key, each, depth = waiting.pop()
        if isinstance(each, str) or (isinstance(each, int) and not isinstance(each, bool)):
            yield path, key, each
        elif isinstance(each, dict) and depth < _DEEPEST:
            inner = [
                (path + _step(name), f"{key}_id" if name == "id" else name, one, depth + 1)
                for name, one in each.items()
            ]
            waiting += reversed(inner)
        elif isinstance(each, list) and depth < _DEEPEST:
            items = [(f"{path}[{at}]", key, one, depth + 1) for at, one in enumerate(each)]
            waiting += reversed(items)


def _step(name: str) -> str:
    return f".{name}" if _NAME.fullmatch(name) else f"[{json.dumps(name)}]"


def captures(
    entries: Sequence[Iterable[Found]], sent: Sequence[set[str]]
) -> list[dict[str, Found]]:
    """What to capture of each response, by names that are used once in the whole test."""
    last_use = {use: at for at, uses in enumerate(sent) for use in uses}
    known: set[str] = set()
    names: set[str] = set(RESERVED_NAMES)
    chosen: list[dict[str, Found]] = []
    for at, candidates in enumerate(entries):
        known |= {use.lstrip('"#') for use in sent[at]}
        own: dict[str, Found] = {}
        for found in candidates:
            is_used = any(last_use.get(use, -1) > at for use in found.uses)
            if is_used and found.value.lstrip('"#') not in known:
                known.add(found.value.lstrip('"#'))
                own[_free_name(found.hint, names)] = found
        chosen.append(own)
    return chosen


def _free_name(hint: str, taken: set[str]) -> str:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", hint)
    base = re.sub(r"[^A-Za-z0-9]+", "_", words).strip("_").lower()[:40] or "value"
    base = base if not base[0].isdigit() else f"value_{base}"
    name, number = base, 1
    while name in taken:
        number += 1
        name = f"{base}_{number}"
    taken.add(name)
    return name
