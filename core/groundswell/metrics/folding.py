"""What becomes of series beyond the limit: the values that people choose freely turn into `other`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from groundswell.metrics.series import Series

# Of an agent.
MAX_SERIES = 1000
# The last of them are kept for what takes the place of series that no longer fit: first series of
# any name that keep these tags, then, in the last fifty, one for each built-in metric and outcome.
FOLDED_ROOM = 100
LAST_ROOM = 50
FOLDED_TAGS = ("scenario", "method", "status", "expected_response", "error")
LAST_TAGS = ("expected_response",)
# The tags whose values people choose freely, and which say `other` once they have been folded.
NAMING_TAGS = ("name", "check")
OTHER = "other"

# Series come in bundles, of which the first that does not fit leaves some room.
_LARGEST_BUNDLE = 20


def is_folded(series: Collection[Series]) -> bool:
    """Whether names have been folded in a run with these series. A step may be called `other`, too."""
    if len(series) < MAX_SERIES - FOLDED_ROOM - _LARGEST_BUNDLE:
        return False
    return any(value == OTHER for one in series for key, value in one.tags if key in NAMING_TAGS)
