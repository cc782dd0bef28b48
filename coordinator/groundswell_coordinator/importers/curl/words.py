"""A command line as a shell takes it apart: quotes, `$'…'`, and lines that go on after a backslash."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from groundswell.errors import GroundswellError

if TYPE_CHECKING:
    from collections.abc import Iterator

_PIECE = re.compile(
    r"""(?P<blank>(?:[ \t\r\n]|\\\r?\n)+)"""
    r"""|'(?P<single>[^']*)'"""
    r"""|\$'(?P<ansi>(?:[^'\\]|\\.)*)'"""
    r'''|"(?P<double>(?:[^"\\]|\\.)*)"'''
    r"""|\\(?P<escaped>.)"""
    r"""|(?P<end>[;&|<>\n])"""
    r"""|(?P<plain>[^\s'"\\;&|<>$]+|\$)""",
    re.DOTALL,
)
_ANSI = re.compile(
    r"\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8})|([0-7]{1,3})|(.))", re.DOTALL
)
_NAMED = {"a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_CMD_HINT = "copy it as cURL (bash): this is the way of Windows' cmd"


def words(command: str) -> list[str]:
    """The words of one command. Raises GroundswellError where a quote is never closed."""
    if re.search(r"\^[\"\r\n]", command):
        raise GroundswellError("the command is quoted with ^", hint=_CMD_HINT)
    return list(_words(command.strip()))


def _words(command: str) -> Iterator[str]:
    at, word = 0, list[str]()
    while at < len(command):
        match = _PIECE.match(command, at)
        if match is None:
            raise GroundswellError(
                f"a quote in the command is never closed: {command[at : at + 40]}",
                hint="put the whole command between quotes, or read it from standard input with -",
            )
        at = match.end()
        if match["blank"] is not None:
            if word:
                yield "".join(word)
            word = []
        elif match["end"] is not None:
            raise GroundswellError(
                f"the command goes on after {match['end']!r}",
                hint="import one curl command at a time",
            )
        else:
            word.append(_said(match))
    if word:
        yield "".join(word)


def _said(match: re.Match[str]) -> str:
    if match["ansi"] is not None:
        return _ANSI.sub(_character, match["ansi"])
    if match["double"] is not None:
        # Within double quotes a backslash is one, but before these.
        return re.sub(r"\\(?:\r?\n|([\\$`\"]))", lambda one: one[1] or "", match["double"])
    return match["single"] or match["escaped"] or match["plain"] or ""


def _character(match: re.Match[str]) -> str:
    short, long, longest, octal, other = match.groups()
    digits = short or long or longest
    if digits is not None:
        code = int(digits, 16)
        return chr(code) if code < 0x110000 else "\ufffd"
    if octal is not None:
        return chr(int(octal, 8) & 0xFF)
    return _NAMED.get(other, other)
