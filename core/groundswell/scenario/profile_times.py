"""The times of a profile, as people and other tools write them.

    90, 0.5             seconds; so are those of Unix time
    1m30s               a duration
    08:30, 08:30:15     a time of day; 24:30 is half past midnight
    2026-11-24T08:30Z   a moment, as ISO 8601 writes it, or with a blank instead of the T

What counts is how long after the first row each is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from fractions import Fraction

from groundswell.scenario.shape import Refusal
from groundswell.units import parse_duration, shown

_NUMBER = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,18})?")
_CLOCK = re.compile(r"([0-9]{1,4}):([0-5][0-9])(?::([0-5][0-9](?:\.[0-9]{1,9})?))?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_HINT = "write seconds, 1m30s, 08:30 or 2026-11-24T08:30:00Z"


class Kind(Enum):
    """One file has times of one kind."""

    SECONDS = "a number of seconds"
    DURATION = "a duration"
    CLOCK = "a time of day"
    MOMENT = "a date and time"
    ZONED = "a date and time with a zone"


@dataclass(frozen=True, slots=True)
class Moment:
    """`seconds` count from a beginning that is the same for all moments of a kind."""

    text: str
    kind: Kind
    seconds: Fraction


def parse_moment(text: str) -> Moment:
    """Raises Refusal, or InvalidUnit for what seems to be a duration."""
    if not text:
        raise Refusal("a row has no time", _HINT)
    if text.startswith("-"):
        raise Refusal(f"the time {shown(text)} is negative", _HINT)
    if _NUMBER.fullmatch(text):
        return Moment(text, Kind.SECONDS, Fraction(text))
    if clock := _CLOCK.fullmatch(text):
        hours, minutes, seconds = (Fraction(part or 0) for part in clock.groups())
        return Moment(text, Kind.CLOCK, hours * 3600 + minutes * 60 + seconds)
    if _DATE.match(text):
        return _dated(text)
    if not text[0].isdigit():
        raise Refusal(f"{shown(text)} is no time", _HINT)
    return Moment(text, Kind.DURATION, parse_duration(text))


def _dated(text: str) -> Moment:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Refusal(f"{shown(text)} is no date and time", _HINT) from None
    kind = Kind.ZONED if moment.tzinfo else Kind.MOMENT
    since = moment - datetime(1970, 1, 1, tzinfo=UTC if moment.tzinfo else None)
    return Moment(text, kind, Fraction(since // timedelta(microseconds=1), 1_000_000))
