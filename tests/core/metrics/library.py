"""The library's histogram of the same layout, with the types that it lacks."""

from __future__ import annotations

from typing import Protocol, cast

from hdrh import histogram as untyped  # pyright: ignore[reportMissingTypeStubs]

from groundswell.metrics.buckets import HIGHEST_US


class LibraryHistogram(Protocol):
    counts_len: int

    def record_value(self, value: int) -> bool: ...
    def encode(self) -> bytes: ...
    def get_total_count(self) -> int: ...
    def get_count_at_index(self, index: int) -> int: ...
    def get_counts_array_index(self, value: int) -> int: ...
    def get_value_from_index(self, index: int) -> int: ...
    def get_highest_equivalent_value(self, value: int) -> int: ...


class _Decoder(Protocol):
    def decode(self, encoded: bytes, /) -> LibraryHistogram: ...


def new() -> LibraryHistogram:
    return cast("LibraryHistogram", untyped.HdrHistogram(1, HIGHEST_US, 3))


def decoded(encoded: bytes) -> LibraryHistogram:
    return cast("_Decoder", untyped.HdrHistogram).decode(encoded)
