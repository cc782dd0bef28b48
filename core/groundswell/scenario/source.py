"""The text of a test with what belongs to it: all that travels to agents, so that each of them
reads the same test.
"""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from groundswell.errors import InvalidTest, Problem
from groundswell.scenario.template import mentioned_env

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class TestSource:
    """`name` is what problems call the file; `env` may hold secrets and is shown nowhere."""

    # pytest takes every class called Test… for one of its own.
    __test__ = False

    name: str
    text: bytes
    env: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    target: str | None = None

    @property
    def hash(self) -> str:
        """Of the text alone: the same test with another environment is the same test."""
        return hashlib.sha256(self.text).hexdigest()


def read_source(
    path: str, env: Mapping[str, str] | None = None, target: str | None = None
) -> TestSource:
    """Read a file, or standard input for `-`. Of `env` only what the test mentions is kept."""
    name = "<stdin>" if path == "-" else path
    text = _read(path, name)
    if len(text) > MAX_BYTES:
        raise _unreadable(
            name, "the file is larger than 10 MiB", "a test is text, data has its own file"
        )
    env = env or {}
    mentioned = {key: env[key] for key in sorted(mentioned_env(text)) if key in env}
    return TestSource(name, text, mentioned, target)


def _read(path: str, name: str) -> bytes:
    # One byte more than allowed tells "too large" without reading what may never end.
    try:
        if path == "-":
            return sys.stdin.buffer.read(MAX_BYTES + 1)
        with Path(path).open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise _unreadable(name, "there is no such file", "look at the path") from None
    except IsADirectoryError:
        raise _unreadable(name, "this is a directory", "name the test file in it") from None
    except PermissionError:
        raise _unreadable(name, "you may not read this file", "look at its permissions") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _unreadable(name, f"the file cannot be read: {reason}", None) from None


def _unreadable(name: str, message: str, hint: str | None) -> InvalidTest:
    return InvalidTest([Problem(name, 0, 0, message, hint)])
