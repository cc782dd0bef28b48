"""A log, counted: how often each path was asked for, what was answered, and when."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from groundswell_coordinator.importers.recorded import without_ids

if TYPE_CHECKING:
    from collections.abc import Iterable

    from groundswell_coordinator.importers.access_log.lines import Line

# A log tells no bodies: what is sent with a body cannot be sent again.
_REPLAYED = frozenset(("GET", "HEAD", "OPTIONS"))
_MOST_PATHS = 1_000_000
# Of one pattern; the most frequent ones stand for the others.
_MOST_OF_A_PATTERN = 20

# A method, and what was requested with its query.
Path = tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class Pattern:
    """Paths that differ in their ids and in the values of their queries only, the most frequent first."""

    paths: list[tuple[Path, int]]

    @property
    def total(self) -> int:
        return sum(count for _, count in self.paths)

    @property
    def kept(self) -> list[tuple[Path, int]]:
        return self.paths[:_MOST_OF_A_PATTERN]

    @property
    def share(self) -> float:
        """How much more often each that is kept comes, to stand for the others as well."""
        return self.total / sum(count for _, count in self.kept)


@dataclass
class Counts:
    """`seconds` are the requests by the second of Unix time, `others` what is not sent again."""

    paths: Counter[Path] = field(default_factory=Counter[Path])
    statuses: dict[Path, Counter[int]] = field(default_factory=dict[Path, Counter[int]])
    seconds: Counter[int] = field(default_factory=Counter[int])
    others: Counter[str] = field(default_factory=Counter[str])
    unread: int = 0
    first_unread: bytes = b""

    def add_all(self, lines: Iterable[Line | bytes]) -> None:
        for line in lines:
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

    def _count(self, path: Path, status: int) -> None:
        if path not in self.paths and len(self.paths) >= _MOST_PATHS:
            self.others["their paths are too many to be counted"] += 1
            return
        self.paths[path] += 1
        self.statuses.setdefault(path, Counter())[status] += 1

    @property
    def span(self) -> int:
        """Seconds from the first to the last, both included."""
        return max(self.seconds) - min(self.seconds) + 1

    def patterns(self) -> list[Pattern]:
        """The most frequent first."""
        found: defaultdict[tuple[str, str, tuple[str, ...]], list[tuple[Path, int]]]
        found = defaultdict(list)
        for path, count in self.paths.most_common():
            found[_pattern_of(path)].append((path, count))
        return sorted(map(Pattern, found.values()), key=lambda pattern: -pattern.total)


def _pattern_of(path: Path) -> tuple[str, str, tuple[str, ...]]:
    method, target = path
    place, _, query = target.decode("latin-1").partition("?")
    keys = tuple(part.partition("=")[0] for part in query.split("&"))
    return method, without_ids(place), keys
