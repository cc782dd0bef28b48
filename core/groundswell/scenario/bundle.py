"""A test with the files that it names, as one text: all of it travels, is hashed and is stored as
one thing, and every problem is still told by the file and line that people know.

    the test
    #%include "steps/login.yaml" 47
    the 47 bytes of that file
    #%profile "day.csv" "browse" 120
    the 120 bytes of a profile that `--profile browse=day.csv` gave to the run
    …
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from groundswell.files.named import inner_path
from groundswell.scenario.decoding import LINE_BREAK

if TYPE_CHECKING:
    from collections.abc import Mapping

# What json.dumps makes of a text, and nothing that json.loads might refuse.
_TEXT = rb"""("(?:[ !#-\[\]-~]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")"""
_PART = re.compile(
    rb"^#%%(?:include %(text)s|profile %(text)s %(text)s) ([0-9]{1,9})\n" % {b"text": _TEXT},
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Part:
    """An included file. `first_line` is where it begins in the bundle, from 1."""

    path: str
    text: bytes
    first_line: int


@dataclass(frozen=True, slots=True)
class GivenProfile(Part):
    """A profile out of the run's options, its path as it was typed. `scenario` is "" where the test
    is to have one scenario only that it can be for.
    """

    scenario: str


@dataclass(frozen=True, slots=True)
class Bundle:
    """`parts` by their paths, seen from the folder of the test."""

    main: bytes
    parts: Mapping[str, Part] = field(default_factory=dict[str, Part])
    profiles: tuple[GivenProfile, ...] = ()

    @classmethod
    def of(cls, data: bytes) -> Bundle:
        match = _PART.search(data)
        if match is None:
            return cls(data)
        main, parts = data[: match.start()], dict[str, Part]()
        profiles = list[GivenProfile]()
        counted, line = 0, 1
        while match is not None:
            end = match.end() + int(match[4])
            text = data[match.end() : end]
            counted, line = match.end(), line + _lines(data[counted : match.end()])
            if match[1] is None:
                path, scenario = json.loads(match[2]), json.loads(match[3])
                profiles.append(GivenProfile(path, text, line, scenario))
            else:
                path = json.loads(match[1])
                parts[path] = Part(path, text, line)
            match = _PART.match(data, min(end + 1, len(data)))
        return cls(main, parts, tuple(profiles))

    def places(self, test: str) -> list[tuple[int, str]]:
        """Where each file begins, and what people call it who call the test's own file `test`."""
        parts = [(part.first_line, inner_path(test, path)) for path, part in self.parts.items()]
        return [*parts, *((profile.first_line, profile.path) for profile in self.profiles)]


def bundled(
    main: bytes,
    included: Mapping[str, bytes],
    profiles: Mapping[str, tuple[str, bytes]] | None = None,
) -> bytes:
    """One text of all; `main` itself where it includes nothing. `profiles` by their scenarios, each
    with its path.
    """
    parts = [(b"#%%include %s" % _quoted(path), text) for path, text in included.items()]
    for scenario, (path, text) in (profiles or {}).items():
        parts.append((b"#%%profile %s %s" % (_quoted(path), _quoted(scenario)), text))
    pieces = [main]
    if parts and not main.endswith(b"\n"):
        pieces.append(b"\n")
    for head, text in parts:
        pieces += (b"%s %d\n" % (head, len(text)), text, b"\n")
    return b"".join(pieces)


def _quoted(text: str) -> bytes:
    return json.dumps(text).encode()


def _lines(data: bytes) -> int:
    return len(LINE_BREAK.split(data.decode("utf-8", "replace"))) - 1
