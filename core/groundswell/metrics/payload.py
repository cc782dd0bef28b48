"""The bytes of a histogram: an HdrHistogram V2 payload without compression, both ways.

The only module that touches the hdrhistogram library, and only its codec, which takes addresses of
arrays. That codec frees memory that is not its own when a count is negative, and trusts what it is
given: so counts are only ever added, and it never sees bytes that are not framed as ours are, nor a
number so large that counts could wrap around.
"""

from __future__ import annotations

import struct
import threading
from typing import Protocol, cast

import numpy as np
import pyhdrh  # pyright: ignore[reportMissingModuleSource, reportMissingImports]

from groundswell.errors import ProtocolViolation
from groundswell.metrics.buckets import BUCKET_COUNT, HIGHEST_US, LOWEST_US, SIGNIFICANT_DIGITS

# No payload holds more values. Of so many in each bucket the sum does not wrap around 64 bits.
MOST_IN_PAYLOAD = 2**48 - 1

_WORD = 8
_LONGEST_VARINT = 9
_COOKIE = struct.pack(">I", 0x1C849303 | 0x10)
_LAYOUT = struct.pack(">IIQQd", 0, SIGNIFICANT_DIGITS, LOWEST_US, HIGHEST_US, 1.0)
# The length of what follows stands between the two.
_HEADER_SIZE = len(_COOKIE) + 4 + len(_LAYOUT)
# All bytes of a varint but its last have the top bit. Seven bytes hold what is below 2**49, which
# is MOST_IN_PAYLOAD with its sign; eight begin with seven that are marked.
_IS_CONTINUED = bytes(byte >> 7 for byte in range(256))
_TOO_LONG = b"\x01" * 7


class _Codec(Protocol):
    """What is used of pyhdrh, which has no types; arrays are passed as addresses."""

    def encode(
        self, counts: int, length: int, word: int, target: int, target_length: int, /
    ) -> int: ...

    def decode(
        self, payload: bytes, offset: int, counts: int, length: int, word: int, /
    ) -> dict[str, int]: ...


_codec = cast("_Codec", pyhdrh)
# One target for every encode: allocating it each time costs more than the codec does.
_encoded = np.zeros(BUCKET_COUNT * _LONGEST_VARINT, np.uint8)
_encoded_address = int(_encoded.ctypes.data)
_lock = threading.Lock()


def encode(counts: int, low: int, high: int) -> bytes:
    """Encode the buckets [low, high) of the int64 array at address `counts`; those below are 0."""
    zeros = _zeros(low)
    with _lock:
        written = _codec.encode(
            counts + low * _WORD, high - low, _WORD, _encoded_address, _encoded.nbytes
        )
        body = zeros + _encoded[:written].tobytes()
    return _header(len(body)) + body


def decode(payload: bytes, count: int, low: int, high: int, counts: int) -> None:
    """Decode the buckets [low, high) into the int64 array at address `counts`, which is all 0.

    ProtocolViolation unless it is a payload of ours with `count` values in all, of which the first
    bucket and the last have some and those outside have none. The array holds anything then.
    """
    head = _header(len(payload) - _HEADER_SIZE) + _zeros(low)
    if not payload.startswith(head):
        raise ProtocolViolation(_what_is_wrong(payload))
    if _TOO_LONG in payload[len(head) :].translate(_IS_CONTINUED):
        raise ProtocolViolation("a histogram with an impossible count")
    try:
        found = _codec.decode(payload, len(head), counts, high - low, _WORD)
    except (ValueError, IndexError, OverflowError) as error:
        raise ProtocolViolation(f"a histogram that does not decode: {error}") from error
    if found["total"] != count:
        raise ProtocolViolation(f"a histogram of {found['total']} values that claims {count}")
    if found["min_nonzero_index"] != 0 or found["max_nonzero_index"] != high - low - 1:
        raise ProtocolViolation("a histogram whose buckets contradict its min or max")


def _header(length: int) -> bytes:
    """In front of a body of so many bytes; for a negative length, which no header has, any."""
    return _COOKIE + (length & 0xFFFF_FFFF).to_bytes(4, "big") + _LAYOUT


def _zeros(count: int) -> bytes:
    """A run of n zeros is the number -n; ZigZag makes it 2n - 1, LEB128 the bytes."""
    number = 2 * count - 1
    if number < 0:
        return b""
    if number <= 0x7F:
        return bytes((number,))
    if number < 1 << 14:
        return bytes((number & 0x7F | 0x80, number >> 7))
    return bytes((number & 0x7F | 0x80, number >> 7 & 0x7F | 0x80, number >> 14))


def _what_is_wrong(payload: bytes) -> str:
    """Of one that does not begin as it should."""
    if len(payload) <= _HEADER_SIZE:
        return f"a histogram of {len(payload)} bytes"
    if not payload.startswith(_COOKIE):
        return f"a histogram with the cookie {payload[:4].hex()}"
    if payload[8:_HEADER_SIZE] != _LAYOUT:
        return f"a histogram of the layout {payload[8:_HEADER_SIZE].hex()}"
    claimed = int.from_bytes(payload[4:8], "big")
    if claimed != len(payload) - _HEADER_SIZE:
        return f"a histogram that claims {claimed} bytes of counts"
    return "a histogram whose buckets contradict its min"
