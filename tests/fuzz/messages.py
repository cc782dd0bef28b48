"""Messages of protobuf that are well-formed and senseless: any field may have any value of its type."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, cast

from google.protobuf.descriptor import FieldDescriptor as Field

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from random import Random

    from google.protobuf.message import Message

_DEEPEST = 4
_LENGTH = struct.Struct(">H")

_UNSIGNED = (0, 1, 2, 3, 7, 100, 2**16, 2**31 - 1)
_FLOATS = (0.0, -0.0, 1.0, -1.0, 0.5, 1e300, -1e300, 2.0**53, float("inf"), float("nan"))
_STRINGS = ("", "a", "run-1", "browse", "\x00", "\x1b[31m", "é", "5/2", "x" * 300, "http_reqs")

_RANGES = {
    Field.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    Field.CPPTYPE_UINT32: (0, 2**32 - 1),
    Field.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    Field.CPPTYPE_UINT64: (0, 2**64 - 1),
}


def fill(message: Message, chance: Random, words: Sequence[str] = (), deep: int = 0) -> Message:
    """Set some of its fields to anything; `words` are strings that mean something."""
    # One of the two kinds of protobuf's implementations, which are used alike.
    fields = cast("list[Field]", list[Any](message.DESCRIPTOR.fields))
    for field in chance.sample(fields, min(len(fields), chance.randint(1, 5))):
        if field.is_repeated:
            _fill_repeated(message, field, chance, words, deep)
        elif field.cpp_type != Field.CPPTYPE_MESSAGE:
            setattr(message, field.name, _scalar(field, chance, words))
        elif deep < _DEEPEST:
            inner = getattr(message, field.name)
            inner.SetInParent()
            fill(inner, chance, words, deep + 1)
    return message


def altered(message: Message, chance: Random, words: Sequence[str] = ()) -> Message:
    """A copy of it, of which one part anywhere is something else."""
    twin = type(message)()
    twin.CopyFrom(message)
    part: Message = twin
    while (inner := _parts(part)) and chance.random() < 0.7:
        part = chance.choice(inner)
    if chance.random() < 0.2:
        part.Clear()
    fill(part, chance, words)
    return twin


def _parts(message: Message) -> list[Message]:
    found: list[Message] = []
    for field, value in message.ListFields():
        if field.cpp_type != Field.CPPTYPE_MESSAGE or _is_map(field):
            continue
        found += value if field.is_repeated else [value]
    return found


def _fill_repeated(
    message: Message, field: Field, chance: Random, words: Sequence[str], deep: int
) -> None:
    values: Any = getattr(message, field.name)
    for _ in range(chance.choice((0, 1, 2, 2, 5))):
        if _is_map(field):
            assert field.message_type is not None
            entry = field.message_type.fields_by_name
            key = _scalar(entry["key"], chance, words)
            if entry["value"].cpp_type == Field.CPPTYPE_MESSAGE:
                fill(values[key], chance, words, deep + 1)
            else:
                values[key] = _scalar(entry["value"], chance, words)
        elif field.cpp_type != Field.CPPTYPE_MESSAGE:
            values.append(_scalar(field, chance, words))
        elif deep < _DEEPEST:
            fill(values.add(), chance, words, deep + 1)


def _is_map(field: Field) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def _scalar(field: Field, chance: Random, words: Sequence[str]) -> Any:  # noqa: ANN401  # whatever the field's type is
    match field.cpp_type:
        case Field.CPPTYPE_BOOL:
            return chance.random() < 0.5
        case Field.CPPTYPE_FLOAT | Field.CPPTYPE_DOUBLE:
            return chance.choice(_FLOATS)
        case Field.CPPTYPE_ENUM:
            assert field.enum_type is not None
            return chance.choice((*(one.number for one in field.enum_type.values), 99))
        case Field.CPPTYPE_STRING if field.type == Field.TYPE_BYTES:
            return chance.choice((b"", chance.randbytes(chance.randint(1, 60)), b"{}", b"test: a"))
        case Field.CPPTYPE_STRING:
            return chance.choice((*_STRINGS, *words, *words))
        case kind:
            low, high = _RANGES[kind]
            return chance.choice((*_UNSIGNED, low, high, chance.randint(low, high)))


def joined(messages: Sequence[Message]) -> bytes:
    """Several messages as one input: each behind its length."""
    texts = [message.SerializeToString()[: 2**16 - 1] for message in messages]
    return b"".join(_LENGTH.pack(len(text)) + text for text in texts)


def split(data: bytes) -> Iterator[bytes]:
    """The other way round; what ends too early is taken as it is."""
    at = 0
    while at + _LENGTH.size <= len(data):
        (length,) = _LENGTH.unpack_from(data, at)
        at += _LENGTH.size
        yield data[at : at + length]
        at += length
