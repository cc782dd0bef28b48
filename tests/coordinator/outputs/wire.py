"""Snappy and protobuf, read by twenty lines of our own each: what is sent is held to the formats themselves."""

from __future__ import annotations

import struct
from collections import defaultdict
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

Value = int | bytes
# By number, in the order in which they come.
Fields = dict[int, list[Value]]


def unsnap(data: bytes) -> bytes:
    """The block format, as https://github.com/google/snappy describes it."""
    length, at = _varint(data, 0)
    out = bytearray()
    while at < len(data):
        tag = data[at]
        kind, upper = tag & 3, tag >> 2
        at += 1
        if kind == 0:
            extra = max(0, upper - 59)
            size = upper if not extra else int.from_bytes(data[at : at + extra], "little")
            at += extra
            out += data[at : at + size + 1]
            at += size + 1
            continue
        if kind == 1:
            size, offset = (upper & 7) + 4, (tag >> 5) << 8 | data[at]
            at += 1
        else:
            width = 2 if kind == 2 else 4
            size, offset = upper + 1, int.from_bytes(data[at : at + width], "little")
            at += width
        for _ in range(size):
            out.append(out[-offset])
    assert len(out) == length
    return bytes(out)


def fields(data: bytes) -> Fields:
    found: defaultdict[int, list[Value]] = defaultdict(list)
    for number, value in _each(data):
        found[number].append(value)
    return dict(found)


def messages(found: Fields, number: int) -> list[Fields]:
    return [fields(value) for value in found.get(number, []) if isinstance(value, bytes)]


def text(found: Fields, number: int) -> str:
    (value,) = found.get(number, [b""])
    return cast("bytes", value).decode()


def whole(found: Fields, number: int) -> int:
    (value,) = found.get(number, [0])
    return cast("int", value)


def real(found: Fields, number: int) -> float:
    """A double, which travels as eight bytes."""
    value: float = struct.unpack("<d", struct.pack("<Q", whole(found, number)))[0]
    return value


def zigzag(found: Fields, number: int) -> int:
    value = whole(found, number)
    return (value >> 1) ^ -(value & 1)


def packed(found: Fields, number: int) -> list[int]:
    """Repeated varints in one field."""
    values: list[int] = []
    for part in cast("list[bytes]", found.get(number, [])):
        at = 0
        while at < len(part):
            value, at = _varint(part, at)
            values.append(value)
    return values


def _each(data: bytes) -> Iterator[tuple[int, Value]]:
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, at = _varint(data, at)
            yield number, value
        elif kind in (1, 5):
            width = 8 if kind == 1 else 4
            yield number, int.from_bytes(data[at : at + width], "little")
            at += width
        else:
            assert kind == 2
            size, at = _varint(data, at)
            yield number, data[at : at + size]
            at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
