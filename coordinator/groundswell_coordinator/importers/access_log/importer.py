"""`groundswell import access-log`: what was asked for, and how often; with its timing, also when."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING
from urllib.parse import quote

from groundswell.errors import GroundswellError
from groundswell.scenario.profile import MOST_ROWS
from groundswell.units import MAX_DURATION, format_duration
from groundswell_coordinator.counted import counted
from groundswell_coordinator.importers.access_log.arrival_table import arrival_table
from groundswell_coordinator.importers.access_log.counts import Counts
from groundswell_coordinator.importers.access_log.lines import lines_of, opened
from groundswell_coordinator.importers.draft import (
    Draft,
    Request,
    Setting,
    Step,
    Weighted,
    literal,
)
from groundswell_coordinator.importers.load import steady
from groundswell_coordinator.importers.reading import name_of
from groundswell_coordinator.importers.recorded import Converter, Recorded

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Sequence

    from groundswell_coordinator.importers.access_log.counts import Pattern

_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_LARGEST_WEIGHT = 1_000_000
# Of a path's answers; what is rarer is an exception.
_OFTEN = 0.1
_ORIGIN = "http://log"
_TARGET = "http://127.0.0.1:8080"
_SAFE = "/:@!$&()*+,;=~-._%?"


@dataclass(frozen=True, slots=True)
class LogOptions:
    """`every` is the width of the curve's steps, in seconds."""

    top: int = 50
    timing: bool = False
    speed: Fraction = Fraction(1)
    every: Fraction = Fraction(1)
    profile_name: str = ""


def import_access_log(path: str, options: LogOptions) -> Draft:
    counts = Counts()
    with opened(path) as file:
        counts.add_all(lines_of(file))
    if not counts.paths:
        raise _nothing(path, counts)
    converter, patterns = Converter(_ORIGIN), counts.patterns()
    branches = _branches(patterns[: options.top], counts, converter)
    steps: list[Step] = [Weighted(branches)]
    name = name_of(path)
    draft = Draft(
        test=literal(_stem(name)),
        origin=f"{name}: {counted(counts.seconds.total(), 'request')} in {_span(counts)}",
        target=_TARGET,
        scenario="visitors",
        load=_average(counts),
        steps=steps if len(branches) > 1 else [branches[0][1]],
        edit=["the target: a log does not say where it was written"],
        secrets=converter.secrets.notes(),
        lost=[*_notes(counts, patterns, options.top), *converter.lost],
    )
    if options.timing:
        _follow(draft, counts, options)
    return draft


def _stem(name: str) -> str:
    """`shop` of `shop.log.gz`."""
    return "".join(filter(str.isprintable, name.removesuffix(".gz").removesuffix(".log"))) or "log"


def _branches(
    patterns: Sequence[Pattern], counts: Counts, converter: Converter
) -> list[tuple[int, Request]]:
    """Each pattern by its most frequent paths: what is not kept of it is not lost to it."""
    weighted: list[tuple[float, Request]] = []
    for pattern in patterns:
        for (method, target), count in pattern.kept:
            url = _ORIGIN + quote(target, safe=_SAFE)
            request = converter.request(Recorded(method, url))
            _expect(request, counts.statuses[method, target])
            weighted.append((count * pattern.share, request))
    scale = max(1, max(weight for weight, _ in weighted) / _LARGEST_WEIGHT)
    return [(max(1, round(weight / scale)), request) for weight, request in weighted]


def _expect(request: Request, statuses: Counter[int]) -> None:
    """What was answered often is expected."""
    often = sorted(one for one, count in statuses.items() if count >= _OFTEN * statuses.total())
    if any(status in _REDIRECTS for status in often):
        # Where it led to is a line of its own in the log.
        request.redirects = 0
    if any(status >= 400 for status in often):
        request.expect_status = often


def _average(counts: Counts) -> list[Setting]:
    total, span = counts.seconds.total(), counts.span
    per_second = total / span
    unit, factor = next(
        ((unit, factor) for unit, factor in (("s", 1), ("m", 60)) if per_second * factor >= 1),
        ("h", 3600),
    )
    number = max(per_second * factor, 1e-6)
    digits = 0 if number >= 100 else 1 if number >= 1 else 6
    rate = f"{number:.{digits}f}".removesuffix(".0")
    peak = max(counts.seconds.values())
    settings = steady(1.0, f"{rate}/{unit}", per_second)
    settings[1].comment = f"the average of the log; its highest second has {peak}"
    settings[2] = Setting("duration", "10m", "edit: for how long")
    return settings


def _follow(draft: Draft, counts: Counts, options: LogOptions) -> None:
    """The recorded arrivals as a curve beside the test."""
    if counts.span / options.speed > MAX_DURATION:
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


def _notes(counts: Counts, patterns: Sequence[Pattern], top: int) -> list[str]:
    notes = [f"{counted(count, 'request')}, {why}" for why, count in counts.others.items()]
    similar = [path for pattern in patterns[:top] for path in pattern.paths[len(pattern.kept) :]]
    if similar:
        notes.append(
            f"{_paths(similar)}: others that differ in their ids or queries only come more often "
            "in their place"
        )
    rarer = [path for pattern in patterns[top:] for path in pattern.paths]
    if rarer:
        notes.append(f"{_paths(rarer)}: their load goes to the others; --top {top * 2} takes more")
    if counts.unread:
        sample = counts.first_unread[:60].decode("utf-8", "replace").strip()
        notes.append(f"{counted(counts.unread, 'line')} in no known format, such as: {sample}")
    return notes


def _paths(paths: Sequence[tuple[object, int]]) -> str:
    requests = counted(sum(count for _, count in paths), "request")
    return f"{counted(len(paths), 'rarer path')} with {requests}"


def _nothing(path: str, counts: Counts) -> GroundswellError:
    if counts.others:
        return GroundswellError(
            f"{name_of(path)} has no request that can be sent again: {'; '.join(counts.others)}"
        )
    sample = counts.first_unread[:80].decode("utf-8", "replace").strip()
    return GroundswellError(
        f"{name_of(path)} has no line in the common or combined log format"
        + (f"; it begins {sample!r}" if sample else ": it is empty"),
        hint='127.0.0.1 - - [24/Nov/2026:22:56:26 +0000] "GET / HTTP/1.1" 200 612',
    )


def _span(counts: Counts) -> str:
    return format_duration(Fraction(counts.span))
