"""Whether a p99 lies above a limit, second by second and in windows, from two numbers a second.

The p99 of n samples is above a limit where more than 1 % of them are. A single late one among few
says nothing, though, so two at least are asked for.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SHARE = 0.01
_FEWEST = 2
_MOST = 2**32 - 1


def is_late(samples: int, late: int) -> bool:
    return late >= _FEWEST and late > _SHARE * samples


class Lateness:
    """One lag of one agent: eight bytes a second."""

    def __init__(self) -> None:
        self._samples = array("I")
        self._late = array("I")

    def note(self, interval: int, samples: int, late: int) -> None:
        for column, value in ((self._samples, samples), (self._late, late)):
            column.extend([0] * (interval + 1 - len(column)))
            # What a column does not hold is no second of an honest agent.
            column[interval] = min(column[interval] + value, _MOST)

    def windows(self, length: int, ends: range) -> NDArray[np.bool_]:
        """Of each window of `length` intervals that ends before one of `ends`, whether it is late."""
        samples = window_sums(np.array(self._samples, np.int64), length, ends)
        late = window_sums(np.array(self._late, np.int64), length, ends)
        return (late >= _FEWEST) & (late > _SHARE * samples)


def window_sums(
    values: NDArray[np.int64] | NDArray[np.float64], length: int, ends: range
) -> NDArray[np.float64]:
    """Of the `length` values before each of `ends`; what is not there is 0."""
    padded = np.zeros(max(ends.stop, len(values)) + 1)
    np.cumsum(values, out=padded[1 : len(values) + 1])
    padded[len(values) + 1 :] = padded[len(values)]
    at = np.arange(ends.start, ends.stop)
    return padded[at] - padded[at - length]
