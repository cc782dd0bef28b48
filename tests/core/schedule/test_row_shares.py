"""Who owns which row: every row one agent's, in proportion to the iterations that it carries out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.rows.layout import Layout
from groundswell.scenario.data_source import DataSource
from groundswell.scenario.model import Test
from groundswell.schedule.division import Division, Handover
from groundswell.schedule.plan import plan_table
from groundswell.schedule.row_shares import row_table
from groundswell.schedule.shares import ShareEntry, ShareTable
from tests.core.schedule.scenarios import (
    constant_rate,
    constant_vus,
    per_vu_iterations,
    shared_iterations,
)
from tests.core.schedule.strategies import tables

if TYPE_CHECKING:
    from groundswell.scenario.data_source import OnEnd, Pick
    from groundswell.scenario.model import Scenario


def source(rows: int, pick: Pick = "unique", on_end: OnEnd = "stop") -> DataSource:
    return DataSource(
        file="u.csv", layout=Layout("csv"), pick=pick, on_end=on_end, columns=("id",), rows=rows
    )


def naming(data: DataSource, *scenarios: Scenario) -> Test:
    return Test(
        test="t",
        target="http://x",
        data={"users": data},
        scenarios={f"s{n}": replace(one, data=("users",)) for n, one in enumerate(scenarios)},
    )


SCENARIOS = st.lists(
    st.one_of(
        st.integers(1, 60).map(constant_vus),
        st.tuples(st.integers(1, 60), st.integers(60, 300)).map(lambda n: shared_iterations(*n)),
        st.tuples(st.integers(1, 60), st.integers(1, 5)).map(lambda n: per_vu_iterations(*n)),
        st.tuples(st.integers(1, 50), st.integers(1, 60)).map(
            lambda n: constant_rate(n[0], 10, n[1])
        ),
    ),
    max_size=3,
)


@settings(deadline=None)
@given(table=tables, scenarios=SCENARIOS, rows=st.integers(0, 500))
def test_every_row_is_one_agents_and_no_other(
    table: ShareTable, scenarios: list[Scenario], rows: int
) -> None:
    owned = row_table(naming(source(rows), *scenarios), "users", table)
    indices = [
        index
        for agent in table.agents
        for index in owned.stripe(agent).slice(0, owned.stripe(agent).count_below(rows)).tolist()
    ]
    assert sorted(indices) == list(range(rows))


@settings(deadline=None)
@given(
    table=tables,
    scenario=st.one_of(
        st.tuples(st.integers(1, 60), st.integers(60, 300)).map(lambda n: shared_iterations(*n)),
        st.tuples(st.integers(1, 50), st.integers(1, 60)).map(
            lambda n: constant_rate(n[0], 10, n[1])
        ),
        st.tuples(st.integers(1, 60), st.integers(1, 5)).map(lambda n: per_vu_iterations(*n)),
    ),
)
def test_as_many_rows_as_iterations_are_enough_for_every_agent(
    table: ShareTable, scenario: Scenario
) -> None:
    """Whatever the weights, and however few VUs there are."""
    whole = plan_table(naming(source(0), scenario), [ShareEntry("all")], 0).scenarios[0].planned
    assert whole is not None
    outline = plan_table(naming(source(whole), scenario), table.entries, 0).data[0]
    assert outline.needed == whole == sum(share.rows for share in outline.agents)
    assert all(share.needed == share.rows for share in outline.agents)
    assert outline.warnings == ()


def test_a_handover_moves_no_row() -> None:
    table = ShareTable((ShareEntry("a"), ShareEntry("b"), ShareEntry("c")))
    handover = Handover(1, "b", 10**9, (ShareEntry("a"), ShareEntry("c")))
    division = Division(table, (handover,))
    test = naming(source(9), shared_iterations(3, 9))
    before = {agent: row_table(test, "users", table).stripe(agent) for agent in table.agents}
    after = {agent: row_table(test, "users", division.table).stripe(agent) for agent in ("a", "c")}
    for agent, stripe in after.items():
        assert stripe.slice(0, 9).tolist() == before[agent].slice(0, 9).tolist()


def test_an_agent_without_a_vu_owns_no_row() -> None:
    table = ShareTable(tuple(ShareEntry(f"a{n}") for n in range(5)))
    owned = row_table(naming(source(10), constant_vus(2)), "users", table)
    assert set(owned.agents) == {table.owner(0), table.owner(1)}


def warnings(test: Test, *agents: int) -> list[str]:
    entries = [ShareEntry(f"a{n}", weight) for n, weight in enumerate(agents)]
    return [text for outline in plan_table(test, entries, 0).data for text in outline.warnings]


def test_the_plan_warns_of_rows_that_are_too_few() -> None:
    assert warnings(naming(source(9), shared_iterations(2, 10)), 1, 1) == [
        "the plan needs 10 rows and there are 9: it will end early, INCONCLUSIVE (data_exhausted)"
    ]
    assert warnings(naming(source(10), shared_iterations(2, 10)), 1, 1) == []
    assert warnings(naming(source(1, "sequential", "recycle"), shared_iterations(2, 10)), 1) == []
    assert warnings(naming(source(9), constant_vus(2)), 1, 1) == []
    assert warnings(naming(source(3, "per-vu", "recycle"), constant_vus(4)), 1) == [
        "4 VUs share 3 rows"
    ]
    assert warnings(naming(source(9)), 1) == ["no scenario names it"]


def test_the_plan_warns_of_an_agent_that_draws_more_than_its_rows() -> None:
    """Poisson arrivals do not keep to anybody's part."""
    scenario = constant_rate(20, 30, 30, arrivals="poisson")
    drawn = plan_table(naming(source(0), scenario), [ShareEntry(f"a{n}") for n in range(3)], 0)
    planned = drawn.scenarios[0].planned
    assert planned is not None
    (text,) = warnings(naming(source(planned), scenario), 1, 1, 1)
    assert "agents need more rows than are theirs, as a" in text


def test_ten_million_rows_over_fifty_agents() -> None:
    table = ShareTable(tuple(ShareEntry(f"a{n}") for n in range(50)))
    test = naming(source(10_000_000), constant_rate(5000, 1800, 2000))
    owned = row_table(test, "users", table)
    counts = [owned.stripe(agent).count_below(10_000_000) for agent in table.agents]
    assert counts == [200_000] * 50
    # Disjoint and complete in every period is disjoint and complete.
    period = [owned.stripe(agent).slice(0, owned.period // 50).tolist() for agent in table.agents]
    assert sorted(index for part in period for index in part) == list(range(owned.period))
