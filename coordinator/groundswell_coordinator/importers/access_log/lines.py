"""Lines of an access log in the common or the combined format, as nginx and Apache write them.

127.0.0.1 - - [24/Nov/2026:22:56:26 +0000] "GET /products/7?page=2 HTTP/1.1" 200 612 "-" "curl/8"
"""

from __future__ import annotations

import gzip
import re
import sys
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, cast

from groundswell.errors import GroundswellError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

_LINE = re.compile(
    rb'\S+ \S+ .*?\[([^\]]{26})\] "((?:[^"\\]|\\.)*)" ([1-5][0-9]{2}) (?:[0-9]+|-)(?:\s|$)'
)
_ESCAPE = re.compile(rb"\\(?:x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), 1
    )
}
_MOMENT = re.compile(
    r"(\d{2})/(\w{3})/(\d{4}):(\d{2}):(\d{2}):(\d{2}) ([-+])(\d{2})(\d{2})", re.ASCII
)
# A line of a log is shorter; what is longer is another kind of file.
_LONGEST_LINE = 1024 * 1024


class Line(NamedTuple):
    """`second` of Unix time; `target` are the bytes that were requested. All empty for a line that is
    none.
    """

    number: int
    second: int
    method: str
    target: bytes
    status: int


@contextmanager
def opened(path: str) -> Generator[BinaryIO]:
    """A log, packed by gzip or not; standard input for `-`."""
    try:
        if path == "-":
            yield sys.stdin.buffer
        elif path.endswith(".gz"):
            with gzip.open(path, "rb") as packed:
                yield cast("BinaryIO", packed)
        else:
            with open(path, "rb") as file:
                yield file
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise GroundswellError(f"cannot read {path}: {reason}") from error


def lines_of(file: Iterable[bytes]) -> Iterator[Line | bytes]:
    """Each line that is not empty; one that cannot be read comes as it is."""
    clock: dict[bytes, int | None] = {}
    for number, raw in enumerate(file, 1):
        if not raw.strip():
            continue
        match = _LINE.match(raw) if len(raw) <= _LONGEST_LINE else None
        if match is None:
            yield raw
            continue
        if match[1] not in clock:
            # Most lines have the second of the one before.
            clock = {match[1]: _second(match[1])}
        second, request = clock[match[1]], match[2].split(b" ")
        if second is None or len(request) not in (2, 3) or not request[0].isalpha():
            yield raw
            continue
        target = _ESCAPE.sub(_byte, request[1])
        yield Line(number, second, request[0].decode().upper(), target, int(match[3]))


def _byte(match: re.Match[bytes]) -> bytes:
    return bytes([int(match[1], 16)]) if match[1] else match[2]


def _second(text: bytes) -> int | None:
    match = _MOMENT.fullmatch(text.decode("latin-1"))
    if match is None or match[2] not in _MONTHS:
        return None
    day, month, year, hour, minute, second, sign, hours, minutes = match.groups()
    try:
        local = datetime(
            int(year), _MONTHS[month], int(day), int(hour), int(minute), int(second), tzinfo=UTC
        )
    except ValueError:
        return None
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return int((local - offset if sign == "+" else local + offset).timestamp())
