"""A histogram's payload with the exact numbers beside it, as a report has them."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

from groundswell.metrics.histogram import Histogram
from tests.fuzz.decoder import Decoder

if TYPE_CHECKING:
    from random import Random

_NUMBERS = struct.Struct(">QQQQQ")
# What all are added to, and what must not break.
_sum = Histogram()


def _take(data: bytes) -> None:
    """The numbers first, then the payload."""
    if len(data) < _NUMBERS.size:
        return
    numbers, payload = _NUMBERS.unpack_from(data), data[_NUMBERS.size :]
    before = _sum.count
    try:
        _sum.merge_payload(payload, *numbers)
    finally:
        if _sum.count > 2**40:
            _sum.__init__()  # type: ignore[misc]  # as good as a new one, and nobody else's
    assert _sum.count in (before + numbers[0], 0)


def _input(values: list[int]) -> bytes:
    one = Histogram()
    one.add_ns(np.array(values, np.int64))
    return _NUMBERS.pack(one.count, one.sum_ns, one.min_ns, one.max_ns, one.clamped) + one.encode()


def _grow(chance: Random) -> bytes:
    high = chance.uniform(3, 13)
    return _input([int(10 ** chance.uniform(0, high)) for _ in range(chance.randint(1, 30))])


DECODER = Decoder(
    "histogram payload",
    _take,
    seeds=(_input([1_000]), _input([5, 10**6, 10**9]), _input([10**13, 1, 1, 1])),
    words=(b"\x80" * 7, b"\xff" * 8, b"\x01", b"\x02", b"\x1c\x84\x93\x13", bytes(8)),
    grow=_grow,
)
