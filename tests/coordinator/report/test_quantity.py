from __future__ import annotations

import pytest

from groundswell_coordinator.report import quantity


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "0s"),
        (0.0004, "0.4µs"),
        (0.2124, "212.4µs"),
        (0.99996, "1ms"),
        (1.0234, "1.023ms"),
        (13.416, "13.42ms"),
        (154.63, "154.6ms"),
        (999.96, "1s"),
        (1500, "1.5s"),
        (59_999, "1m0s"),
        (125_400, "2m5s"),
        (3_600_000, "1h0m"),
        (5_430_000, "1h30m"),
        (-7.25, "-7.25ms"),
    ],
)
def test_times_have_four_digits_and_a_fitting_unit(ms: float, text: str) -> None:
    assert quantity.duration(ms) == text


def test_a_time_never_needs_more_than_seven_letters() -> None:
    times = [1.2345 * 10**exponent * step for exponent in range(-4, 7) for step in (1, 5, 8.09)]
    assert max(len(quantity.duration(time)) for time in times) == 7


def test_more_digits_tell_a_value_from_its_limit() -> None:
    assert quantity.duration(300.04, 5) == "300.04ms"


def test_a_percentile_beyond_the_range_says_so() -> None:
    assert quantity.trend_value(3_600_000.0, clamped=1) == "≥ 1h"
    assert quantity.trend_value(3_600_000.0, clamped=0) == "1h0m"


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (718, "718 B"),
        (999, "999 B"),
        (4_900, "4.9 kB"),
        (519_000, "519 kB"),
        (999_600, "1.0 MB"),
        (1_956_770.9, "2.0 MB"),
        (12_000_000_000, "12 GB"),
        (7.2e15, "7200 TB"),
    ],
)
def test_data_counts_in_thousands(size: float, text: str) -> None:
    assert quantity.data(size) == text


@pytest.mark.parametrize(
    ("rate", "text"),
    [
        (0, "0/s"),
        (0.0045, "0.0045/s"),
        (0.5, "0.5/s"),
        (98.04, "98.04/s"),
        (500.0, "500/s"),
        (955.4545, "955.5/s"),
        (130_000.4, "130000/s"),
    ],
)
def test_rates_are_per_second(rate: float, text: str) -> None:
    assert quantity.per_second(rate) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0, "0.00%"),
        (1, "100.00%"),
        (0.0104, "1.04%"),
        (1 / 1_000_000, "0.0001%"),
        (1 - 1 / 1_000_000, "99.9999%"),
    ],
)
def test_almost_none_is_not_none_and_almost_all_is_not_all(share: float, text: str) -> None:
    assert quantity.percent(share) == text


def test_a_share_has_more_decimals_where_they_say_more() -> None:
    assert quantity.percent(0.00104, most=3) == "0.104%"
    assert quantity.percent(0.5, most=3) == "50.00%"
