"""`groundswell import access-log`: what was asked for, and how often; with its timing, also when."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from groundswell.errors import GroundswellError
from groundswell.scenario.profile import MOST_ROWS
from groundswell.units import MAX_DURATION, format_duration
from groundswell_coordinator.counted import counted
from groundswell_coordinator.importers.access_log.arrival_table import arrival_table
from groundswell_coordinator.importers.access_log.lines import Line, lines_of, opened
from groundswell_coordinator.importers.draft import Draft, Request, Setting, Step, Weighted
from groundswell_coordinator.importers.load import steady
from groundswell_coordinator.importers.recorded import Converter, Recorded

if TYPE_CHECKING:
    from collections.abc import Iterable

# A log tells no bodies: what is sent with a body cannot be sent again.
_REPLAYED = frozenset(("GET", "HEAD", "OPTIONS"))
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_MOST_KEPT = 1_000_000
_LARGEST_WEIGHT = 1_000_000
# Of a path's answers; what is rarer is an exception.
_OFTEN = 0.1
_ORIGIN = "http://log"
_TARGET = "http://127.0.0.1:8080"
_SAFE = "/:@!$&()*+,;=~-._%?"

_Key = tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class LogOptions:
    """`every` is the width of the curve's steps, in seconds."""

    top: int = 50
    timing: bool = False
    speed: Fraction = Fraction(1)
    every: Fraction = Fraction(1)
    profile_name: str = ""


@dataclass
class _Counts:
    """A log, counted."""

    paths: Counter[_Key] = field(default_factory=Counter[_Key])
    statuses: dict[_Key, Counter[int]] = field(default_factory=dict[_Key, Counter[int]])
    seconds: Counter[int] = field(default_factory=Counter[int])
    others: Counter[str] = field(default_factory=Counter[str])
    unread: int = 0
    first_unread: bytes = b""

    def add(self, line: Line | bytes) -> None:
        if isinstance(line, bytes):
            self.unread += 1
            self.first_unread = self.first_unread or line
        elif line.method not in _REPLAYED:
            self.others[f"{line.method}: a log has no bodies"] += 1
        elif not line.target.startswith(b"/"):
            self.others["no path was requested (a proxy's or a scanner's requests)"] += 1
        else:
            self.seconds[line.second] += 1
            self._count((line.method, line.target), line.status)

    def _count(self, key: _Key, status: int) -> None:
        if key not in self.paths and len(self.paths) >= _MOST_KEPT:
            self.others["their paths are too many to be counted"] += 1
            return
        self.paths[key] += 1
        self.statuses.setdefault(key, Counter())[status] += 1


def import_access_log(path: str, options: LogOptions) -> Draft:
    counts = _Counts()
    with opened(path) as file:
        for line in lines_of(file):
            counts.add(line)
    if not counts.paths:
        raise _nothing(path, counts)
    converter = Converter(_ORIGIN)
    branches = list(_branches(counts, options.top, converter))
    steps: list[Step] = [Weighted(branches)]
    name = "<stdin>" if path == "-" else Path(path).name
    draft = Draft(
        test=(name.removesuffix(".gz").removesuffix(".log") or "log") if path != "-" else "log",
        origin=f"{name}: {counted(counts.seconds.total(), 'request')} in {_span(counts)}",
        target=_TARGET,
        scenario="visitors",
        load=_average(counts),
        steps=steps if len(branches) > 1 else [branches[0][1]],
        edit=["the target: a log does not say where it was written"],
        secrets=converter.secrets.notes(),
        lost=[*_notes(counts, options.top), *converter.lost],
    )
    if options.timing:
        _follow(draft, counts, options)
    return draft


