"""Values as YAML that people like to read: plain where it is safe, short mappings on one line."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from groundswell.scenario.nodes import core_value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from groundswell_coordinator.importers.draft import Value

# Of these characters no context of YAML makes anything else than text; of a number with a unit neither.
_PLAIN = re.compile(
    r"[A-Za-z_/$](?:[\w./$=;+%<>()*?&@!~-]|:(?=[\w/.-])| (?=[\w./$+<>()=-]))*"
    r"|[0-9]+(?:\.[0-9]+)?(?:/[smh]|[a-z]+)",
    re.ASCII,
)
# Other readers of YAML take these for something else.
_OTHERS_READ = re.compile(r"y|n|yes|no|on|off", re.IGNORECASE)
# What YAML allows in no text, and what would end a line inside quotes.
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_WIDTH = 70
_INDENT = "  "


def scalar(value: Value) -> str:
    """One value on one line."""
    if isinstance(value, str):
        return text(value)
    return json.dumps(value)


def text(value: str) -> str:
    """A text that is read as that text."""
    is_plain = _PLAIN.fullmatch(value) and not _OTHERS_READ.fullmatch(value)
    if is_plain and isinstance(core_value(value), str):
        return value
    quoted = json.dumps(value, ensure_ascii=False)
    return _ESCAPED.sub(lambda char: f"\\u{ord(char[0]):04x}", quoted)


def flow(value: Value) -> str:
    """Any value on one line."""
    if isinstance(value, dict):
        pairs = (f"{text(key)}: {flow(each)}" for key, each in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(flow, value))}]"
    return scalar(value)


def entry(key: str, value: Value, depth: int) -> Iterator[str]:
    """`key: value`, on one line or on several."""
    head = f"{_INDENT * depth}{text(key)}:"
    if not isinstance(value, dict | list) or _is_short(value, len(head)):
        yield f"{head} {flow(value)}"
        return
    yield head
    yield from _lines(value, depth + 1)


def _lines(value: dict[str, Value] | list[Value], depth: int) -> Iterator[str]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from entry(key, each, depth)
        return
    for each in value:
        yield from item(_inner(each, depth), depth)


def _inner(value: Value, depth: int) -> list[str]:
    if not isinstance(value, dict | list) or _is_short(value, 2 * depth + 2):
        return [_INDENT * (depth + 1) + flow(value)]
    return list(_lines(value, depth + 1))


def item(lines: list[str], depth: int) -> Iterator[str]:
    """Lines that are indented one deeper than `depth`, as one item of a list."""
    at = len(_INDENT) * depth
    yield f"{lines[0][:at]}- {lines[0][at + 2 :]}"
    yield from lines[1:]


def _is_short(value: Value, before: int) -> bool:
    """Whether it has no mapping in a mapping, and a line has room for it."""
    if not value:
        return True
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if any(isinstance(each, dict | list) and each for each in inner):
        return False
    return before + 1 + len(flow(value)) <= _WIDTH


def comment(line: str, depth: int = 0) -> str:
    """A comment of one line, whatever is in it."""
    return f"{_INDENT * depth}# {printable(line)}".rstrip()


def printable(line: str) -> str:
    """Without what could end a line or confuse a terminal."""
    return "".join(char if char.isprintable() else "?" for char in line)
