"""What a process that runs for long says of itself: lines on standard error, for people or for a log store."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., Any]")

TEXT, JSON = "text", "json"


def log_format_option(command: F) -> F:
    """`--log-format`, as `log_format: str`."""
    return click.option(
        "--log-format",
        type=click.Choice([TEXT, JSON]),
        default=TEXT,
        show_default=True,
        help="How the lines on standard error are written.",
    )(command)


def log_to_stderr(log_format: str, *, level: int = logging.INFO, who: str = "") -> None:
    """From now on everything that is logged, by libraries too, from `level` on; `who` stands in every line."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json(who) if log_format == JSON else _Text(who))
    logging.basicConfig(handlers=[handler], level=level)


class _Text(logging.Formatter):
    """`2026-03-01T12:00:00.123Z warning agent-1: the stream has ended`."""

    def __init__(self, who: str) -> None:
        super().__init__()
        self._who = f"{who}: " if who else ""

    def format(self, record: logging.LogRecord) -> str:
        lines = [f"{_time(record)} {record.levelname.lower()} {self._who}{record.getMessage()}"]
        if record.exc_info:
            lines.append(self.formatException(record.exc_info))
        return "\n".join(lines)


class _Json(logging.Formatter):
    """One object a line."""

    def __init__(self, who: str) -> None:
        super().__init__()
        self._who = {"agent": who} if who else {}

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            **self._who,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


def _time(record: logging.LogRecord) -> str:
    at = datetime.fromtimestamp(record.created, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"
