"""Bytes to text: UTF-8 with the characters that YAML allows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from groundswell.scenario.problems import Place

if TYPE_CHECKING:
    from groundswell.scenario.problems import Problems

# What ends a line for libyaml; Python's splitlines() knows more.
LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_UNPRINTABLE = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)


def decoded(data: bytes, problems: Problems, first_line: int = 1) -> str | None:
    """The text; or None, and a problem says what in it is not YAML's."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        problems.add(Place(first_line, 1), "the file is UTF-16", "save it as UTF-8")
        return None
    try:
        text = data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        place = _place_of(data[: error.start].decode("utf-8"), first_line)
        problems.add(
            place, f"the byte 0x{data[error.start]:02x} is not UTF-8", "save the file as UTF-8"
        )
        return None
    if odd := _UNPRINTABLE.search(text):
        place = _place_of(text[: odd.start()], first_line)
        problems.add(place, f"the character U+{ord(odd[0]):04X} is not allowed in YAML")
        return None
    return text


def _place_of(before: str, first_line: int) -> Place:
    lines = LINE_BREAK.split(before.removeprefix("\ufeff"))
    return Place(first_line - 1 + len(lines), len(lines[-1]) + 1)
