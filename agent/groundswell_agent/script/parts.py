"""The `multipart` of a request in Python: its fields, and files whose content is in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from groundswell.scenario.uploads import refuse_type, type_of
from groundswell.scenario.values import as_text
from groundswell_agent.http.multipart import Field
from groundswell_agent.http.request import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def fields_of(parts: Mapping[str, object]) -> Iterator[Field]:
    """A list is several of one name. TypeError, InvalidRequest for what is no part."""
    for name, value in parts.items():
        for one in cast("list[object]", value) if isinstance(value, list) else [value]:
            yield _field(name, one)


def _field(name: str, value: object) -> Field:
    if not isinstance(value, tuple):
        return Field(name, _content(name, value))
    file = cast("tuple[object, ...]", value)
    if len(file) not in (2, 3) or not isinstance(file[0], str):
        raise TypeError(f"the file {name!r} is (name, content) or (name, content, media type)")
    kind = type_of(file[0]) if len(file) == 2 else str(file[2])
    if refuse_type(kind):
        raise InvalidRequest(f"{kind!r} is not a media type", hint="such as image/png")
    return Field(name, _content(name, file[1]), file[0], kind)


def _content(name: str, value: object) -> bytes:
    if isinstance(value, bytes | bytearray):
        return bytes(value)
    if isinstance(value, str | int | float | bool):
        return as_text(value).encode("utf-8", "replace")
    raise TypeError(f"the field {name!r} is text or bytes, not {type(value).__name__}")
