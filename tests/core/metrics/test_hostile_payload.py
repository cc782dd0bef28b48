"""Bytes that no honest agent sends: refused in words, without a crash, a growth or a trace."""

from __future__ import annotations

import random
import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.errors import ProtocolViolation
from groundswell.metrics.buckets import HIGHEST_NS
from groundswell.metrics.histogram import Histogram
from groundswell.metrics.scratch import Scratch

HEADER = struct.Struct(">IIIIQQd")
LAYOUT = (0, 3, 1, 3_600_000_000, 1.0)
COOKIE = 0x1C849303 | 0x10
SCRATCH = Scratch()


def framed(body: bytes) -> bytes:
    return HEADER.pack(COOKIE, len(body), *LAYOUT) + body


def varint(number: int) -> bytes:
    """ZigZag LEB128 of at most 9 bytes, of which the ninth carries eight bits."""
    word = ((number << 1) ^ (number >> 63)) & (2**64 - 1)
    out = bytearray()
    while word > 0x7F and len(out) < 8:
        out.append(word & 0x7F | 0x80)
        word >>= 7
    out.append(word)
    return bytes(out)


def honest(seed: int) -> Histogram:
    chance = random.Random(seed)
    values = [int(10 ** chance.uniform(0, 12)) for _ in range(chance.randint(1, 300))]
    if chance.random() < 0.2:
        values.append(HIGHEST_NS + 5)
    histogram = Histogram()
    histogram.add_ns(np.array(values))
    return histogram


def offer(into: Histogram, payload: bytes, of: Histogram) -> bool:
    """Whether the payload was taken; if not, nothing may have changed."""
    before = into.copy()
    try:
        into.merge_payload(payload, of.count, of.sum_ns, of.min_ns, of.max_ns, of.clamped)
    except ProtocolViolation:
        assert into == before
        taken = False
    else:
        assert into.count == before.count + of.count
        assert int(into.buckets()[1].sum()) == into.count
        taken = True
    assert decodes(payload, of) or not taken
    return taken


def decodes(payload: bytes, of: Histogram) -> bool:
    """Whether it is in order; either way the scratch that all are decoded in is clean again."""
    try:
        SCRATCH.decode(payload, of.count, of.sum_ns, of.min_ns, of.max_ns, of.clamped)
    except ProtocolViolation:
        return False
    else:
        return True
    finally:
        SCRATCH.clear()
        assert not SCRATCH._block.any()  # pyright: ignore[reportPrivateUsage]


def test_thousands_of_random_bodies_are_refused() -> None:
    chance, target, truth = random.Random(1), Histogram(), honest(1)
    for _ in range(6000):
        body = chance.randbytes(chance.randint(1, 80))
        assert not offer(target, framed(body), truth)


def test_thousands_of_random_bytes_are_refused() -> None:
    chance, target, truth = random.Random(2), Histogram(), honest(2)
    for _ in range(3000):
        assert not offer(target, chance.randbytes(chance.randint(0, 200)), truth)


def test_thousands_of_flipped_bits_never_break_the_books() -> None:
    chance = random.Random(3)
    refused = 0
    for _ in range(4000):
        truth = honest(chance.randint(0, 50))
        payload = bytearray(truth.encode())
        for _ in range(chance.randint(1, 3)):
            payload[chance.randrange(len(payload))] ^= 1 << chance.randrange(8)
        refused += not offer(Histogram(), bytes(payload), truth)
    # A flip may move one sample to the next bucket; nobody can know.
    assert refused > 3000


def test_every_truncation_is_refused() -> None:
    truth = honest(4)
    payload = truth.encode()
    for length in range(len(payload)):
        assert not offer(Histogram(), payload[:length], truth)
        if length > HEADER.size:
            assert not offer(Histogram(), framed(payload[HEADER.size : length]), truth)


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=40), st.integers(1, 2**50))
@settings(max_examples=500, deadline=None)
def test_any_sequence_of_numbers_is_taken_or_refused(numbers: list[int], count: int) -> None:
    truth = honest(5)
    truth.count = count
    offer(Histogram(), framed(b"".join(map(varint, numbers))), truth)


