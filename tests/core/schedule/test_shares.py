from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.schedule.shares import ShareEntry, ShareTable
from tests.core.schedule.strategies import table_of, tables

MANY = {
    "one agent": [3],
    "5,000 equal agents": [1] * 5_000,
    "5,000 uneven agents": [1 + i * 7919 % 40 for i in range(5_000)],
    "one heavy, many light": [4_000] + [1] * 4_000,
    "a period of 100,000": [33_334, 33_333, 33_333],
    "primes": [2, 3, 5, 7, 11, 13, 9973],
}


@settings(deadline=None)
@given(tables, st.integers(0, 500))
def test_every_index_has_exactly_one_owner(table: ShareTable, end: int) -> None:
    owned = [n for agent in table.agents for n in _members(table, agent, end)]

    assert sorted(owned) == list(range(end))


@settings(deadline=None)
@given(tables)
def test_in_every_prefix_each_count_is_less_than_one_from_its_exact_proportion(
    table: ShareTable,
) -> None:
    total = sum(entry.weight for entry in table.entries)
    counts = dict.fromkeys(table.agents, 0)

    for n in range(1, 2 * table.period + 2):
        counts[table.owner(n - 1)] += 1
        for entry in table.entries:
            assert abs(counts[entry.agent] * total - n * entry.weight) < total


@pytest.mark.parametrize("weights", MANY.values(), ids=MANY.keys())
def test_the_proportion_also_holds_for_many_agents_and_long_periods(weights: list[int]) -> None:
    table, total = table_of(weights), sum(weights)

    for entry in table.entries:
        stripe = table.stripe(entry.agent)
        # A count strays furthest just before an index of its own and just after it.
        own = stripe.slice(0, stripe.count_below(2 * table.period))
        before = np.arange(own.size) * total - own * entry.weight
        after = before + total - entry.weight
        assert max(np.abs(before).max(), np.abs(after).max()) < total


@pytest.mark.parametrize("weights", MANY.values(), ids=MANY.keys())
def test_many_agents_share_without_gap_or_overlap(weights: list[int]) -> None:
    table = table_of(weights)

    stripes = [table.stripe(agent) for agent in table.agents]
    owned = np.concatenate([s.slice(0, s.count_below(table.period)) for s in stripes])

    assert np.array_equal(np.sort(owned), np.arange(table.period))


@settings(deadline=None)
@given(tables, st.lists(st.integers(0, 2_000), min_size=2))
def test_counts_never_fall_when_the_total_rises(table: ShareTable, totals: list[int]) -> None:
    counts = [table.counts_below(total) for total in sorted(totals)]

    for total, lower, higher in zip(sorted(totals), counts, counts[1:], strict=False):
        assert sum(lower) == total
        assert all(a <= b for a, b in zip(lower, higher, strict=True))


@settings(deadline=None)
@given(tables, st.integers(0, 400))
def test_a_stripe_holds_what_its_agent_owns(table: ShareTable, end: int) -> None:
    for agent in table.agents:
        stripe, members = table.stripe(agent), _members(table, agent, end)

        assert stripe.count_below(end) == len(members)
        assert [stripe.nth(j) for j in range(len(members))] == members
        assert stripe.slice(0, len(members)).tolist() == members
        assert stripe.slice(1, len(members)).tolist() == members[1:]


@given(st.lists(st.integers(1, 12), min_size=1, max_size=24), st.integers(1, 50))
def test_weights_with_a_common_factor_make_the_same_shares(weights: list[int], by: int) -> None:
    plain, scaled = table_of(weights), table_of([weight * by for weight in weights])

    assert plain.period == scaled.period
    assert [plain.owner(n) for n in range(50)] == [scaled.owner(n) for n in range(50)]


def test_equal_weights_take_turns_in_the_order_of_the_table() -> None:
    table = ShareTable(tuple(ShareEntry(agent) for agent in "cab"))

    assert "".join(table.owner(n) for n in range(7)) == "cabcabc"


@pytest.mark.parametrize(
    ("weights", "order"),
    [((5, 3, 2), "abacababac"), ((1, 2, 5), "cbcccabc"), ((3, 1, 1), "aabac")],
)
def test_the_order_is_the_same_on_every_machine(weights: tuple[int, ...], order: str) -> None:
    entries = [ShareEntry(agent, weight) for agent, weight in zip("abc", weights, strict=True)]
    table = ShareTable(tuple(entries))

    assert "".join(table.owner(n) for n in range(2 * len(order))) == order * 2


def test_indices_far_out_have_an_owner() -> None:
    table = table_of([5, 3, 2])
    stripe = table.stripe("agent-0")
    far = 10**15

    assert table.owner(far) == table.owner(far % 10)
    assert stripe.nth(stripe.count_below(far)) >= far


def test_an_agent_that_the_table_does_not_name_owns_nothing() -> None:
    stripe = table_of([1, 2]).stripe("stranger")

    assert stripe.count_below(10**9) == 0
    assert stripe.slice(0, 0).size == 0
    with pytest.raises(IndexError):
        stripe.nth(0)
    with pytest.raises(IndexError):
        stripe.slice(0, 1)


def test_a_position_before_the_first_is_refused() -> None:
    stripe = table_of([1, 2]).stripe("agent-0")

    with pytest.raises(IndexError):
        stripe.nth(-1)
    with pytest.raises(IndexError):
        stripe.slice(-1, 3)


def test_tables_by_counts_leave_out_agents_that_got_none() -> None:
    table = ShareTable((ShareEntry("a", 3), ShareEntry("b", 1), ShareEntry("c", 1)), epoch=4)

    assert table.counts_below(3) == (2, 1, 0)
    assert table.by_counts_below(3) == ShareTable((ShareEntry("a", 2), ShareEntry("b", 1)), epoch=4)


@pytest.mark.parametrize(
    ("entries", "complaint"),
    [
        ([], "at least one agent"),
        ([ShareEntry("a", 0)], "weight 0 is less than 1"),
        ([ShareEntry("a", -3)], "weight -3 is less than 1"),
        (
            [ShareEntry("a"), ShareEntry("b"), ShareEntry("a")],
            "agent a is in the share table twice",
        ),
        ([ShareEntry("a", 2**32 - 1), ShareEntry("b", 1_000)], "smaller weights"),
    ],
)
def test_a_table_that_divides_nothing_well_is_refused(
    entries: list[ShareEntry], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        ShareTable(tuple(entries))


def _members(table: ShareTable, agent: str, end: int) -> list[int]:
    return [n for n in range(end) if table.owner(n) == agent]
