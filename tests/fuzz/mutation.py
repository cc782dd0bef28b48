"""Changes to bytes that tend to find bugs, the same for the same seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from tests.fuzz.decoder import Decoder

MOST_CHANGES = 6
LONGEST = 64 * 1024

# Where counts, lengths and signs turn over.
_EDGES = [
    number.to_bytes(width, order, signed=False)
    for width in (1, 2, 4, 8)
    for order in ("little", "big")
    for number in (0, 1, 2 ** (8 * width - 1) - 1, 2 ** (8 * width - 1), 2 ** (8 * width) - 1)
]
_NUMBERS = [
    b"0",
    b"-1",
    b"1e999",
    b"NaN",
    b"0.1",
    b"9" * 40,
    b"4294967296",
    b"18446744073709551616",
]


def an_input(decoder: Decoder, chance: Random) -> bytes:
    """One input for `decoder`."""
    kind = chance.random()
    if decoder.grow is not None and kind < 0.5:
        data = decoder.grow(chance)
        return data if kind < 0.35 else mutated(data, decoder, chance)
    if kind > 0.98:
        return chance.randbytes(chance.randint(0, 300))
    return mutated(chance.choice(decoder.seeds), decoder, chance)


def mutated(data: bytes, decoder: Decoder, chance: Random) -> bytes:
    whole = bytearray(data)
    for _ in range(chance.randint(1, MOST_CHANGES)):
        chance.choice(_CHANGES)(whole, decoder, chance)
    return bytes(whole[:LONGEST])


def _place(data: bytearray, chance: Random) -> int:
    return chance.randint(0, len(data))


def _span(data: bytearray, chance: Random) -> slice:
    start = _place(data, chance)
    return slice(start, start + int(chance.expovariate(0.1)))


def _flip(data: bytearray, _: Decoder, chance: Random) -> None:
    if data:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def _set(data: bytearray, _: Decoder, chance: Random) -> None:
    if data:
        data[chance.randrange(len(data))] = chance.randrange(256)


def _cut(data: bytearray, _: Decoder, chance: Random) -> None:
    del data[_span(data, chance)]


def _truncate(data: bytearray, _: Decoder, chance: Random) -> None:
    del data[_place(data, chance) :]


def _repeat(data: bytearray, _: Decoder, chance: Random) -> None:
    span = _span(data, chance)
    data[span.start : span.start] = data[span] * chance.choice((1, 1, 2, 3, 50))


def _move(data: bytearray, _: Decoder, chance: Random) -> None:
    span = _span(data, chance)
    piece = data[span]
    del data[span]
    at = _place(data, chance)
    data[at:at] = piece


def _splice(data: bytearray, decoder: Decoder, chance: Random) -> None:
    """The end of another seed."""
    other = chance.choice(decoder.seeds)
    data[_place(data, chance) :] = other[chance.randint(0, len(other)) :]


def _put(data: bytearray, piece: bytes, chance: Random) -> None:
    at = _place(data, chance)
    length = chance.choice((0, len(piece)))
    data[at : at + length] = piece


def _edge(data: bytearray, _: Decoder, chance: Random) -> None:
    _put(data, chance.choice(_EDGES), chance)


def _number(data: bytearray, _: Decoder, chance: Random) -> None:
    _put(data, chance.choice(_NUMBERS), chance)


def _word(data: bytearray, decoder: Decoder, chance: Random) -> None:
    if decoder.words:
        _put(data, chance.choice(decoder.words), chance)


def _random(data: bytearray, _: Decoder, chance: Random) -> None:
    _put(data, chance.randbytes(chance.randint(1, 8)), chance)


_CHANGES: tuple[Callable[[bytearray, Decoder, Random], None], ...] = (
    *(_flip, _set, _cut, _truncate, _repeat, _move, _splice, _edge, _number, _random),
    # What means something gets farthest.
    *(_word, _word, _word, _word),
)
