"""Who carries out what once agents are lost and leave, and what the run says of it in the end."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.scenario.model import ConstantArrivalRate, SharedIterations, Test
from groundswell.schedule.division import Division
from groundswell.schedule.scenario_plan import plan_scenario
from groundswell.schedule.shares import ShareEntry, ShareTable
from groundswell_coordinator.run.succession import LostAgent, Succession
from groundswell_coordinator.timeline.accounts import totals
from groundswell_coordinator.timeline.timeline import Timeline
from tests.coordinator.played import STEP
from tests.coordinator.reporting import RUN, Reporter, account
from tests.coordinator.run.simulated import SEED, Fate, SimulatedRun, fates

if TYPE_CHECKING:
    from typing import Literal

    from groundswell_coordinator.timeline.accounts import ScenarioTotals


def open_test(
    arrivals: Literal["even", "poisson"] = "even", start_time: int = 0, vus: int = 9
) -> Test:
    scenario = ConstantArrivalRate(
        steps=(STEP,),
        rate=Fraction(7),
        duration=Fraction(9),
        max_vus=vus,
        pre_allocated_vus=vus,
        arrivals=arrivals,
        start_time=Fraction(start_time),
    )
    return Test(test="t", target="http://t", scenarios={"s": scenario})


def table_of(*weights: int) -> ShareTable:
    return ShareTable(
        tuple(ShareEntry(name, weight) for name, weight in zip("abcde", weights, strict=False))
    )


def accounts_of(run: SimulatedRun) -> ScenarioTotals:
    losses = run.succession.losses(run.timeline, None)
    return totals((agent.accounts for agent in run.timeline.agents), losses)["s"]


@settings(deadline=None, max_examples=150)
@given(
    st.sampled_from(["even", "poisson"]),
    st.lists(st.tuples(st.integers(1, 3), fates), min_size=1, max_size=5),
    st.integers(1, 9),
)
def test_whoever_is_lost_or_leaves_nothing_is_fired_twice_and_all_of_it_is_accounted_for(
    arrivals: Literal["even", "poisson"], agents: list[tuple[int, Fate]], vus: int
) -> None:
    test, table = open_test(arrivals, vus=vus), table_of(*(weight for weight, _ in agents))
    run = SimulatedRun(test, table, [fate for _, fate in agents])
    run.play()

    fired = [one for agent in run.agents.values() for one in agent.fired]
    moments = [moment for _, moment in fired]
    assert len(set(moments)) == len(moments)

    found = accounts_of(run)
    plan = [plan_scenario("s", test.scenarios["s"], table, name, SEED) for name in table.agents]
    assert found.is_balanced
    assert found.planned == sum(share.planned or 0 for share in plan)
    # What nobody can know is at least what was fired and never reported.
    assert found.fired <= len(fired) <= found.fired + found.unknown
    if all(fate.delivers or fate.cut_at is None for _, fate in agents):
        assert (found.fired, found.unknown) == (len(fired), 0)
    if all(fate.cut_at is None and fate.leaves_at is None for _, fate in agents):
        assert (found.fired, found.dropped) == (found.planned, {})


def test_a_simulated_loss_is_one() -> None:
    """What the property above rests on: shares do move, late hearing costs, leases end."""
    fates = [Fate(cut_at=3.0), Fate(hears_after=1.5), Fate()]
    run = SimulatedRun(open_test(), table_of(1, 1, 1), fates)
    run.play()
    (handover,) = run.succession.division.handovers
    assert (handover.from_agent, handover.boundary_ns) == ("a", 4_850_000_000)
    assert [heir.agent for heir in handover.heirs] == ["b", "c"]
    assert run.agents["b"].dropped > 0
    assert run.agents["c"].dropped == 0
    assert max(moment for _, moment in run.agents["a"].fired) == pytest.approx(3.9, abs=0.1)
    found = accounts_of(run)
    # 21 arrivals are every third of 63; those of the first three seconds were reported.
    assert found.unknown == sum(3.0 <= n / 7 < 4.25 for n in range(0, 63, 3))
    gap = sum(4.25 <= n / 7 < 4.85 for n in range(0, 63, 3))
    assert found.dropped == {"agent_lost": gap + run.agents["b"].dropped}


@pytest.mark.parametrize("arrivals", ["even", "poisson"])
@settings(deadline=None)
@given(lease_end=st.floats(-1, 12), start_time=st.integers(0, 2), decided=st.integers(0, 10))
def test_what_was_due_before_its_lease_ended_is_unknown_and_the_rest_is_dropped(
    arrivals: Literal["even", "poisson"], lease_end: float, start_time: int, decided: int
) -> None:
    test, table = open_test(arrivals, start_time), table_of(2, 1)
    share = plan_scenario("s", test.scenarios["s"], table, "a", SEED)
    moments = [moment + start_time for source in share.sources for _, moment in source.walk()]
    timeline = Timeline(RUN, {"i": "a"})
    timeline.add(Reporter("i").report(0, {}, [account("s", decided, decided)]), 1)
    succession = Succession(test, table, SEED, lost=[LostAgent("a", "i", lease_end)])

    (loss,) = succession.losses(timeline, None)
    found = totals((one.accounts for one in timeline.agents), [loss])["s"]

    due = max(decided, sum(moment < lease_end for moment in moments))
    assert (loss.agent, loss.reshared, loss.is_gone) == ("a", False, True)
    assert found.planned == len(moments)
    assert (found.fired, found.unknown) == (decided, due - decided)
    assert found.dropped == ({"agent_lost": len(moments) - due} if len(moments) > due else {})


@pytest.mark.parametrize("stopped_at", [0.0, 2.5, 100.0])
def test_what_was_planned_after_the_run_was_stopped_is_nobodys_loss(stopped_at: float) -> None:
    test, table = open_test(start_time=1, vus=8), table_of(1, 1)
    timeline = Timeline(RUN, {"i": "a"})
    succession = Succession(test, table, SEED, lost=[LostAgent("a", "i", 1.5)])
    (loss,) = succession.losses(timeline, stopped_at)
    own = [1 + n / 7 for n in range(0, 63, 2)]
    assert loss.owned == {"s": sum(moment < stopped_at for moment in own)}
    assert loss.due == {"s": sum(moment < min(stopped_at, 1.5) for moment in own)}


@pytest.mark.parametrize(("epoch", "misses"), [(0, True), (1, False)])
def test_who_ended_before_it_heard_of_what_it_inherited_is_not_gone_but_misses_it(
    epoch: int, misses: bool
) -> None:
    test, table = open_test(vus=8), table_of(1, 1)
    timeline = Timeline(RUN, {"i": "a", "j": "b"})
    succession = Succession(test, table, SEED)
    succession.take(succession.plan("a", ["b"], 4_500_000_000, {}))
    own, moved = len(range(1, 63, 2)), sum(n / 7 >= 4.5 for n in range(0, 63, 2))
    decided = own if misses else own + moved
    report = Reporter("j").report(0, {}, [account("s", decided, decided)], last=True, epoch=epoch)
    timeline.add(report, 1)

    losses = succession.losses(timeline, None)

    if misses:
        (loss,) = losses
        assert (loss.agent, loss.is_gone, loss.reshared) == ("b", False, True)
        assert loss.owned == {"s": own + moved}
    else:
        assert losses == ()


def test_who_ended_before_its_share_did_is_a_loss_like_one_that_is_gone() -> None:
    """Its lease was over, or it left as the last one."""
    test, table = open_test(vus=8), table_of(1, 1)
    timeline = Timeline(RUN, {"i": "a", "j": "b"})
    for name, decided in (("i", 32), ("j", 20)):
        report = Reporter(name).report(0, {}, [account("s", decided, decided)], last=True)
        timeline.add(report, 1)
    succession = Succession(test, table, SEED)

    (loss,) = succession.losses(timeline, None)

    assert (loss.agent, loss.is_gone, loss.reshared, loss.owned) == ("b", True, False, {"s": 31})
    found = totals((one.accounts for one in timeline.agents), [loss])["s"]
    assert (found.planned, found.fired, found.dropped) == (63, 52, {"agent_lost": 11})
    # Of a run that was stopped, everybody ends before its share does.
    assert succession.losses(timeline, 5.0) == ()


def test_counted_iterations_that_moved_may_have_run_twice_beyond_what_was_reported() -> None:
    scenario = SharedIterations(steps=(STEP,), vus=4, iterations=100, max_duration=Fraction(60))
    test = Test(test="t", target="http://t", scenarios={"s": scenario})
    table = table_of(1, 1)
    timeline = Timeline(RUN, {"i": "a", "j": "b"})
    timeline.add(Reporter("i").report(0, {}, [account("s", 13, 12)]), 1)
    succession = Succession(test, table, SEED)
    succession.lose(LostAgent("a", "i", 2.0))
    succession.take(succession.plan("a", ["b"], 2_600_000_000, {"s": 13}))
    timeline.add(Reporter("j").report(0, {}, [account("s", 87, 87)], last=True, epoch=1), 1)
    losses = succession.losses(timeline, None)
    found = totals((one.accounts for one in timeline.agents), losses)["s"]
    assert (found.planned, found.fired, found.dropped) == (100, 99, {})
    # One was under way at the last report; 37 moved, and some of them may have been done before.
    assert (found.unknown, found.repeatable) == (1, 37)


def test_everything_follows_from_the_table_the_handovers_and_the_losses() -> None:
    """As after a restart: restored from them, it says the same."""
    run = SimulatedRun(
        open_test(), table_of(2, 1, 1), [Fate(cut_at=2.0), Fate(leaves_at=4.0), Fate()]
    )
    run.play()
    live = run.succession
    restored = Succession(
        open_test(),
        table_of(2, 1, 1),
        SEED,
        handovers=live.division.handovers,
        lost=[LostAgent("a", "a", 3.25)],
    )
    assert restored.division == live.division
    assert list(restored.lost) == list(live.lost) == ["a"]
    assert list(restored.moved) == list(live.moved) == ["a", "b"]
    assert restored.losses(run.timeline, None) == live.losses(run.timeline, None)
    assert restored.division.epoch == Division(table_of(2, 1, 1)).epoch + 2
