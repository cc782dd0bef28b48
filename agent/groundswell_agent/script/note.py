"""What is found out about a test's code under load, for people."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Note:
    """`code` is exception or blocked; `place` a line of the test, of which all that is said is one."""

    code: str
    message: str
    place: str
    hint: str = ""
