"""Durations, rates, shares and sizes are read exactly, and what is not one says how to write it."""

from __future__ import annotations

import contextlib
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell.errors import InvalidUnit
from groundswell.units import (
    format_duration,
    parse_duration,
    parse_number,
    parse_rate,
    parse_share,
    parse_size,
)

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("300ms", Fraction(3, 10)),
        ("0.1s", Fraction(1, 10)),
        ("1m30s", Fraction(90)),
        ("1.5h", Fraction(5400)),
        ("2d", Fraction(172_800)),
        ("250us", Fraction(1, 4000)),
        ("1h2m3s4ms", Fraction(3_723_004, 1000)),
        ("0s", Fraction(0)),
    ],
)
def test_a_duration_is_exact_seconds(text: str, seconds: Fraction) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("500/s", Fraction(500)),
        ("30/m", Fraction(1, 2)),
        ("10/h", Fraction(1, 360)),
        ("0.1/s", Fraction(1, 10)),
    ],
)
def test_a_rate_is_exact_events_per_second(text: str, rate: Fraction) -> None:
    assert parse_rate(text) == rate


def test_a_share_is_a_percentage_or_a_part_of_one() -> None:
    assert parse_share("0.1%") == parse_share("0.001") == Fraction(1, 1000)
    assert parse_share("100%") == 1


def test_a_size_is_whole_bytes() -> None:
    assert parse_size("64KiB") == 65_536
    assert parse_size("1.5MB") == 1_500_000


@pytest.mark.parametrize(
    ("parse", "text", "printed"),
    [
        (parse_duration, "10", "10 has no unit (write 10s for seconds, 10ms, 10m …)"),
        (parse_duration, "10 s", "'10 s' is not a duration (write 10s)"),
        (parse_duration, "5 minutes", "'5 minutes' is not a duration (write 5m)"),
        (parse_duration, "5M", "'5M' is not a duration (write 5m)"),
        (parse_duration, "10µs", "'10µs' is not a duration (write 10us)"),
        (
            parse_duration,
            "-1s",
            "'-1s' is negative (write a number and a unit: 300ms, 10s, 1m30s, 2h)",
        ),
        (
            parse_duration,
            "30s1m",
            "'30s1m' is not a duration (write a number and a unit: 300ms, 10s, 1m30s, 2h)",
        ),
        (parse_duration, "400d", "'400d' is too long (the longest is 366d)"),
        (parse_rate, "500", "500 has no unit (write 500/s, or add time_unit)"),
        (parse_rate, "500/sec", "'500/sec' is not a rate (write 500/s)"),
        (
            parse_rate,
            "fast",
            "'fast' is not a rate (write events per second, minute or hour: 500/s, 30/m, 10/h)",
        ),
        (
            parse_rate,
            "-5/s",
            "'-5/s' is negative (write events per second, minute or hour: 500/s, 30/m, 10/h)",
        ),
        (parse_rate, "9999999999/s", "'9999999999/s' is too high (the highest is 1000000000/s)"),
        (parse_share, "5", "'5' is more than the whole (write 5%)"),
        (parse_share, "120%", "'120%' is more than the whole"),
        (parse_share, "1%%", "'1%%' is not a share (write 0.1% or 0.001)"),
        (parse_size, "64", "'64' is not a size (write 512B, 64KiB or 10MB)"),
        (parse_size, "0.5B", "'0.5B' is not a whole number of bytes"),
        (parse_size, "99999GiB", "'99999GiB' is too large (the largest is 1024GiB)"),
        (parse_number, "1e3", "'1e3' is not a plain number (write it as 12 or 0.5)"),
    ],
)
def test_what_is_wrong_and_what_to_write(
    parse: Callable[[str], object], text: str, printed: str
) -> None:
    with pytest.raises(InvalidUnit) as caught:
        parse(text)
    assert str(caught.value) == printed


@given(st.integers(min_value=0, max_value=10**12))
def test_whole_microseconds_survive_being_written_and_read(microseconds: int) -> None:
    seconds = Fraction(microseconds, 10**6)
    assert parse_duration(format_duration(seconds)) == seconds


@given(st.text() | st.from_regex(r"[-+0-9.]*[a-zµ/%]*[0-9]*[a-z]*"))
def test_any_text_is_a_value_or_an_invalid_unit(text: str) -> None:
    for parse in (parse_duration, parse_rate, parse_share, parse_size, parse_number):
        with contextlib.suppress(InvalidUnit):
            assert parse(text) >= 0


def test_a_number_of_a_million_digits_is_refused_at_once() -> None:
    for parse in (parse_duration, parse_rate, parse_share, parse_size):
        with pytest.raises(InvalidUnit):
            parse("9" * 1_000_000 + "s")
