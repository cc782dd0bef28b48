"""Where payloads are decoded side by side, so that none counts before all are found in order.

>>> decoded = [scratch.decode(...) for ... in report]    # ProtocolViolation: nothing has changed
>>> for histogram, one in zip(histograms, decoded):
...     histogram.add(one)                               # does not fail
>>> scratch.clear()
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from groundswell.errors import ProtocolViolation
from groundswell.metrics.buckets import HIGHEST_NS, bucket_of
from groundswell.metrics.payload import MOST_IN_PAYLOAD, decode

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WORD = 8
# What a report of a few dozen wide trends takes; more is given back, 4 MiB are kept.
_MOST_KEPT = 2**19


class Decoded:
    """One payload that is in order: the counts of the buckets from `low` on, and exact numbers.

    Good until its scratch is cleared.
    """

    __slots__ = ("clamped", "count", "counts", "low", "max_ns", "min_ns", "sum_ns")

    def __init__(
        self,
        low: int,
        counts: NDArray[np.int64],
        count: int,
        sum_ns: int,
        min_ns: int,
        max_ns: int,
        clamped: int,
    ) -> None:
        self.low = low
        self.counts = counts
        self.count = count
        self.sum_ns = sum_ns
        self.min_ns = min_ns
        self.max_ns = max_ns
        self.clamped = clamped


class Scratch:
    """One reused array, all 0 but for what has been decoded since it was cleared."""

    def __init__(self) -> None:
        self._block: NDArray[np.int64] = np.zeros(0, np.int64)
        self._address = 0
        self._used = 0

    def decode(
        self, payload: bytes, count: int, sum_ns: int, min_ns: int, max_ns: int, clamped: int
    ) -> Decoded:
        """What `Histogram.encode` gave elsewhere, with its exact numbers.

        ProtocolViolation unless all of it fits together. What is allocated for what it claims is
        at most the 184 KiB that a histogram has.
        """
        if not 0 < count <= MOST_IN_PAYLOAD:
            raise ProtocolViolation(f"a histogram of {count} values")
        if not (
            0 <= min_ns <= max_ns
            and min_ns * (count - 1) + max_ns <= sum_ns <= min_ns + max_ns * (count - 1)
        ):
            raise ProtocolViolation(f"a histogram with {count=}, {min_ns=}, {max_ns=}, {sum_ns=}")
        low, high = bucket_of(min_ns), bucket_of(max_ns) + 1
        start, end = self._take(high - low)
        decode(payload, count, low, high, self._address + start * _WORD)
        counts = self._block[start:end]
        if (clamped or max_ns > HIGHEST_NS) and not (
            0 < clamped <= counts[-1] and max_ns > HIGHEST_NS
        ):
            raise ProtocolViolation(
                f"a histogram with {clamped=}, {max_ns=} and {counts[-1]} in its top bucket"
            )
        return Decoded(low, counts, count, sum_ns, min_ns, max_ns, clamped)

    def clear(self) -> None:
        """To be called after an error, too: a part of what it was about may have been decoded."""
        if len(self._block) > _MOST_KEPT:
            self._block = np.zeros(0, np.int64)
        else:
            self._block[: self._used].fill(0)
        self._used = 0

    def _take(self, length: int) -> tuple[int, int]:
        start, end = self._used, self._used + length
        if end > len(self._block):
            # Those decoded so far keep the block that they are in.
            self._block = np.zeros(max(2 * len(self._block), length), np.int64)
            self._address = int(self._block.ctypes.data)
            start, end = 0, length
        self._used = end
        return start, end
