"""A curve of arrivals as a table: two columns, `time` and `rate`, and straight lines between its rows.

    time,rate
    08:00,40
    09:30,220

The first row is the start of the scenario and the last one its end. Two rows of one time are a jump.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from groundswell.errors import InvalidUnit
from groundswell.scenario.decoding import LINE_BREAK
from groundswell.scenario.model import OpenStage
from groundswell.scenario.problems import Place
from groundswell.scenario.profile_times import Kind, Moment, parse_moment
from groundswell.scenario.shape import Refusal
from groundswell.units import MAX_DURATION, MAX_RATE, format_duration, parse_rate, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from groundswell.scenario.problems import Problems

# A day of steps of a second, each with its two ends.
MOST_ROWS = 200_000
# As many arrivals as can be told apart.
_MOST_ARRIVALS = 2**53
_COLUMNS = ("time", "rate")
_HEAD_HINT = "the first line names the columns: time,rate"
_NUMBER = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,18})?(?:[eE][-+]?[0-9]{1,2})?")


@dataclass(frozen=True, slots=True)
class Profile:
    """What a scenario with arrivals does with it: rates in events per second, exact."""

    start_rate: Fraction
    stages: tuple[OpenStage, ...]


class _Row(NamedTuple):
    place: Place
    moment: Moment
    rate: Fraction


class _Unreadable(Exception):
    """The problem has been noted."""


def read_profile(content: bytes, first_line: int, problems: Problems) -> Profile | None:
    """The profile in a file that begins at a line of the bundle; None, and problems say why."""
    before = len(problems)
    try:
        rows = list(_rows(content, first_line, problems))
    except _Unreadable:
        return None
    if len(problems) == before:
        _check_whole(rows, Place(first_line, 1), problems)
    if len(problems) > before:
        return None
    stages = (
        OpenStage(duration=row.moment.seconds - last.moment.seconds, target=row.rate)
        for last, row in pairwise(rows)
    )
    return Profile(rows[0].rate, tuple(stages))


def _rows(content: bytes, first_line: int, problems: Problems) -> Iterator[_Row]:
    """Each is checked against the one before it; what is wrong with one hides none of the others."""
    lines = _lines(content, first_line, problems)
    where: Sequence[int] | None = None
    last, count = None, 0
    for place, cells in lines:
        if where is None:
            where = _columns(cells, place, problems)
            continue
        count += 1
        if count > MOST_ROWS:
            hint = "give the curve in larger steps: lines are drawn between its rows"
            problems.add(place, f"more than {MOST_ROWS} rows", hint)
            raise _Unreadable
        row = _row(cells, where, place, problems)
        if row is None or not _follows(row, last, problems):
            continue
        last = row
        yield row


def _lines(
    content: bytes, first_line: int, problems: Problems
) -> Iterator[tuple[Place, list[str]]]:
    """The cells of every line that is not empty."""
    try:
        text = content.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        above = LINE_BREAK.findall(content[: error.start].decode("utf-8"))
        problems.add(
            Place(first_line + len(above), 1), "the profile is not UTF-8", "save it as CSV in UTF-8"
        )
        raise _Unreadable from None
    for number, line in enumerate(LINE_BREAK.split(text), first_line):
        if line.strip():
            yield Place(number, 1), _cells(line)


def _cells(line: str) -> list[str]:
    cells = next(csv.reader([line])) if '"' in line else line.split(",")
    return [cell.strip() for cell in cells]


def _columns(cells: list[str], place: Place, problems: Problems) -> Sequence[int]:
    names = [cell.lower() for cell in cells]
    missing = [name for name in _COLUMNS if names.count(name) != 1]
    if not missing:
        return tuple(names.index(name) for name in _COLUMNS)
    hint = _HEAD_HINT
    if len(cells) == 1 and (separator := re.search(r"[;\t]", cells[0])):
        hint = f"separate them by commas, not by {separator[0]!r}"
    twice = missing[0] in names
    message = f"two columns are called `{missing[0]}`" if twice else f"no column `{missing[0]}`"
    problems.add(place, message, hint)
    raise _Unreadable


def _row(cells: list[str], where: Sequence[int], place: Place, problems: Problems) -> _Row | None:
    if len(cells) <= max(where):
        problems.add(place, f"a row of {len(cells)} cells has no `time` and `rate`")
        return None
    time, rate = (cells[column] for column in where)
    try:
        return _Row(place, parse_moment(time), _rate(rate))
    except InvalidUnit as error:
        problems.add(place, error.message, error.hint)
    except Refusal as refusal:
        problems.add(place, refusal.message, refusal.hint)
    return None


def _rate(text: str) -> Fraction:
    """`12.5` per second, or `30/m`."""
    if not text:
        raise Refusal("a row has no rate", "write 0, or leave the row out: a line is drawn over it")
    if not _NUMBER.fullmatch(text):
        return parse_rate(text)
    rate = Fraction(text)
    if rate > MAX_RATE:
        raise Refusal(f"the rate {shown(text)} is too high", f"the highest is {MAX_RATE}/s")
    return rate


def _follows(row: _Row, last: _Row | None, problems: Problems) -> bool:
    if last is None:
        return True
    moment, before = row.moment, last.moment
    if moment.kind != before.kind:
        message = (
            f"{shown(moment.text)} is {moment.kind.value}, the row above has {before.kind.value}"
        )
        problems.add(row.place, message, "write all times in one way")
    elif moment.seconds < before.seconds:
        hint = "sort the rows by time" + (
            "; after midnight, hours go on: 24:30" if moment.kind is Kind.CLOCK else ""
        )
        message = f"{shown(moment.text)} is before {shown(before.text)} in the row above"
        problems.add(row.place, message, hint)
    else:
        return True
    return False


def _check_whole(rows: Sequence[_Row], start: Place, problems: Problems) -> None:
    """What only all rows together can be."""
    if not rows:
        problems.add(start, "the profile has no rows", _HEAD_HINT)
        return
    span = rows[-1].moment.seconds - rows[0].moment.seconds
    last = rows[-1].place
    if not span:
        problems.add(last, "the profile lasts no time", "its last row is its end")
    elif span > MAX_DURATION:
        hint = f"the longest is {format_duration(MAX_DURATION)}; a bare time is in seconds"
        problems.add(last, "the profile is too long", hint)
    elif not any(row.rate for row in rows):
        problems.add(last, "every rate of the profile is 0", "there would be no load")
    elif _arrivals(rows) > _MOST_ARRIVALS:
        problems.add(last, "the profile plans more arrivals than can be told apart (2**53)")


def _arrivals(rows: Sequence[_Row]) -> float:
    return sum(
        float(row.moment.seconds - last.moment.seconds) * float(row.rate + last.rate) / 2
        for last, row in pairwise(rows)
    )