def _branches(counts: _Counts, top: int, converter: Converter) -> Iterable[tuple[int, Request]]:
    """The most frequent paths with their weights."""
    most = counts.paths.most_common(top)
    scale = -(-most[0][1] // _LARGEST_WEIGHT)
    for key, count in most:
        method, target = key
        url = _ORIGIN + quote(target, safe=_SAFE)
        request = converter.request(Recorded(method, url))
        _expect(request, counts.statuses[key])
        yield max(1, count // scale), request


def _expect(request: Request, statuses: Counter[int]) -> None:
    """What was answered often is expected."""
    often = sorted(one for one, count in statuses.items() if count >= _OFTEN * statuses.total())
    if any(status in _REDIRECTS for status in often):
        # Where it led to is a line of its own in the log.
        request.redirects = 0
    if any(status >= 400 for status in often):
        request.expect_status = often


def _average(counts: _Counts) -> list[Setting]:
    total, span = counts.seconds.total(), _seconds(counts)
    per_second = total / span
    unit, factor = next(
        ((unit, factor) for unit, factor in (("s", 1), ("m", 60)) if per_second * factor >= 1),
        ("h", 3600),
    )
    rate = f"{per_second * factor:.{0 if per_second >= 100 else 1}f}".removesuffix(".0")
    peak = max(counts.seconds.values())
    settings = steady(1.0, f"{rate}/{unit}", per_second)
    settings[1].comment = f"the average of the log; its highest second has {peak}"
    settings[2] = Setting("duration", "10m", "edit: for how long")
    return settings


def _follow(draft: Draft, counts: _Counts, options: LogOptions) -> None:
    """The recorded arrivals as a curve beside the test."""
    if _seconds(counts) / options.speed > MAX_DURATION:
        longest = format_duration(MAX_DURATION)
        raise GroundswellError(
            f"the log spans {_span(counts)}", hint=f"a test lasts {longest} at most: cut the log"
        )
    table = arrival_table(counts.seconds, options.speed, options.every)
    if len(table.rows) > MOST_ROWS:
        raise GroundswellError(
            f"the curve would have {len(table.rows):,} rows, of which {MOST_ROWS:,} are read",
            hint="--every 10s makes its steps longer",
        )
    draft.files[options.profile_name] = table.text
    faster = "" if options.speed == 1 else f" at {float(options.speed):g} times the speed"
    draft.load = [
        Setting("executor", "ramping-arrival-rate"),
        Setting("profile", options.profile_name, f"the arrivals of the log{faster}"),
        Setting("max_vus", max(50, math.ceil(table.peak * 3)), "room for the slow ones"),
    ]
    draft.edit.append(
        f"{options.profile_name} has the requests of each {_width(options.every)}: within it, they "
        "are evenly spaced; which path comes when is drawn by the weights"
    )


def _width(every: Fraction) -> str:
    return "second" if every == 1 else format_duration(every)


def _notes(counts: _Counts, top: int) -> list[str]:
    notes = [f"{counted(count, 'request')}, {why}" for why, count in counts.others.items()]
    rest = counts.paths.most_common()[top:]
    if rest:
        requests = sum(count for _, count in rest)
        notes.append(
            f"{counted(len(rest), 'rarer path')} with {counted(requests, 'request')}: their load "
            f"goes to the {top} that are here; --top takes more"
        )
    if counts.unread:
        sample = counts.first_unread[:60].decode("utf-8", "replace").strip()
        notes.append(f"{counted(counts.unread, 'line')} in no known format, such as: {sample}")
    return notes


def _nothing(path: str, counts: _Counts) -> GroundswellError:
    if counts.others:
        return GroundswellError(
            f"{path} has no request that can be sent again: {'; '.join(counts.others)}"
        )
    sample = counts.first_unread[:80].decode("utf-8", "replace").strip()
    return GroundswellError(
        f"{path} has no line in the common or combined log format"
        + (f"; it begins {sample!r}" if sample else ": it is empty"),
        hint='127.0.0.1 - - [24/Nov/2026:22:56:26 +0000] "GET / HTTP/1.1" 200 612',
    )


def _seconds(counts: _Counts) -> int:
    return max(counts.seconds) - min(counts.seconds) + 1


def _span(counts: _Counts) -> str:
    return format_duration(Fraction(_seconds(counts)))
