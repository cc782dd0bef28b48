"""JSON has no infinity: a time too long to be told apart is an hour in every report."""

from __future__ import annotations

import math

# Trends are kept up to one hour; what is above is counted in `clamped`, and shown as "≥ 1h".
BEYOND_RANGE_MS = 3_600_000.0

Number = int | float


def finite(value: Number) -> Number:
    """An infinity becomes ± `BEYOND_RANGE_MS`."""
    return value if math.isfinite(value) else math.copysign(BEYOND_RANGE_MS, value)
