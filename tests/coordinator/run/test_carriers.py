"""Who takes over what: nobody more than it carries, whoever is lost in whatever order, and nothing twice."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import event, given, settings
from hypothesis import strategies as st

from groundswell.load_guard import LoadGuard
from groundswell.scenario.model import Test
from groundswell.schedule.division import Division
from groundswell.schedule.scenario_plan import ScenarioPlan
from groundswell.schedule.share_loads import ShareLoads
from groundswell.schedule.shares import ShareEntry, ShareTable
from groundswell_coordinator.run.succession import Succession
from tests.core.schedule.scenarios import constant_rate, constant_vus, ramping_rate

if TYPE_CHECKING:
    from groundswell.scenario.model import Scenario
    from groundswell.schedule.scenario_plan import ScenarioShare

SEED = 3
LENGTH = 12
SCENARIOS: dict[str, Scenario] = {
    "even": constant_rate(90, LENGTH, 30),
    "random": constant_rate(40, LENGTH, 9, arrivals="poisson"),
    "ramp": ramping_rate(120, (6, 20), (6, 80), max_vus=15),
    "closed": constant_vus(13, LENGTH),
}
names = st.lists(st.sampled_from(sorted(SCENARIOS)), min_size=1, max_size=2, unique=True)


def the_test(chosen: list[str]) -> Test:
    return Test(test="t", target="http://t", scenarios={name: SCENARIOS[name] for name in chosen})


def table_of(weights: list[int]) -> ShareTable:
    return ShareTable(tuple(ShareEntry("abcdef"[n], weight) for n, weight in enumerate(weights)))


def guard_from(test: Test, table: ShareTable, agent: str, room: Fraction | None) -> LoadGuard:
    """One that carries its first share, and `room` times as much again."""
    if room is None:
        return LoadGuard()
    load = ShareLoads(test.scenarios, Division(table), SEED).of(agent)
    vus = max(1, int(load.vus * (1 + room)))
    return LoadGuard(load.rate * (1 + room) or None, vus)


def shares_of(test: Test, division: Division) -> dict[str, list[ScenarioShare]]:
    plans = [ScenarioPlan(name, one, division, SEED) for name, one in test.scenarios.items()]
    return {agent: [plan.share(agent) for plan in plans] for agent in division.table.agents}


def walked(share: ScenarioShare) -> list[list[tuple[int, float]]]:
    return [list(source.walk()) for source in share.sources]


def assert_carried(shares: list[ScenarioShare], guard: LoadGuard, handovers: int) -> None:
    """By what it walks, second by second: parts of sequences may be a little ahead of their rate."""
    even = [share for share in shares if share.name in ("even", "ramp")]
    moments = [moment for share in even for one in walked(share) for _, moment in one]
    counts = np.bincount(np.array(moments, dtype=np.float64).astype(int), minlength=1)
    ahead = 2 * sum(len(share.sources) for share in even) * (1 + handovers)
    if guard.max_rate is not None:
        assert counts.max() <= guard.max_rate + ahead
    assert sum(share.vu_count for share in shares) <= (guard.max_vus or 1000)


@settings(deadline=None, max_examples=120)
@given(st.data(), names, st.lists(st.integers(1, 4), min_size=2, max_size=6))
def test_nobody_exceeds_its_guard_nothing_is_twice_and_who_is_left_keeps_all_it_has(
    data: st.DataObject, chosen: list[str], weights: list[int]
) -> None:
    test, table = the_test(chosen), table_of(weights)
    rooms = st.one_of(st.none(), st.fractions(0, 2, max_denominator=4))
    guards = {agent: guard_from(test, table, agent, data.draw(rooms)) for agent in table.agents}
    succession = Succession(test, table, SEED)
    live = list(table.agents)
    for _ in range(data.draw(st.integers(1, len(live) - 1))):
        lost = live.pop(data.draw(st.integers(0, len(live) - 1)))
        boundary_ns = data.draw(st.integers(0, LENGTH * 10**9))
        before = shares_of(test, succession.division)

        heirs = succession.carriers(lost, frozenset(live), boundary_ns, guards)

        event("all" if len(heirs) == len(live) else "some" if heirs else "none")
        if not heirs:
            continue
        succession.take(succession.plan(lost, heirs, boundary_ns, {}))
        after = shares_of(test, succession.division)
        since = Fraction(boundary_ns, 10**9)
        loads = ShareLoads(test.scenarios, succession.division, SEED, since)
        for agent in live:
            assert agent not in heirs or guards[agent].allows(loads.of(agent))
            for had, has in zip(before[agent], after[agent], strict=True):
                assert walked(has)[: len(had.sources)] == walked(had)
                assert has.vu_ids().tolist()[: had.vu_count] == had.vu_ids().tolist()

    final = shares_of(test, succession.division)
    for agent in live:
        assert_carried(final[agent], guards[agent], len(succession.division.handovers))
    for place in range(len(chosen)):
        of_all = [shares[place] for shares in final.values()]
        fired = [moment for share in of_all for one in walked(share) for _, moment in one]
        assert len(set(fired)) == len(fired)
        vus = [vu for agent in live for vu in final[agent][place].vu_ids().tolist()]
        assert len(set(vus)) == len(vus)


def test_who_would_not_carry_it_is_left_out_and_the_others_get_more() -> None:
    """90/s over three: one lost gives each other 15/s more, or one of them 30/s more."""
    test, table = the_test(["even"]), table_of([1, 1, 1])
    succession = Succession(test, table, SEED)
    tight, wide = LoadGuard(Fraction(44)), LoadGuard(Fraction(60))

    def heirs(**guards: LoadGuard) -> set[str]:
        return set(succession.carriers("a", ["b", "c"], 10**9, guards))

    assert heirs() == {"b", "c"}
    assert heirs(b=LoadGuard(Fraction(45)), c=LoadGuard(Fraction(45))) == {"b", "c"}
    assert heirs(b=tight) == {"c"}
    assert heirs(b=tight, c=wide) == {"c"}
    assert heirs(b=tight, c=LoadGuard(Fraction(59))) == set()


def test_what_lies_behind_on_a_curve_keeps_nobody_from_taking_over() -> None:
    test, table = the_test(["ramp"]), table_of([1, 1])
    succession = Succession(test, table, SEED)
    # From 120/s down to 20/s in six seconds, then up to 80/s.
    guards = {"b": LoadGuard(Fraction(100))}
    assert list(succession.carriers("a", ["b"], 10**9, guards)) == []
    assert list(succession.carriers("a", ["b"], 2 * 10**9, guards)) == ["b"]
