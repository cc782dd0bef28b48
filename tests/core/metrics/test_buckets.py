"""The layout, held against the library's own."""

from __future__ import annotations

import random

import numpy as np

from groundswell.metrics.buckets import (
    BUCKET_COUNT,
    HIGHEST_US,
    highest_equivalent,
    index,
    indices,
)
from tests.core.metrics import library

LIBRARY = library.new()


def test_the_layout_has_as_many_buckets_as_the_library_has() -> None:
    assert LIBRARY.counts_len == BUCKET_COUNT


def test_every_bucket_edge_has_the_index_that_the_library_gives_it() -> None:
    last = index(HIGHEST_US)
    lower = [LIBRARY.get_value_from_index(bucket) for bucket in range(last + 1)]
    edges = sorted({edge + d for edge in lower for d in (-1, 0, 1) if edge + d >= 0})
    expected = [LIBRARY.get_counts_array_index(edge) for edge in edges]
    assert indices(np.array(edges, np.int64)).tolist() == expected
    assert [index(edge) for edge in edges] == expected


def test_random_values_have_the_index_that_the_library_gives_them() -> None:
    chance = random.Random(7)
    values = [int(HIGHEST_US ** chance.random()) for _ in range(20_000)]
    expected = [LIBRARY.get_counts_array_index(value) for value in values]
    assert indices(np.array(values, np.int64)).tolist() == expected


def test_the_highest_equivalent_value_ends_each_bucket() -> None:
    for bucket in range(index(HIGHEST_US) + 1):
        lowest = LIBRARY.get_value_from_index(bucket)
        assert highest_equivalent(bucket) == LIBRARY.get_highest_equivalent_value(lowest)
        assert index(highest_equivalent(bucket)) == bucket
        assert index(highest_equivalent(bucket) + 1) == bucket + 1
