"""Leases: by whom they are prolonged, and that they end for good."""

from __future__ import annotations

from time import CLOCK_BOOTTIME, clock_gettime_ns

from hypothesis import given
from hypothesis import strategies as st

from groundswell_agent.lease import Lease, boot_ns

HOUR_NS = 3600 * 10**9


def ago(seconds: float) -> int:
    return boot_ns() - round(seconds * 1e9)


def heard(lease: Lease) -> list[str]:
    """Grows with every word that the lease has ended."""
    ends: list[str] = []
    lease.on_end = lambda: ends.append("ended")
    return ends


def test_it_is_counted_on_a_clock_that_goes_on_while_the_machine_sleeps() -> None:
    before = clock_gettime_ns(CLOCK_BOOTTIME)
    assert before <= boot_ns() <= clock_gettime_ns(CLOCK_BOOTTIME)


def test_before_a_coordinator_was_heard_it_has_no_end() -> None:
    lease = Lease()
    assert lease.holds()
    lease.begin()
    assert lease.holds()


def test_it_ends_a_lease_after_the_sending_of_what_was_acknowledged() -> None:
    lease = Lease()
    lease.renew(ago(10), 11 * 10**9)
    assert lease.holds()
    lease = Lease()
    lease.renew(ago(10), 9 * 10**9)
    assert not lease.holds()


def test_an_acknowledgement_that_comes_late_never_shortens_it() -> None:
    lease = Lease()
    ends = heard(lease)
    lease.renew(ago(0), HOUR_NS)
    lease.renew(ago(20), 10**9)
    assert lease.holds()
    assert ends == []


def test_what_has_ended_stays_ended_though_the_coordinator_is_heard_again() -> None:
    lease = Lease()
    ends = heard(lease)
    lease.renew(ago(10), 10**9)
    lease.renew(ago(0), HOUR_NS)
    assert not lease.holds()
    assert ends == ["ended"]


def test_it_is_the_answer_that_finds_out_where_nobody_asked_in_between() -> None:
    """As after a suspended night: the first thing that is heard must not bring the lease back."""
    lease = Lease()
    lease.renew(ago(10), 9_999_000_000)
    ends = heard(lease)
    lease.renew(ago(0), HOUR_NS)
    assert (lease.holds(), ends) == (False, ["ended"])


def test_its_end_is_told_once() -> None:
    lease = Lease()
    ends = heard(lease)
    for _ in range(3):
        lease.end()
    assert (lease.holds(), ends) == (False, ["ended"])


def test_the_next_run_has_a_lease_again() -> None:
    lease = Lease()
    ends = heard(lease)
    lease.renew(ago(0), HOUR_NS)
    lease.end()
    lease.renew(ago(0), HOUR_NS)
    assert not lease.holds()
    lease.begin()
    assert lease.holds()
    lease.end()
    assert ends == ["ended", "ended"]


def test_a_run_that_begins_while_the_coordinator_is_silent_has_none() -> None:
    lease = Lease()
    lease.renew(ago(10), 10**9)
    lease.begin()
    assert not lease.holds()


renewals = st.tuples(st.floats(0, 100), st.floats(0, 200))


@given(st.lists(st.one_of(renewals, st.just("end")), max_size=30))
def test_it_holds_while_any_acknowledgement_reaches_as_far_and_none_came_too_late(
    course: list[tuple[float, float] | str],
) -> None:
    """Seconds ago that something was sent, and the lease that it was acknowledged with.

    All of it happens in a moment, so that only what was sent and promised tells what holds.
    """
    lease = Lease()
    ends = heard(lease)
    furthest, is_over = None, False
    for step in course:
        if isinstance(step, str):
            lease.end()
            is_over = True
            continue
        sent, length = step
        # Too near to say on which side of now it is.
        if abs(length - sent) < 0.5:
            continue
        lease.renew(ago(sent), round(length * 1e9))
        reach = length - sent
        furthest = reach if furthest is None else max(furthest, reach)
        is_over = is_over or furthest < 0
    assert lease.holds() is not is_over
    # A first acknowledgement that came too late was never held, and nobody is told that it ended.
    assert len(ends) <= 1
    lease.begin()
    assert lease.holds() is (furthest is None or furthest > 0)
