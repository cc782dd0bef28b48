"""What people should know of a run, whatever its verdict."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RunWarning:
    """`code` is for scripts, `message` for people; `agent` where it is of one alone."""

    code: str
    message: str
    agent: str | None = None
