"""Durations, rates, shares and sizes as people write them, read exactly.

    parse_duration("1m30s")  -> Fraction(90)          seconds
    parse_rate("30/m")       -> Fraction(1, 2)        events per second
    parse_share("0.1%")      -> Fraction(1, 1000)
    parse_size("64KiB")      -> 65536                 bytes

A schedule adds up thousands of these, so nothing passes through a float: `0.1s` is one tenth, not
the double nearest to it. What does not parse raises `InvalidUnit`, whose hint says what to write
instead.
"""

from __future__ import annotations

import re
from fractions import Fraction

from groundswell.errors import InvalidUnit

# The largest first: the order in which the parts of `1h30m` stand, too.
DURATION_UNITS: dict[str, Fraction] = {
    "d": Fraction(86_400),
    "h": Fraction(3_600),
    "m": Fraction(60),
    "s": Fraction(1),
    "ms": Fraction(1, 1_000),
    "us": Fraction(1, 1_000_000),
}
RATE_UNITS: dict[str, Fraction] = {"s": Fraction(1), "m": Fraction(60), "h": Fraction(3_600)}
SIZE_UNITS: dict[str, int] = {
    "B": 1,
    "kB": 1_000,
    "KB": 1_000,
    "MB": 1_000_000,
    "GB": 1_000_000_000,
    "KiB": 1 << 10,
    "MiB": 1 << 20,
    "GiB": 1 << 30,
}
_OTHER_SPELLINGS = {
    **dict.fromkeys(("day", "days"), "d"),
    **dict.fromkeys(("hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), "m"),
    **dict.fromkeys(("sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("msec", "millis", "millisecond", "milliseconds"), "ms"),
    **dict.fromkeys(("µs", "μs", "usec", "micros", "microsecond", "microseconds"), "us"),
}

# The digits are bounded because a number of a million digits is an attack, not a load: Python takes
# seconds to read it.
_DIGITS = r"[0-9]{1,18}"
NUMBER_PATTERN = rf"{_DIGITS}(?:\.{_DIGITS})?"
DURATION_PATTERN = "(?=[0-9])" + "".join(rf"(?:{NUMBER_PATTERN}{u})?" for u in DURATION_UNITS)
RATE_PATTERN = rf"{NUMBER_PATTERN}/[{''.join(RATE_UNITS)}]"

_NUMBER = re.compile(NUMBER_PATTERN)
_DURATION = re.compile(DURATION_PATTERN)
_PART = re.compile(rf"({NUMBER_PATTERN})([a-z]+)")
_LOOSE = re.compile(rf"({NUMBER_PATTERN})\s*([^\W\d_]*)")
_RATE = re.compile(rf"({NUMBER_PATTERN})/([{''.join(RATE_UNITS)}])")
_SIZE = re.compile(rf"({NUMBER_PATTERN})({'|'.join(SIZE_UNITS)})")

MAX_DURATION = Fraction(366 * 86_400)
MAX_RATE = Fraction(1_000_000_000)
_MAX_SIZE = 1 << 40

_DURATION_HINT = "write a number and a unit: 300ms, 10s, 1m30s, 2h"
_RATE_HINT = "write events per second, minute or hour: 500/s, 30/m, 10/h"


def parse_number(text: str) -> Fraction:
    """`12`, `0.5`: a plain decimal number that is not negative."""
    if not _NUMBER.fullmatch(text):
        raise InvalidUnit(f"{shown(text)} is not a plain number", hint="write it as 12 or 0.5")
    return Fraction(text)


def parse_duration(text: str) -> Fraction:
    """`300ms`, `1m30s`, `1.5h` as exact seconds."""
    if not _DURATION.fullmatch(text):
        raise _not_a_duration(text)
    parts = _PART.findall(text)
    seconds = sum((Fraction(n) * DURATION_UNITS[unit] for n, unit in parts), Fraction(0))
    if seconds > MAX_DURATION:
        raise InvalidUnit(f"{shown(text)} is too long", hint="the longest is 366d")
    return seconds


def parse_rate(text: str) -> Fraction:
    """`500/s`, `30/m`, `10/h` as exact events per second."""
    match = _RATE.fullmatch(text)
    if match is None:
        raise _not_a_rate(text)
    rate = Fraction(match[1]) / RATE_UNITS[match[2]]
    if rate > MAX_RATE:
        raise InvalidUnit(f"{shown(text)} is too high", hint=f"the highest is {MAX_RATE}/s")
    return rate


def parse_share(text: str) -> Fraction:
    """`0.1%` or `0.001` as an exact part of one."""
    number, percent, rest = text.partition("%")
    if rest or not _NUMBER.fullmatch(number):
        raise InvalidUnit(f"{shown(text)} is not a share", hint="write 0.1% or 0.001")
    share = Fraction(number) / (100 if percent else 1)
    if share > 1:
        hint = f"write {text}%" if not percent and share <= 100 else None
        raise InvalidUnit(f"{shown(text)} is more than the whole", hint=hint)
    return share


def parse_size(text: str) -> int:
    """`64KiB`, `1.5MB`, `100B` as bytes."""
    match = _SIZE.fullmatch(text)
    if match is None:
        raise InvalidUnit(f"{shown(text)} is not a size", hint="write 512B, 64KiB or 10MB")
    size = Fraction(match[1]) * SIZE_UNITS[match[2]]
    if size.denominator != 1:
        raise InvalidUnit(f"{shown(text)} is not a whole number of bytes")
    if size > _MAX_SIZE:
        raise InvalidUnit(f"{shown(text)} is too large", hint="the largest is 1024GiB")
    return int(size)


def format_duration(seconds: Fraction) -> str:
    """Ninety seconds are `1m30s`; what is below a microsecond is left out."""
    parts: list[str] = []
    rest = seconds
    for unit, length in DURATION_UNITS.items():
        count, rest = divmod(rest, length)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def shown(text: str) -> str:
    """The text between quotes, cut where it is long: a message stays one line."""
    return repr(text if len(text) <= 60 else text[:57] + "…")


def _not_a_duration(text: str) -> InvalidUnit:
    if text.startswith("-") and _DURATION.fullmatch(text[1:]):
        return InvalidUnit(f"{shown(text)} is negative", hint=_DURATION_HINT)
    loose = _LOOSE.fullmatch(text)
    if loose is None:
        return InvalidUnit(f"{shown(text)} is not a duration", hint=_DURATION_HINT)
    number, unit = loose.groups()
    if not unit:
        return InvalidUnit(
            f"{number} has no unit", hint=f"write {number}s for seconds, {number}ms, {number}m …"
        )
    known = _OTHER_SPELLINGS.get(unit.lower(), unit.lower())
    hint = f"write {number}{known}" if known in DURATION_UNITS else _DURATION_HINT
    return InvalidUnit(f"{shown(text)} is not a duration", hint=hint)


def _not_a_rate(text: str) -> InvalidUnit:
    if text.startswith("-") and _LOOSE.match(text[1:]):
        return InvalidUnit(f"{shown(text)} is negative", hint=_RATE_HINT)
    if _NUMBER.fullmatch(text):
        return InvalidUnit(f"{text} has no unit", hint=f"write {text}/s, or add time_unit")
    number, slash, unit = (part.strip() for part in text.partition("/"))
    known = _OTHER_SPELLINGS.get(unit.lower(), unit.lower())
    if slash and known in RATE_UNITS and _NUMBER.fullmatch(number):
        return InvalidUnit(f"{shown(text)} is not a rate", hint=f"write {number}/{known}")
    return InvalidUnit(f"{shown(text)} is not a rate", hint=_RATE_HINT)
