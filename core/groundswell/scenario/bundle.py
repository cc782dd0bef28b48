"""A test with the files that it includes, as one text: all of it travels, is hashed and is stored as
one thing, and every problem is still told by the file and line that people know.

    the test
    #%include "steps/login.yaml" 47
    the 47 bytes of that file
    …
"""

from __future__ import annotations

import json
import posixpath
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from groundswell.scenario.decoding import LINE_BREAK

if TYPE_CHECKING:
    from collections.abc import Mapping

_PART = re.compile(rb"^#%include (\"(?:[^\"\\]|\\.)*\") ([0-9]{1,9})\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Part:
    """An included file. `first_line` is where it begins in the bundle, from 1."""

    path: str
    text: bytes
    first_line: int


@dataclass(frozen=True, slots=True)
class Bundle:
    """`parts` by their paths, seen from the folder of the test."""

    main: bytes
    parts: Mapping[str, Part] = field(default_factory=dict[str, Part])

    @classmethod
    def of(cls, data: bytes) -> Bundle:
        match = _PART.search(data)
        if match is None:
            return cls(data)
        main, parts = data[: match.start()], dict[str, Part]()
        counted, line = 0, 1
        while match is not None:
            end = match.end() + int(match[2])
            path = str(json.loads(match[1]))
            counted, line = match.end(), line + _lines(data[counted : match.end()])
            parts[path] = Part(path, data[match.end() : end], line)
            match = _PART.match(data, min(end + 1, len(data)))
        return cls(main, parts)


def bundled(main: bytes, included: Mapping[str, bytes]) -> bytes:
    """One text of all; `main` itself where it includes nothing."""
    parts = [main]
    if included and not main.endswith(b"\n"):
        parts.append(b"\n")
    for path, text in included.items():
        parts.append(b"#%%include %s %d\n" % (json.dumps(path).encode(), len(text)))
        parts += (text, b"\n")
    return b"".join(parts)


def inner_path(including: str, path: str) -> str:
    """The path of a file that another one includes, seen from the folder of the test."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(including), path))


def _lines(data: bytes) -> int:
    return len(LINE_BREAK.split(data.decode("utf-8", "replace"))) - 1
