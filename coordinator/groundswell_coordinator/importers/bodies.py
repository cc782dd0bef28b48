"""The body of a recorded request: as JSON or a form where it is one, else as text."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qsl

from groundswell_coordinator.importers.draft import literal
from groundswell_coordinator.importers.multipart import multipart_of, parts_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from groundswell_coordinator.importers.draft import Value
    from groundswell_coordinator.importers.multipart import Part
    from groundswell_coordinator.importers.secrets import Secrets

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
MULTIPART = "multipart/form-data"
# What is larger stands in the test as one line of text.
_MOST_VALUES = 400
_DEEPEST = 12
_LONGEST_KEY = 200
_LONGEST_BODY = 256 * 1024


class Values(Protocol):
    """What single values become."""

    secrets: Secrets
    lost: list[str]

    def value(self, key: str, value: str, where: str) -> str: ...

    def leaf(self, key: str, value: float | str, where: str) -> float | str: ...


Body = tuple[tuple[str, "Value"] | None, str | None]


def body_of(body: str, content_type: str, where: str, values: Values) -> Body:
    """The key and value that a step has for a body, and the Content-Type that it must name besides;
    None for what goes without saying.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind == MULTIPART:
        return parts_body(parts_in(body, content_type), where, values), None
    if len(body) > _LONGEST_BODY:
        values.lost.append(f"the body of {where}: {len(body):,} characters are too many for a test")
        return None, content_type or None
    if kind == JSON or kind.endswith("+json"):
        said = None if kind == JSON else content_type
        if (value := _json(body, where, values)) is not None:
            return ("json", value[0]), said
    if kind == FORM and (form := _form(body, where, values)) is not None:
        return ("form", form), None
    return ("body", values.secrets.in_text(literal(body), f"in the body of {where}")), (
        content_type or None
    )


def parts_body(parts: Sequence[Part], where: str, values: Values) -> tuple[str, Value] | None:
    """The same of parts; its Content-Type is made anew, with what stands between them."""
    if not parts:
        values.lost.append(f"the multipart body of {where}")
        return None
    value = multipart_of(parts, where, values)
    return None if value is None else ("multipart", value)


def _form(body: str, where: str, values: Values) -> Value | None:
    try:
        pairs = parse_qsl(body, keep_blank_values=True, strict_parsing=True)
    except ValueError:
        return None
    if len({key for key, _ in pairs}) < len(pairs) or not all(map(_is_key, dict(pairs))):
        return None
    return {key: values.value(key, value, where) for key, value in pairs}


class _NotPlain(Exception):
    """JSON that YAML would not say the same way."""


def _json(body: str, where: str, values: Values) -> tuple[Value] | None:
    """The value, in a tuple because it may be null."""
    try:
        value = json.loads(body, object_pairs_hook=_unique, parse_constant=_refuse)
        return (_said(value, "", where, values, [_MOST_VALUES], _DEEPEST),)
    except (ValueError, RecursionError, _NotPlain):
        return None


def _unique(pairs: list[tuple[str, Value]]) -> dict[str, Value]:
    made = dict(pairs)
    if len(made) < len(pairs) or not all(map(_is_key, made)):
        raise _NotPlain
    return made


def _refuse(constant: str) -> Value:
    raise _NotPlain(constant)


def _said(value: Value, key: str, where: str, values: Values, left: list[int], depth: int) -> Value:
    left[0] -= 1
    if left[0] < 0 or depth < 0:
        raise _NotPlain
    match value:
        case dict():
            return {
                name: _said(each, name, where, values, left, depth - 1)
                for name, each in value.items()
            }
        case list():
            return [_said(each, key, where, values, left, depth - 1) for each in value]
        case bool() | None:
            return value
        case str():
            return values.leaf(key, value, where)
        case int() | float():
            # The language reads no longer ones, and JSON has no infinite ones.
            if len(str(value)) > 300 or not math.isfinite(value):
                raise _NotPlain
            return values.leaf(key, value, where)


def _is_key(key: str) -> bool:
    return 0 < len(key) <= _LONGEST_KEY and "{{" not in key
