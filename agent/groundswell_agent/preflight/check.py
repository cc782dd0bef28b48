"""One thing that was looked at before the load, and what was found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Status(Enum):
    """ERROR: something will not work."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Check:
    """`subject` is what was looked at, in a word. What is not OK has a `code`, for scripts.

    `refuses`: with this the run would be senseless, so none is begun. Whatever is wrong with the
    target does not: it may come up in time, and what its requests then come to is what is measured.
    """

    subject: str
    status: Status
    message: str
    hint: str | None = None
    code: str = ""
    refuses: bool = False


def ok(subject: str, message: str) -> Check:
    return Check(subject, Status.OK, message)


def warning(subject: str, code: str, message: str, hint: str | None = None) -> Check:
    return Check(subject, Status.WARNING, message, hint, code)


def error(
    subject: str, code: str, message: str, hint: str | None = None, *, refuses: bool = False
) -> Check:
    return Check(subject, Status.ERROR, message, hint, code, refuses)
