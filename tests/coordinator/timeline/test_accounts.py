from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from groundswell_coordinator.timeline.accounts import (
    Account,
    AccountBook,
    AgentAccounts,
    Loss,
    ScenarioTotals,
    totals,
)
from tests.coordinator.reporting import account


def agent(incarnation: str, ended: bool = True, **scenarios: Account) -> AgentAccounts:
    return AgentAccounts(incarnation, scenarios, ended)


def test_a_run_is_the_sum_of_its_agents() -> None:
    run = totals(
        [
            agent("i1", s=Account(planned=10, fired=8, dropped={"no_vu": 2}, interrupted=1)),
            agent("i2", s=Account(planned=5, fired=3, dropped={"no_vu": 1, "late": 1})),
        ]
    )
    assert run == {
        "s": ScenarioTotals(
            planned=15, fired=11, dropped={"no_vu": 3, "late": 1}, unknown=0, interrupted=1
        )
    }
    assert run["s"].is_balanced


def test_what_an_agent_that_fell_silent_had_not_decided_is_unknown() -> None:
    run = totals([agent("i1", ended=False, s=Account(planned=10, fired=7))])
    assert run["s"].unknown == 3
    assert run["s"].is_balanced


def test_an_account_of_an_agent_that_ended_must_balance() -> None:
    run = totals([agent("i1", s=Account(planned=10, fired=7))])
    assert run["s"].unknown == 0
    assert not run["s"].is_balanced


def test_an_executor_without_a_plan_has_nothing_to_balance() -> None:
    assert totals([agent("i1", s=Account(fired=7))])["s"].is_balanced


def test_a_loss_says_what_nobody_carried_out() -> None:
    own = Account(planned=12, fired=9, dropped={"no_vu": 1}, running=3)
    lost = agent("i1", ended=False, s=own)
    survivor = agent("i2", s=Account(planned=20, fired=20))
    loss = Loss("i1", "agent-1", reshared=True, due={"s": 14}, owned={"s": 17})
    run = totals([lost, survivor], [loss])
    assert run["s"] == ScenarioTotals(
        planned=17 + 20,
        fired=29,
        dropped={"no_vu": 1, "agent_lost": 3},
        # Two that it had planned and not decided, and two that were due since.
        unknown=4,
        cut_off=3,
    )
    assert run["s"].is_balanced
    assert run["s"].lost == 7


def test_an_agent_lost_before_its_first_report_has_its_whole_share_in_the_loss() -> None:
    loss = Loss("i1", "agent-1", due={"s": 2}, owned={"s": 10})
    run = totals([agent("i1", ended=False)], [loss])
    assert run["s"] == ScenarioTotals(planned=10, dropped={"agent_lost": 8}, unknown=2)


def test_counted_iterations_that_moved_may_have_run_twice() -> None:
    lost = agent("i1", ended=False, s=Account(planned=6, fired=6, running=1))
    loss = Loss("i1", "agent-1", reshared=True, due={"s": 6}, owned={"s": 6}, repeatable={"s": 4})
    survivor = agent("i2", s=Account(planned=14, fired=14))
    run = totals([lost, survivor], [loss])
    assert run["s"] == ScenarioTotals(planned=20, fired=20, repeatable=4, cut_off=1)


def test_a_lost_agent_that_came_back_to_deliver_its_end_lost_nothing() -> None:
    run = totals([agent("i1", s=Account(planned=3, fired=3))], [Loss("i1", "agent-1")])
    assert run["s"] == ScenarioTotals(planned=3, fired=3)


def test_the_latest_interval_counts_in_whatever_order_reports_come() -> None:
    book = AccountBook(judged_from=2)
    for interval in (3, 1, 4, 0, 2):
        book.note(interval, [account("s", planned=10 * interval, fired=9 * interval)])
    assert book.latest["s"].planned == 40
    assert book.judged["s"].planned == 30  # all but those of intervals 0 and 1


def test_drops_of_the_warm_up_are_not_among_the_judged() -> None:
    book = AccountBook(judged_from=1)
    book.note(0, [account("s", planned=10, fired=5, dropped={"no_vu": 5})])
    book.note(1, [account("s", planned=20, fired=14, dropped={"no_vu": 5, "late": 1})])
    assert book.judged["s"].dropped == {"late": 1}


counts = st.integers(0, 1000)


def account_of(fired: int, dropped: dict[str, int], undecided: int) -> Account:
    planned = fired + sum(dropped.values()) + undecided
    return Account(planned=planned, fired=fired, dropped=dropped)


accounts = st.builds(
    account_of,
    counts,
    st.dictionaries(st.sampled_from(["no_vu", "late", "time"]), counts),
    counts,
)
shares = st.dictionaries(st.just("s"), counts)


@given(st.lists(st.tuples(accounts, st.booleans(), st.booleans(), shares, shares), max_size=5))
def test_every_planned_iteration_is_fired_dropped_or_unknown(
    agents: list[tuple[Account, bool, bool, dict[str, int], dict[str, int]]],
) -> None:
    run = totals(
        [
            # What ends in order has decided all that it planned.
            agent(str(number), ended=ended and not own.undecided, s=own)
            for number, (own, ended, _, _, _) in enumerate(agents)
        ],
        [
            Loss(
                str(number),
                "a",
                owned=owned,
                due={name: min(count, owned.get(name, 0)) for name, count in due.items()},
            )
            for number, (_, _, is_lost, due, owned) in enumerate(agents)
            if is_lost
        ],
    )
    assert all(scenario.is_balanced for scenario in run.values())
