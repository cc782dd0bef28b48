"""Blocks of neighbouring seconds: how long they are, and how they are drawn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell_coordinator.compare import blocks
from groundswell_coordinator.compare.blocks import block_length, block_weights


def wandering(
    seed: int, count: int, likeness: float
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    random = np.random.default_rng(seed)
    values = np.empty(count)
    value = random.standard_normal()
    for place in range(count):
        values[place] = value
        value = likeness * value + math.sqrt(1 - likeness**2) * random.standard_normal()
    return values


def by_the_book(values: list[float]) -> float:
    """The rule of Politis and White for the circular bootstrap, formula by formula."""
    n = len(values)
    mean = sum(values) / n

    def covariance(lag: int) -> float:
        return sum((values[i] - mean) * (values[i + lag] - mean) for i in range(n - lag)) / n

    row = max(5, math.ceil(math.sqrt(math.log10(n))))
    most = min(math.ceil(math.sqrt(n)) + row, n - 1)
    band = 2 * math.sqrt(math.log10(n) / n)
    small = [abs(covariance(k) / covariance(0)) < band for k in range(1, most + 1)]
    m = next((k for k in range(most) if all(small[k : k + row])), most)
    window = min(2 * m, most)
    if window == 0:
        return 1
    flat = {k: min(1.0, 2 * (1 - abs(k) / window)) for k in range(-window, window + 1)}
    g = sum(weight * abs(k) * covariance(abs(k)) for k, weight in flat.items())
    spectrum = sum(weight * covariance(abs(k)) for k, weight in flat.items())
    if spectrum <= 0:
        return 1
    length = float((2 * g**2 / (4 / 3 * spectrum**2)) ** (1 / 3) * n ** (1 / 3))
    return max(1, min(math.ceil(length), math.ceil(min(3 * math.sqrt(n), n / 3))))


@given(st.integers(0, 10_000), st.integers(20, 200), st.floats(0, 0.95))
def test_the_length_is_the_one_of_the_rule(seed: int, count: int, likeness: float) -> None:
    values = wandering(seed, count, likeness)
    shortest = min(math.ceil(count / blocks.FEWEST_BLOCKS), math.ceil(blocks.SHORTEST_S))
    assert block_length(values) == max(by_the_book(values.tolist()), shortest)


def test_the_longer_seconds_are_alike_the_longer_are_the_blocks() -> None:
    lengths = [
        np.median([block_length(wandering(seed, 120, likeness), 60.0) for seed in range(30)])
        for likeness in (0.0, 0.5, 0.9)
    ]
    assert lengths == sorted(lengths)
    assert lengths[0] < lengths[2] / 2


@pytest.mark.parametrize("values", [[], [1.0], [3.0] * 50])
def test_what_does_not_vary_has_no_rhythm(values: list[float]) -> None:
    assert block_length(np.array(values), 60.0) == 1


@given(st.integers(1, 60), st.integers(1, 60))
def test_every_draw_has_as_many_seconds_as_the_run(count: int, length: int) -> None:
    weights = block_weights(count, length, 20)
    assert weights.shape == (20, count)
    assert (weights.sum(axis=1) == count).all()
    assert (weights >= 0).all()


def test_a_draw_is_made_of_whole_blocks() -> None:
    for row in block_weights(40, 8, 50).astype(int).tolist():
        # Where a block begins or ends, the weight changes: five blocks have ten such places.
        changes = sum(abs(one - other) for one, other in zip(row, [*row[1:], row[0]], strict=True))
        assert changes <= 10


def test_every_second_is_drawn_equally_often() -> None:
    weights = block_weights(30, 4, 5000)
    assert weights.mean(axis=0) == pytest.approx(np.ones(30), abs=0.1)
