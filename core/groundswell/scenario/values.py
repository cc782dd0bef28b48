"""What a value of a test is as text, and the filters that make one value of another.

A value is what JSON knows: null, true and false, numbers, text, lists and objects. Null is also
what a name stands for that has not been captured.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_JSON = msgspec.json.Encoder()


def as_text(value: object) -> str:
    """As a path, a header or a form has it: null is nothing, what is not text is JSON."""
    if isinstance(value, str):
        return value
    if type(value) is int:
        return str(value)
    return "" if value is None else as_json(value)


def as_json(value: object) -> str:
    """Compact JSON."""
    return as_json_bytes(value).decode()


def as_json_bytes(value: object) -> bytes:
    """Compact JSON in UTF-8."""
    return _JSON.encode(value)


def url_encoded(value: object) -> str:
    """All that is not a letter, a digit or one of `_.-~` is percent-encoded."""
    return quote(as_text(value), safe="", errors="replace")


def base64_encoded(value: object) -> str:
    return base64.b64encode(as_text(value).encode("utf-8", "replace")).decode()


# Those without an argument; `default('x')` is the one that has one.
FILTERS: dict[str, Callable[[object], str]] = {
    "json": as_json,
    "urlencode": url_encoded,
    "base64": base64_encoded,
}
DEFAULT = "default"


def form_encoded(pairs: Iterable[tuple[str, object]]) -> str:
    """As a form sends its fields: a blank is a plus."""
    return "&".join(f"{form_text(name)}={form_text(value)}" for name, value in pairs)


def form_text(value: object) -> str:
    return quote_plus(as_text(value), errors="replace")
