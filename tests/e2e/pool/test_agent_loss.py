"""Agents are killed in the middle of a run: its shape comes back, and its accounts stay exact."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from groundswell.scenario.loader import load
from groundswell.scenario.source import TestSource
from groundswell.schedule.scenario_plan import plan_scenario
from groundswell.schedule.shares import ShareEntry, ShareTable
from tests.e2e.pool.accounts import (
    assert_adds_up,
    assert_blamed,
    assert_loss_is_named,
    assert_rate_is_back,
    assert_target_agrees,
)
from tests.e2e.pool.load import LOAD, MAX_VUS, write_load, write_steady
from tests.e2e.pool.site import Site, pool_site
from tests.e2e.writing import Fields, arrivals, iterations, users

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from tests.e2e.commands import Groundswell, Ran

_AGENTS = ("a1", "a2", "a3", "a4")
_RATE = 300


@pytest.fixture
def site(groundswell: Groundswell) -> Generator[Site]:
    with pool_site(groundswell, *_AGENTS, lease="1s") as site:
        yield site


def _run_with_loss(
    site: Site, test: Path, *lost: str, after: int, words: tuple[str, ...] = ()
) -> tuple[Ran, float]:
    """Kill these agents when so many requests have come; the run's end, and when that was."""
    with site.starting_run(test, *words, agents=len(_AGENTS)) as running:
        site.target.wait_for_load(after)
        killed_at = [site.agents[name].kill() for name in lost][-1]
        return running.end_of_run(within_s=90), killed_at


