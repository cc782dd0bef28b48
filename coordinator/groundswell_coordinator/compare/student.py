"""Student's t distribution, whose tails say how sure a few runs, or a few blocks of seconds, can be.

Its two functions are the regularised incomplete beta function in other words; that one is worked
out by the continued fraction of Abramowitz and Stegun, 26.5.8.
"""

from __future__ import annotations

import math
from functools import lru_cache

_TINY = 1e-300
_PRECISION = 1e-14
_MOST_STEPS = 500
# Above it the distribution is normal in all the digits that are shown.
_MANY = 1e6


def tail(t: float, freedom: float) -> float:
    """The probability of a value above `t`; `freedom` above 0, math.inf for the normal distribution."""
    if math.isnan(t):
        return math.nan
    if math.isinf(t):
        return 0.0 if t > 0 else 1.0
    if freedom > _MANY:
        return 0.5 * math.erfc(t / math.sqrt(2))
    half = 0.5 * _beta(freedom / (freedom + t * t), freedom / 2, 0.5)
    return half if t >= 0 else 1 - half


@lru_cache(maxsize=4096)
def quantile(p: float, freedom: float) -> float:
    """The value with the probability `p` below it; 0 < p < 1."""
    if p < 0.5:
        return -quantile(1 - p, freedom)
    low, high = 0.0, 2.0
    while tail(high, freedom) > 1 - p:
        low, high = high, 2 * high
    value = (low + high) / 2
    for _ in range(_MOST_STEPS):
        missed = tail(value, freedom) - (1 - p)
        low, high = (value, high) if missed > 0 else (low, value)
        # Newton's step; where it leads astray, half of what is left.
        step = missed / _density(value, freedom)
        following = value + step if low < value + step < high else (low + high) / 2
        if abs(following - value) <= _PRECISION * max(value, 1.0):
            return following
        value = following
    return value


def _density(t: float, freedom: float) -> float:
    if freedom > _MANY:
        return math.exp(-t * t / 2) / math.sqrt(2 * math.pi)
    logarithm = math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)
    logarithm -= (freedom + 1) / 2 * math.log1p(t * t / freedom)
    return math.exp(logarithm) / math.sqrt(freedom * math.pi)


def _beta(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function I_x(a, b), for 0 <= x <= 1."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    # The fraction converges quickly on this side of the mean only.
    if x > (a + 1) / (a + b + 2):
        return 1 - _beta(1 - x, b, a)
    logarithm = (
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    return math.exp(logarithm) * _fraction(x, a, b) / a


def _fraction(x: float, a: float, b: float) -> float:
    """By Lentz's method."""
    c, d = 1.0, 1 / _away_from_zero(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _MOST_STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for step in (even, odd):
            d = 1 / _away_from_zero(1 + step * d)
            c = _away_from_zero(1 + step / c)
            value *= c * d
        if abs(c * d - 1) < _PRECISION:
            break
    return value


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