@pytest.mark.parametrize(
    "header",
    [
        (0x1C849304 | 0x10, *LAYOUT),
        (COOKIE ^ 1, *LAYOUT),
        (COOKIE, 1, 3, 1, 3_600_000_000, 1.0),
        (COOKIE, 0, 5, 1, 3_600_000_000, 1.0),
        (COOKIE, 0, 3, 0, 3_600_000_000, 1.0),
        (COOKIE, 0, 3, 1, 2**62, 1.0),
        (COOKIE, 0, 3, 1, 3_600_000_000, 2.0),
        (COOKIE, 0, 3, 1, 3_600_000_000, float("nan")),
    ],
)
def test_another_layout_is_refused_and_never_allocated(
    header: tuple[int, int, int, int, int, float],
) -> None:
    truth = honest(6)
    body = truth.encode()[HEADER.size :]
    payload = HEADER.pack(header[0], len(body), *header[1:]) + body
    target = Histogram()
    tracemalloc.start()
    try:
        with pytest.raises(ProtocolViolation):
            target.merge_payload(
                payload, truth.count, truth.sum_ns, truth.min_ns, truth.max_ns, truth.clamped
            )
        # The array that ours may take, at most: 184 KiB.
        assert tracemalloc.get_traced_memory()[1] < 200_000
    finally:
        tracemalloc.stop()


def test_counts_that_wrap_around_to_the_right_total_are_refused() -> None:
    one = Histogram()
    one.add_ns(np.array([0, 3000]))
    # 4 · 2**62 is 0 modulo 2**64, and two ones make the total that is claimed.
    quarter = varint(2**62 - 1)
    body = quarter * 4 + varint(6)
    one.max_ns, one.sum_ns = 4000, 4000
    assert not offer(Histogram(), framed(body), one)


def test_a_number_with_more_bytes_than_any_count_needs_is_refused() -> None:
    one = Histogram()
    one.add_zeros(1)
    assert offer(Histogram(), framed(b"\x02"), one)
    assert offer(Histogram(), framed(b"\x82" + b"\x80" * 5 + b"\x00"), one)
    assert not offer(Histogram(), framed(b"\x82" + b"\x80" * 6 + b"\x00"), one)


def test_a_count_behind_the_last_bucket_is_refused() -> None:
    truth = honest(7)
    assert not offer(Histogram(), framed(varint(-23_552) + varint(truth.count)), truth)
    assert not offer(Histogram(), framed(varint(-(2**31)) + varint(truth.count)), truth)
    assert not offer(Histogram(), framed(varint(-(2**40)) + varint(truth.count)), truth)


def test_a_payload_larger_than_any_honest_one_is_refused() -> None:
    assert not offer(Histogram(), framed(b"\x00" * 250_000), honest(8))


@pytest.mark.parametrize("field", ["count", "sum_ns", "min_ns", "max_ns", "clamped"])
@pytest.mark.parametrize("value", [-1, 0, 1, 2**48 + 1, 2**63, 2**64 - 1])
def test_exact_numbers_that_contradict_the_counts_are_refused(field: str, value: int) -> None:
    truth = Histogram()
    truth.add_ns(np.array([3_000_000, 4_000_000, 5_000_000]))
    lie = truth.copy()
    setattr(lie, field, value)
    harmless = field == "clamped" and value == 0
    assert offer(Histogram(), truth.encode(), lie) is harmless


def test_a_total_that_would_outgrow_the_counters_is_refused() -> None:
    target = Histogram()
    target.add_zeros(2**62)
    one = Histogram()
    one.add_zeros(1)
    assert not offer(target, one.encode(), one)