def _run_that_others_carry_on(
    site: Site, *lost: str, seconds: int, record: Callable[[str, object], None]
) -> Ran:
    """These agents are killed in it, and soon after their lease's end the load is whole again."""
    test = write_steady(site, _RATE, seconds)

    ran, killed_at = _run_with_loss(site, test, *lost, after=9 * _RATE // 2)

    account = assert_adds_up(ran, _RATE * seconds)
    beyond = assert_target_agrees(site, ran)
    assert_loss_is_named(site, ran, *lost)
    restored = assert_rate_is_back(
        site.target.moments(), site.lease_end(killed_at), site.load_end(seconds), _RATE
    )
    record("restored_after_lease_end_s", round(restored, 2))
    record("unknown", account.unknown)
    record("dropped", dict(account.dropped))
    record("target_minus_ours", beyond)
    return ran


def test_when_one_of_four_agents_is_killed_the_others_carry_its_share(
    site: Site, record_property: Callable[[str, object], None]
) -> None:
    ran = _run_that_others_carry_on(site, "a2", seconds=16, record=record_property)

    assert "agent_lost" not in ran.codes, ran


@pytest.mark.slow
def test_the_default_lease_is_bridged_in_the_same_way(
    groundswell: Groundswell, record_property: Callable[[str, object], None]
) -> None:
    with pool_site(groundswell, *_AGENTS, lease="5s") as site:
        ran = _run_that_others_carry_on(site, "a3", seconds=40, record=record_property)

        assert "agent_lost" not in ran.codes, ran


@pytest.mark.slow
def test_when_two_are_killed_at_once_the_other_two_carry_both_shares(
    site: Site, record_property: Callable[[str, object], None]
) -> None:
    _run_that_others_carry_on(site, "a1", "a3", seconds=20, record=record_property)

    assert sorted(agent for agent, _ in site.stored().handovers) == ["a1", "a3"]


@pytest.mark.slow
@pytest.mark.soak
def test_requests_of_iterations_that_ran_when_it_was_killed_are_the_targets_alone(
    site: Site, record_property: Callable[[str, object], None]
) -> None:
    seconds = 14
    steps = [{"get": "/"}, {"pause": "400ms"}, {"get": "/"}]
    test = write_load(site, arrivals("150/s", f"{seconds}s", max_vus=MAX_VUS, steps=steps))

    ran, _ = _run_with_loss(site, test, "a1", after=1200)

    account = assert_adds_up(ran, 150 * seconds)
    assert_loss_is_named(site, ran, "a1")
    # Begun and not ended by its last report; all others' have ended.
    running = account.fired - round(ran.count("iterations"))
    assert running > 0
    beyond = site.target.requests() - round(ran.count("http_reqs"))
    assert 0 < beyond <= 2 * (account.unknown + running), ran
    record_property("target_minus_ours", beyond)
    record_property("unknown_and_running", (account.unknown, running))


@pytest.mark.slow
@pytest.mark.soak
def test_an_agent_that_is_killed_in_its_first_second_is_accounted_for(site: Site) -> None:
    seconds = 10
    test = write_steady(site, _RATE, seconds)

    ran, _ = _run_with_loss(site, test, "a3", after=30)

    assert_adds_up(ran, _RATE * seconds)
    assert_target_agrees(site, ran)
    assert_loss_is_named(site, ran, "a3")


@pytest.mark.slow
@pytest.mark.soak
def test_an_agent_that_is_started_anew_serves_the_next_run_and_not_this_one(site: Site) -> None:
    seconds = 12
    test = write_steady(site, _RATE, seconds)

    with site.starting_run(test, agents=len(_AGENTS)) as running:
        site.target.wait_for_load(7 * _RATE // 2)
        site.agents["a2"].kill()
        site.attach("a2")
        ran = running.end_of_run()

    assert_adds_up(ran, _RATE * seconds)
    assert_target_agrees(site, ran)
    assert_loss_is_named(site, ran, "a2")
    before = site.target.requests()
    next_test = write_load(site, arrivals("100/s", "2s"))
    with site.starting_run(next_test, agents=len(_AGENTS)) as running:
        after = running.end_of_run()
    assert after.exit_code == 0, after
    assert site.target.requests() - before == 200


@pytest.mark.slow
@pytest.mark.soak
def test_when_an_heir_is_killed_too_what_it_inherited_moves_on(site: Site) -> None:
    seconds = 24
    test = write_steady(site, _RATE, seconds)

    with site.starting_run(test, agents=len(_AGENTS)) as running:
        site.target.wait_for_load(3 * _RATE)
        site.agents["a4"].kill()
        site.target.wait_for_load(9 * _RATE)
        killed_at = site.agents["a1"].kill()
        ran = running.end_of_run(within_s=90)

    assert_adds_up(ran, _RATE * seconds)
    assert_target_agrees(site, ran)
    assert_loss_is_named(site, ran, "a1", "a4")
    assert [agent for agent, _ in site.stored().handovers] == ["a4", "a1"]
    moments, lease_end = site.target.moments(), site.lease_end(killed_at)
    assert_rate_is_back(moments, lease_end, site.load_end(seconds), _RATE)


@pytest.mark.slow
def test_when_an_agent_is_killed_on_a_ramp_the_ramp_goes_on(site: Site) -> None:
    ramp = {
        "executor": "ramping-arrival-rate",
        "start_rate": "100/s",
        "stages": [{"duration": "10s", "target": "400/s"}, {"duration": "10s", "target": "400/s"}],
        "max_vus": MAX_VUS,
        "steps": [{"get": "/"}],
    }
    test = write_load(site, ramp)

    ran, killed_at = _run_with_loss(site, test, "a4", after=600)

    assert_adds_up(ran, 2500 + 4000)
    assert_target_agrees(site, ran)
    assert_loss_is_named(site, ran, "a4")
    lease_end = max(site.lease_end(killed_at), site.load_end(10))
    assert_rate_is_back(site.target.moments(), lease_end, site.load_end(20), 400)


@pytest.mark.slow
def test_a_policy_of_continue_leaves_the_gap_and_is_inconclusive(site: Site) -> None:
    test = write_steady(site, _RATE, 10)

    ran, killed_at = _run_with_loss(
        site, test, "a2", after=2 * _RATE, words=("--on-agent-loss", "continue")
    )

    account = assert_adds_up(ran, _RATE * 10)
    assert_target_agrees(site, ran)
    assert_blamed(ran, "a2")
    assert (ran.exit_code, ran.summary.verdict) == (96, "INCONCLUSIVE"), ran
    assert list(site.stored().handovers) == []
    # All of its share after the lease's end, by the second of the run at which it was killed.
    rest = site.load_end(10) - site.lease_end(killed_at)
    assert account.dropped["agent_lost"] >= (rest - 0.1) * _RATE / 4, ran


@pytest.mark.slow
def test_a_policy_of_abort_ends_the_run_soon_after_the_lease(site: Site) -> None:
    test = write_steady(site, _RATE, 40)

    ran, killed_at = _run_with_loss(
        site, test, "a2", after=2 * _RATE, words=("--on-agent-loss", "abort")
    )

    account = ran.summary.scenarios[LOAD]
    assert_adds_up(ran, account.planned)
    assert_target_agrees(site, ran)
    assert_blamed(ran, "a2")
    assert (ran.exit_code, ran.summary.verdict) == (96, "INCONCLUSIVE"), ran
    assert ran.summary.duration_s < 20, ran
    assert site.target.moments()[-1] < site.lease_end(killed_at) + 2.0


@pytest.mark.slow
def test_when_all_agents_are_killed_the_run_ends_inconclusive(site: Site) -> None:
    test = write_steady(site, _RATE, 60)

    ran, _ = _run_with_loss(site, test, *_AGENTS, after=2 * _RATE)

    account = ran.summary.scenarios[LOAD]
    assert_adds_up(ran, account.planned)
    assert_target_agrees(site, ran)
    assert_blamed(ran, *_AGENTS)
    assert (ran.exit_code, ran.summary.verdict) == (96, "INCONCLUSIVE"), ran
    assert ran.seconds < 40


@pytest.mark.slow
@pytest.mark.soak
def test_poisson_arrivals_of_a_lost_agent_are_drawn_by_its_heirs(site: Site) -> None:
    seconds, seed = 16, 7
    scenario = arrivals(f"{_RATE}/s", f"{seconds}s", max_vus=MAX_VUS, arrivals="poisson")
    test = write_load(site, scenario)

    ran, killed_at = _run_with_loss(
        site, test, "a2", after=7 * _RATE // 2, words=("--seed", str(seed))
    )

    assert_adds_up(ran, _drawn(test, seed))
    assert_target_agrees(site, ran)
    assert_loss_is_named(site, ran, "a2")
    # What follows is random; three standard deviations of it leave no room for a missing quarter.
    begin = site.lease_end(killed_at) + 2.0
    later = [at for at in site.target.moments() if begin <= at < site.load_end(seconds) - 0.5]
    expected = _RATE * (site.load_end(seconds) - 0.5 - begin)
    assert abs(len(later) - expected) < 4 * expected**0.5


def _drawn(test: Path, seed: int) -> int:
    scenario = load(TestSource(test.name, test.read_bytes(), {}, None)).scenarios[LOAD]
    table = ShareTable(tuple(ShareEntry(agent, 1) for agent in _AGENTS))
    shares = [plan_scenario(LOAD, scenario, table, agent, seed) for agent in _AGENTS]
    return sum(share.planned or 0 for share in shares)


_PAUSED = [{"get": "/"}, {"pause": "100ms"}]


@pytest.mark.slow
@pytest.mark.parametrize(
    "scenario",
    [
        pytest.param(users(24, "14s", steps=_PAUSED), id="constant-vus"),
        pytest.param(
            {
                "executor": "ramping-vus",
                "start_vus": 8,
                "stages": [{"duration": "5s", "target": 24}, {"duration": "9s", "target": 24}],
                "steps": _PAUSED,
            },
            id="ramping-vus",
        ),
    ],
)
def test_the_users_of_a_lost_agent_go_on_with_the_others(site: Site, scenario: Fields) -> None:
    test = write_load(site, scenario)

    ran, killed_at = _run_with_loss(site, test, "a3", after=500)

    assert_adds_up(ran, None)
    assert_loss_is_named(site, ran, "a3")
    # What it did after its last report is known to the target alone.
    assert ran.count("http_reqs") <= site.target.requests()
    begin, end = site.lease_end(killed_at) + 2.0, site.load_end(14) - 0.5
    count = len([at for at in site.target.moments() if begin <= at < end])
    # 24 users, each a little less than ten times a second; 18 would be 180.
    assert 200 < count / (end - begin) <= 240


@pytest.mark.slow
def test_counted_iterations_of_a_lost_agent_are_done_at_least_once(site: Site) -> None:
    count = 2400
    test = write_load(site, iterations(count, vus=24, steps=_PAUSED))

    ran, _ = _run_with_loss(site, test, "a1", after=600)

    account = assert_adds_up(ran, count)
    assert_loss_is_named(site, ran, "a1")
    assert account.fired + sum(account.dropped.values()) + account.unknown == count
    # None is missing at the target; some may have run twice, and the summary says how many.
    assert site.target.requests() >= count - sum(account.dropped.values()), ran
    assert "twice" in ran.stdout, ran
