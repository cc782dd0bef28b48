"""The parts of a multipart body. What a file held is not carried over: its place is, to be filled in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from groundswell_coordinator.importers.draft import literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from groundswell_coordinator.importers.draft import Value

_BOUNDARY = re.compile(r"boundary=(?:\"([^\"]+)\"|([^\s;]+))", re.IGNORECASE)
_PARAMETER = re.compile(r"[;\s](name|filename)=(?:\"((?:[^\"\\]|\\.)*)\"|([^\s;]+))", re.IGNORECASE)
_LONGEST_KEY = 200


class Values(Protocol):
    """What single values become."""

    lost: list[str]

    def value(self, key: str, value: str, where: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Part:
    """`text` is what a field holds; a file has a `filename`."""

    name: str
    text: str = ""
    filename: str | None = None
    type: str | None = None


def parts_in(body: str, content_type: str) -> list[Part]:
    """The parts of a body as it was sent; none where it cannot be taken apart."""
    match = _BOUNDARY.search(content_type)
    if match is None:
        return []
    return list(_parts(body.replace("\r\n", "\n"), match[1] or match[2]))


def _parts(body: str, boundary: str) -> Iterator[Part]:
    for piece in body.split(f"--{boundary}")[1:]:
        head, blank, text = piece.lstrip("\n").partition("\n\n")
        disposition = _header(head, "content-disposition")
        found = {one[1].lower(): one[2] or one[3] or "" for one in _PARAMETER.finditer(disposition)}
        if blank and "name" in found:
            kind = _header(head, "content-type") or None
            yield Part(found["name"], text.removesuffix("\n"), found.get("filename"), kind)


def _header(head: str, name: str) -> str:
    lines = (line.partition(":") for line in head.splitlines())
    return next((value.strip() for key, _, value in lines if key.strip().lower() == name), "")


def multipart_of(parts: Sequence[Part], where: str, values: Values) -> Value:
    """`multipart` of a step, or None where no test can have it; a name that is there twice has a list."""
    fields: dict[str, list[Value]] = {}
    for part in parts:
        if not 0 < len(part.name) <= _LONGEST_KEY or "{{" in part.name:
            values.lost.append(f"the multipart body of {where}")
            return None
        fields.setdefault(part.name, []).append(_field(part, where, values))
    return {name: each[0] if len(each) == 1 else each for name, each in fields.items()}


def _field(part: Part, where: str, values: Values) -> Value:
    if part.filename is None:
        text = values.value(part.name, part.text, where)
        return {"text": text, "type": literal(part.type)} if part.type else text
    name = _one_line(part.filename)
    values.lost.append(
        f"what is in the file {name} of {where}: put file: … in the place of its text"
    )
    field: dict[str, Value] = {"text": "", "filename": literal(name)}
    return field | ({"type": literal(part.type)} if part.type else {})


def _one_line(name: str) -> str:
    return "".join(char for char in name if char.isprintable())[:_LONGEST_KEY] or "file"
