"""So many of something, as people say it."""

from __future__ import annotations


def counted(count: int, noun: str) -> str:
    """`1 agent`, `2 agents`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
