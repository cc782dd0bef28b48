from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.schedule.shares import ShareEntry, ShareTable
from groundswell.schedule.stripe import EMPTY, EVERYTHING, Inherited, Stripe
from tests.core.schedule.strategies import table_of

END = 400

weight_lists = st.lists(st.integers(1, 6), min_size=3, max_size=8)
boundaries = st.integers(0, END)


@settings(deadline=None, max_examples=50)
@given(weight_lists, boundaries)
def test_survivors_keep_their_own_and_inherit_each_lost_index_once(
    weights: list[int], boundary: int
) -> None:
    table = table_of(weights)
    owned = _below(_shares_after_loss(_shares(table), table, "agent-0", boundary))

    assert sorted(n for indices in owned.values() for n in indices) == sorted(
        n for n in range(END) if n >= boundary or table.owner(n) != "agent-0"
    )
    for agent, indices in owned.items():
        assert {n for n in range(END) if table.owner(n) == agent} <= set(indices)
        assert all(n >= boundary or table.owner(n) == agent for n in indices)


@settings(deadline=None, max_examples=50)
@given(weight_lists, boundaries)
def test_the_lost_share_is_divided_by_the_weights_of_the_survivors(
    weights: list[int], boundary: int
) -> None:
    table = table_of(weights)
    lost = table.stripe("agent-0")
    survivors = _without(table, "agent-0")
    total = sum(entry.weight for entry in survivors.entries)

    for entry in survivors.entries:
        heir = Inherited(lost, boundary, survivors.stripe(entry.agent))
        for end in range(boundary, END, 17):
            left = lost.count_below(end) - lost.count_below(boundary)
            assert abs(heir.count_below(end) * total - left * entry.weight) < total


@settings(deadline=None, max_examples=50)
@given(weight_lists, boundaries, boundaries)
def test_an_heir_may_be_lost_as_well(weights: list[int], first: int, second: int) -> None:
    first, second = sorted((first, second))
    table = table_of(weights)
    once = _shares_after_loss(_shares(table), table, "agent-0", first)
    remaining = _without(table, "agent-0")

    twice = _below(_shares_after_loss(once, remaining, "agent-1", second))

    owned = sorted(n for indices in twice.values() for n in indices)
    assert [n for n in owned if n >= second] == list(range(second, END))
    assert len(owned) == len(set(owned))


@settings(deadline=None, max_examples=50)
@given(weight_lists, boundaries)
def test_an_inherited_stripe_agrees_with_itself(weights: list[int], boundary: int) -> None:
    table = table_of(weights)

    for stripes in _shares_after_loss(_shares(table), table, "agent-0", boundary).values():
        for stripe in stripes:
            members = stripe.slice(0, stripe.count_below(END)).tolist()
            assert members == sorted(set(members))
            assert [stripe.nth(j) for j in range(0, len(members), 7)] == members[::7]
            assert [stripe.count_below(n) for n in members] == list(range(len(members)))
            assert stripe.slice(3, 9).tolist() == [stripe.nth(j) for j in range(3, 9)]
            assert stripe.slice(5, 5).size == 0


def test_nothing_is_inherited_from_an_agent_that_owned_nothing() -> None:
    survivors = table_of([1, 1])
    heir = Inherited(EMPTY, 0, survivors.stripe("agent-0"))

    assert heir.count_below(1_000) == 0
    assert heir.slice(0, 0).size == 0
    with pytest.raises(IndexError):
        heir.nth(0)


def test_everything_is_every_index() -> None:
    assert EVERYTHING.slice(3, 7).tolist() == [3, 4, 5, 6]
    assert (EVERYTHING.nth(9), EVERYTHING.count_below(9)) == (9, 9)


def _shares(table: ShareTable) -> dict[str, tuple[Stripe, ...]]:
    return {agent: (table.stripe(agent),) for agent in table.agents}


def _without(table: ShareTable, lost: str) -> ShareTable:
    kept = [ShareEntry(e.agent, e.weight) for e in table.entries if e.agent != lost]
    return ShareTable(tuple(kept), table.epoch + 1)


def _shares_after_loss(
    shares: dict[str, tuple[Stripe, ...]], table: ShareTable, lost: str, boundary: int
) -> dict[str, tuple[Stripe, ...]]:
    """Each survivor goes on with what it had, and gets its part of each of the lost stripes."""
    survivors = _without(table, lost)
    return {
        agent: (
            *shares[agent],
            *(Inherited(one, boundary, survivors.stripe(agent)) for one in shares[lost]),
        )
        for agent in survivors.agents
    }


def _below(shares: dict[str, tuple[Stripe, ...]]) -> dict[str, list[int]]:
    return {
        agent: [n for one in stripes for n in one.slice(0, one.count_below(END)).tolist()]
        for agent, stripes in shares.items()
    }
