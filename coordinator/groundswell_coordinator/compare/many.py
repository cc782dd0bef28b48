"""Of many questions asked at once some are answered wrongly by chance: how many, is bounded here."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def discoveries(chances: Sequence[float], level: float) -> list[bool]:
    """Which of them hold, so that of those at most `level` are wrong on average.

    By Benjamini and Hochberg (1995), "Controlling the False Discovery Rate", Journal of the Royal
    Statistical Society B 57(1). Where nothing has changed at all, none holds but with a chance of
    `level`. It is valid for figures that rise and fall together, as those of one run do (Benjamini
    and Yekutieli 2001).
    """
    order = sorted(range(len(chances)), key=chances.__getitem__)
    last = 0
    for rank, index in enumerate(order, 1):
        if chances[index] <= level * rank / len(chances):
            last = rank
    found = set(order[:last])
    return [index in found for index in range(len(chances))]


def adjusted(chances: Sequence[float]) -> list[float]:
    """Each so that the chance of any false one among them is what a single one's would be.

    By Holm (1979), "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of
    Statistics 6(2).
    """
    order = sorted(range(len(chances)), key=chances.__getitem__)
    result = [0.0] * len(chances)
    largest = 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, (len(chances) - rank) * chances[index]))
        result[index] = largest
    return result
