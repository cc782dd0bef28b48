"""The bytes of a histogram: an HdrHistogram V2 payload without compression, both ways.

The only module that touches the hdrhistogram library, and only its codec, which takes addresses of
arrays. That codec frees memory that is not its own when a count is negative, and trusts what a
header claims: so counts are only ever added, and every header is checked before it is believed.
"""

from __future__ import annotations

import struct
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, cast

import numpy as np
import pyhdrh  # pyright: ignore[reportMissingModuleSource, reportMissingImports]

from groundswell.errors import ProtocolViolation
from groundswell.metrics.buckets import BUCKET_COUNT, HIGHEST_US, LOWEST_US, SIGNIFICANT_DIGITS

if TYPE_CHECKING:
    from collections.abc import Generator

    from numpy.typing import NDArray

_WORD = 8
_LONGEST_VARINT = 9
_HEADER = struct.Struct(">IIIIQQd")
_COOKIE = 0x1C849303 | 0x10
_LAYOUT = (0, SIGNIFICANT_DIGITS, LOWEST_US, HIGHEST_US, 1.0)


class _Codec(Protocol):
    """What is used of pyhdrh, which has no types; arrays are passed as addresses."""

    def encode(
        self, counts: int, length: int, word: int, target: int, target_length: int, /
    ) -> int: ...

    def decode(
        self, payload: bytes, offset: int, counts: int, length: int, word: int, /
    ) -> dict[str, int]: ...


_codec = cast("_Codec", pyhdrh)
# One target for every encode and one for every decode: allocating them each time costs more than
# the codec does.
_encoded = np.zeros(BUCKET_COUNT * _LONGEST_VARINT, np.uint8)
_encoded_address = int(_encoded.ctypes.data)
_decoded = np.zeros(BUCKET_COUNT, np.int64)
_decoded_address = int(_decoded.ctypes.data)
_lock = threading.Lock()


def encode(counts: int, low: int, high: int) -> bytes:
    """Encode the buckets [low, high) of the int64 array at address `counts`; those below are 0."""
    zeros = _varint(2 * low - 1) if low else b""  # a run of n zeros is the number -n, zigzagged
    with _lock:
        written = _codec.encode(
            counts + low * _WORD, high - low, _WORD, _encoded_address, _encoded.nbytes
        )
        body = zeros + _encoded[:written].tobytes()
    return _HEADER.pack(_COOKIE, len(body), *_LAYOUT) + body


@contextmanager
def decoded(payload: bytes, count: int) -> Generator[tuple[int, NDArray[np.int64]]]:
    """The first bucket that is not empty, and the counts from it to the last one, while it lasts.

    ProtocolViolation unless it is a payload of ours with `count` values in all.
    """
    _check_header(payload)
    with _lock:
        low, high = _decode(payload, count)
        counts = _decoded[low:high]
        try:
            # The codec's total is modulo 2**64; counts that wrapped around to the right total are
            # each too large.
            if counts.min() < 0 or counts.max() > count:
                raise ProtocolViolation("a histogram with an impossible count")
            yield low, counts
        finally:
            counts.fill(0)


def _varint(number: int) -> bytes:
    """LEB128."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _check_header(payload: bytes) -> None:
    if not _HEADER.size < len(payload) <= _HEADER.size + _encoded.nbytes:
        raise ProtocolViolation(f"a histogram of {len(payload)} bytes")
    cookie, length, *layout = _HEADER.unpack_from(payload)
    if cookie != _COOKIE:
        raise ProtocolViolation(f"a histogram with the cookie {cookie:#x}")
    if tuple(layout) != _LAYOUT:
        raise ProtocolViolation(f"a histogram of the layout {layout}")
    if length != len(payload) - _HEADER.size:
        raise ProtocolViolation(f"a histogram that claims {length} bytes of counts")


def _decode(payload: bytes, count: int) -> tuple[int, int]:
    """Decode into the scratch array: its touched slice [low, high). All zero after an error."""
    try:
        found = _codec.decode(payload, _HEADER.size, _decoded_address, BUCKET_COUNT, _WORD)
    except (ValueError, IndexError, OverflowError) as error:
        _decoded.fill(0)
        raise ProtocolViolation(f"a histogram that does not decode: {error}") from error
    if found["total"] != count:
        _decoded.fill(0)
        raise ProtocolViolation(f"a histogram of {found['total']} values that claims {count}")
    return found["min_nonzero_index"], found["max_nonzero_index"] + 1
