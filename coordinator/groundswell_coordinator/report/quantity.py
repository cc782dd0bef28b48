"""Numbers as people read them: 212.4µs, 1.02ms, 2m5s, 1.2 MB, 955.5/s, 0.03%."""

from __future__ import annotations

from groundswell_coordinator.report.finite import BEYOND_RANGE_MS

# Enough to read, and few enough that six columns of them fit beside a name in 80.
_DIGITS = 4


def duration(ms: float, digits: int = _DIGITS) -> str:
    """A time that is kept in milliseconds. At most `digits` significant digits below a minute."""
    if ms < 0:
        return f"-{duration(-ms, digits)}"
    # Rounding comes first: 999.96 µs is 1 ms.
    rounded = float(f"{ms:.{digits}g}")
    if rounded == 0:
        return "0s"
    if rounded < 0.001:
        return f"{_number(rounded * 1000, 2)}µs"
    if rounded < 1:
        return f"{_number(rounded * 1000, digits)}µs"
    if rounded < 1000:
        return f"{_number(rounded, digits)}ms"
    if rounded < 60_000:
        return f"{_number(rounded / 1000, digits)}s"
    return clock(ms / 1000)


def trend_value(ms: float, clamped: int, digits: int = _DIGITS) -> str:
    """A percentile among samples above the range is only known to be at least its end."""
    if clamped and ms == BEYOND_RANGE_MS:
        return "≥ 1h"
    return duration(ms, digits)


def clock(seconds: float) -> str:
    """Whole seconds from a minute on: 45.5s, 2m5s, 1h3m."""
    text = _number(seconds, 3)
    if float(text) < 60:
        return f"{text}s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60}m{whole % 60}s"
    return f"{whole // 3600}h{whole % 3600 // 60}m"


def data(size: float) -> str:
    """Bytes in powers of 1000, as networks count them."""
    if size < 1000:
        return f"{size:.0f} B"
    units = iter(("kB", "MB", "GB", "TB"))
    size, unit = size / 1000, next(units)
    # What would round to 1000 is one of the next unit.
    while size >= 999.5 and unit != "TB":
        size, unit = size / 1000, next(units)
    return f"{size:.1f} {unit}" if size < 9.95 else f"{size:.0f} {unit}"


def per_second(rate: float) -> str:
    return f"{_decimals(rate)}/s"


def percent(share: float, most: int = 2) -> str:
    """Two decimals, or up to `most` where they say more.

    More still where fewer would turn "almost none" into none, or "almost all" into all.
    """
    text = f"{100 * share:.{most}f}"
    while 0 < share < 1 and float(text) in (0, 100) and most < 9:
        most += 1
        text = f"{100 * share:.{most}f}"
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}%"


def plain(value: float) -> str:
    """A number without a unit."""
    return str(value) if isinstance(value, int) else _decimals(value)


def _decimals(value: float) -> str:
    if 0 < abs(value) < 0.1:
        return f"{value:.2g}"
    decimals = 2 if abs(value) < 100 else 1 if abs(value) < 10_000 else 0
    text = f"{value:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if decimals else text


def _number(value: float, digits: int) -> str:
    return f"{value:.{digits}g}"
