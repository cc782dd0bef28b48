"""A series: a metric and the tags that its samples share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Series:
    """`metric` with its tags, sorted by key, so that equal series are equal objects of a dict.

    >>> Series.of("http_reqs", {"name": "cart", "method": "POST"})
    """

    metric: str
    tags: tuple[tuple[str, str], ...] = ()
    # Every second of a run looks each of its series up, some of them several times.
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash((self.metric, self.tags)))

    def __hash__(self) -> int:
        return self._hash

    @classmethod
    def of(cls, metric: str, tags: Mapping[str, str]) -> Series:
        return cls(metric, tuple(sorted(tags.items())))

    def matches(self, metric: str, tags: Mapping[str, str]) -> bool:
        """Whether a selection of `metric` by `tags` contains this series."""
        own = dict(self.tags)
        return self.metric == metric and all(own.get(key) == value for key, value in tags.items())
