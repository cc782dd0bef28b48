from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.schedule.arrivals import even
from groundswell.schedule.rate import RateCurve
from groundswell.schedule.stripe import EMPTY, Inherited
from tests.core.schedule.strategies import rate_curves, table_of, tables

if TYPE_CHECKING:
    from groundswell.schedule.shares import ShareTable

Plan = list[tuple[int, float]]


@settings(deadline=None)
@given(rate_curves, tables, st.integers(1, 2000))
def test_the_arrivals_of_all_agents_are_the_plan_of_one_event_for_event(
    curve: RateCurve, table: ShareTable, block: int
) -> None:
    united: Plan = []
    for agent in table.agents:
        united.extend(even(curve, table.stripe(agent), block=block))

    assert sorted(united) == _plan_of_one(curve)


@pytest.mark.parametrize("agents", [1, 2, 7, 500, 5_000])
def test_the_plan_stays_the_same_for_any_number_of_agents(agents: int) -> None:
    ramp = [
        (Fraction(7, 3), Fraction(900)),
        (Fraction(3), Fraction(900)),
        (Fraction(2), Fraction(0)),
    ]
    curve = RateCurve.ramping(Fraction(1, 7), ramp)
    table = table_of([1 + n * 31 % 5 for n in range(agents)])

    united = [pair for agent in table.agents for pair in even(curve, table.stripe(agent))]

    assert sorted(united) == _plan_of_one(curve)


def test_arrivals_are_popped_in_order_until_none_is_left() -> None:
    arrivals = even(RateCurve.constant(Fraction(2), Fraction(2)), table_of([1]).stripe("agent-0"))

    popped: Plan = []
    while arrivals.next_moment < math.inf:
        popped.append((round(2 * arrivals.next_moment), arrivals.pop()))

    assert popped == [(0, 0), (1, 1), (2, 2), (3, 3)]
    assert arrivals.planned_total == 4
    with pytest.raises(IndexError):
        arrivals.pop()
    assert list(arrivals) == []


def test_an_agent_without_a_share_has_no_arrivals() -> None:
    arrivals = even(RateCurve.constant(Fraction(9), Fraction(9)), EMPTY)

    assert arrivals.next_moment == math.inf
    assert arrivals.planned_total == 0


@settings(deadline=None)
@given(rate_curves, tables, st.integers(0, 3000))
def test_a_walk_may_end_at_any_index(curve: RateCurve, table: ShareTable, end: int) -> None:
    stripe = table.stripe("agent-0")
    arrivals = even(curve, stripe, end=end)
    total = arrivals.planned_total

    walked = list(arrivals)

    assert walked == [(n, t) for n, t in even(curve, stripe) if n < end]
    assert total == len(walked)


@settings(deadline=None, max_examples=30)
@given(rate_curves, st.integers(0, 2000))
def test_after_a_loss_the_plan_goes_on_from_the_boundary_without_gap_or_double(
    curve: RateCurve, boundary: int
) -> None:
    table, survivors = table_of([2, 3, 1]), table_of([2, 3])
    lost = table.stripe("agent-2")

    united: Plan = list(even(curve, lost, end=boundary))
    for agent in survivors.agents:
        united.extend(even(curve, table.stripe(agent)))
        united.extend(even(curve, Inherited(lost, boundary, survivors.stripe(agent))))

    assert sorted(united) == _plan_of_one(curve)


def _plan_of_one(curve: RateCurve) -> Plan:
    indices = np.arange(curve.planned)
    return list(zip(indices.tolist(), curve.moments(indices).tolist(), strict=True))
