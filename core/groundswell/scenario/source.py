"""The text of a test with what belongs to it: all that travels to agents, so that each of them
reads the same test.
"""

from __future__ import annotations

import hashlib
import sys
from codecs import BOM_UTF8
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from groundswell.errors import InvalidTest, Problem
from groundswell.files.named import inner_path
from groundswell.files.places import UNSEEN, Beside
from groundswell.files.stamp import stamp_of
from groundswell.scenario.bundle import bundled
from groundswell.scenario.includes import included_paths
from groundswell.scenario.template import mentioned_env
from groundswell.script.source import is_script, script_env, script_parts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from groundswell.files.places import Files

MAX_BYTES = 10 * 1024 * 1024
_TOO_LARGE = ("the file is larger than 10 MiB", "a test is text, data has its own file")


@dataclass(frozen=True, slots=True)
class TestSource:
    """`name` is what problems call the file; `env` may hold secrets and is shown nowhere; `files` is
    where what the test names beside is to be found.
    """

    # pytest takes every class called Test… for one of its own.
    __test__ = False

    name: str
    text: bytes
    env: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    target: str | None = None
    files: Files = field(default=UNSEEN, repr=False, compare=False)

    @property
    def hash(self) -> str:
        """Of the text alone: the same test with another environment is the same test."""
        return hashlib.sha256(self.text).hexdigest()


def read_source(
    path: str,
    env: Mapping[str, str] | None = None,
    target: str | None = None,
    profiles: Mapping[str, str] | None = None,
) -> TestSource:
    """Read a file, or standard input for `-`, with all that it includes or imports. Of `env` only
    what the test mentions is kept. `profiles` are paths by scenarios; "" for the only one that can
    have one. A test in Python is evaluated for it, in a process of its own.
    """
    name = "<stdin>" if path == "-" else path
    main = _read(path, name)
    env = env or {}
    given = {
        scenario: (profile, _bytes_of(profile)) for scenario, profile in (profiles or {}).items()
    }
    if is_script(path):
        parts = script_parts(main, path, env, _bytes_of)
    else:
        parts = _included(main, "" if path == "-" else path)
    text = bundled(main, parts, given)
    if len(text) > MAX_BYTES:
        raise _unreadable(name, *_TOO_LARGE)
    mentioned = {key: env[key] for key in sorted(asked_env(name, text)) if key in env}
    folder = Path(path).parent if path != "-" else Path()
    return TestSource(name, text, mentioned, target, Beside(folder))


def asked_env(name: str, text: bytes) -> set[str]:
    """The variables that a test asks for."""
    return script_env(text, name) if is_script(name) else mentioned_env(text)


def sealed(source: TestSource, paths: Sequence[str]) -> TestSource:
    """The same source with the stamps of the files that its test names, each read once for it: ready to
    travel. Raises FileUnavailable where one is gone meanwhile.
    """
    if not paths or not isinstance(source.files, Beside):
        return source
    stamps = {path: stamp_of(source.files.folder / path, path) for path in paths}
    return replace(source, files=replace(source.files, stamps=stamps))


def _included(main: bytes, path: str) -> dict[str, bytes]:
    """All files that are included, those by others too, by their paths from the test's folder."""
    found: dict[str, bytes] = {}
    waiting = [("", main)]
    size = len(main)
    while waiting:
        including, text = waiting.pop(0)
        for inner, place in included_paths(text, including):
            if inner in found or size > MAX_BYTES:
                continue
            try:
                part = _bytes_of(str(Path(path).parent / inner)).removeprefix(BOM_UTF8)
            except InvalidTest as error:
                told = error.problems[0]
                message = f"the included file {place.shown}: {told.message}"
                name = inner_path(path, including) if including else path or "<stdin>"
                problem = Problem(name, place.line, place.column, message, told.hint)
                raise InvalidTest([problem]) from None
            found[inner] = part
            size += len(part)
            waiting.append((inner, part))
    return found


def _read(path: str, name: str) -> bytes:
    if path != "-":
        return _bytes_of(path)
    text = sys.stdin.buffer.read(MAX_BYTES + 1)
    if len(text) > MAX_BYTES:
        raise _unreadable(name, *_TOO_LARGE)
    return text


def _bytes_of(path: str) -> bytes:
    # One byte more than allowed tells "too large" without reading what may never end.
    try:
        with Path(path).open("rb") as file:
            text = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise _unreadable(path, "there is no such file", "look at the path") from None
    except IsADirectoryError:
        raise _unreadable(path, "this is a directory", "name the test file in it") from None
    except PermissionError:
        raise _unreadable(path, "you may not read this file", "look at its permissions") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _unreadable(path, f"the file cannot be read: {reason}", None) from None
    if len(text) > MAX_BYTES:
        raise _unreadable(path, *_TOO_LARGE)
    return text


def _unreadable(name: str, message: str, hint: str | None) -> InvalidTest:
    return InvalidTest([Problem(name, 0, 0, message, hint)])
