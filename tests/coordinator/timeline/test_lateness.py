from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from groundswell.metrics.rank import nearest_rank
from groundswell_coordinator.timeline.lateness import Lateness, is_late

SECONDS = st.lists(
    st.integers(0, 300).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))), max_size=30
)


@given(SECONDS, st.integers(1, 12), st.integers(0, 30))
def test_a_window_is_late_where_its_seconds_together_are(
    seconds: list[tuple[int, int]], length: int, more: int
) -> None:
    """Of seconds that were not reported at all, too, at the end and before it."""
    lateness = Lateness()
    for interval, (samples, late) in enumerate(seconds):
        if samples:
            lateness.note(interval, samples, late)
    ends = range(length, length + more)
    expected = [
        is_late(
            sum(samples for samples, _ in seconds[max(0, end - length) : end]),
            sum(late for _, late in seconds[max(0, end - length) : end]),
        )
        for end in ends
    ]
    assert lateness.windows(length, ends).tolist() == expected


@given(st.integers(2, 5000).flatmap(lambda n: st.tuples(st.just(n), st.integers(2, n))))
def test_late_means_that_the_p99_is_above_the_limit(counts: tuple[int, int]) -> None:
    samples, late = counts
    assert is_late(samples, late) == (nearest_rank(99, samples) > samples - late)


def test_one_late_sample_alone_says_nothing() -> None:
    assert not is_late(1, 1)
    assert not is_late(50, 1)
    assert is_late(2, 2)


def test_a_number_beyond_all_measure_is_held_back() -> None:
    lateness = Lateness()
    lateness.note(0, 2**40, 2**40)
    assert lateness.windows(1, range(1, 2)).tolist() == [True]
