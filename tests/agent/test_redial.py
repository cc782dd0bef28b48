"""How long an agent waits for a coordinator that is not there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell_agent.redial import Redial

luck = st.floats(0, 1)


@given(st.lists(luck, min_size=20, max_size=20))
def test_under_a_lease_attempts_begin_at_most_half_a_second_apart(lucks: list[float]) -> None:
    redial = Redial()
    for one in lucks:
        assert redial.patience(loads=True) + redial.pause(one, loads=True) <= 0.5


def test_where_a_connection_takes_longer_than_that_it_is_made_at_last() -> None:
    redial = Redial()
    patience = [redial.patience(loads=True) for _ in range(25)]
    assert patience == sorted(patience)
    assert patience[-1] == 5.0
    # Ten seconds of haste: twice the usual lease.
    assert 8 <= sum(one < 1 for one in patience) * 0.5 <= 12


def test_an_idle_agent_waits_longer_each_time_and_not_for_ever() -> None:
    redial = Redial()
    pauses: list[float] = []
    for _ in range(50):
        assert redial.patience(loads=False) == 5.0
        pauses.append(redial.pause(1.0, loads=False))
    assert pauses == sorted(pauses)
    assert pauses[:3] == [0.5, 1.0, 2.0]
    assert pauses[-1] == 8.0


@given(luck, luck, st.integers(1, 5000))
def test_agents_that_lost_their_coordinator_together_do_not_come_back_together(
    one: float, other: float, attempts: int
) -> None:
    redial = Redial()
    for _ in range(attempts):
        redial.patience(loads=False)
    first, second = (redial.pause(luck, loads=False) for luck in (one, other))
    assert 0.25 <= first <= 8.0
    # The whole of a pause's second half is used.
    assert abs(first - second) == pytest.approx(
        abs(one - other) * redial.pause(0.0, loads=False), abs=1e-9
    )


def test_a_stream_that_stood_begins_the_count_anew() -> None:
    redial = Redial()
    for _ in range(10):
        redial.patience(loads=False)
    assert Redial().pause(1.0, loads=False) < redial.pause(1.0, loads=False)
