"""The coordinator is killed: back within the lease, nobody can tell from the numbers; gone, all load ends."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.e2e.pool.accounts import (
    assert_adds_up,
    assert_loss_is_named,
    assert_nothing_is_missing,
    assert_target_agrees,
)
from tests.e2e.pool.load import LOAD, MAX_VUS, write_load, write_steady
from tests.e2e.pool.site import pool_site
from tests.e2e.processes import eventually
from tests.e2e.writing import arrivals, write_test

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from tests.e2e.commands import Groundswell
    from tests.e2e.pool.site import Site

_AGENTS = ("a1", "a2", "a3")
_RATE = 300


@pytest.fixture
def site(groundswell: Groundswell) -> Generator[Site]:
    """With a long lease: a busy machine may take some seconds to start a coordinator."""
    with pool_site(groundswell, *_AGENTS, lease="10s") as site:
        yield site


@pytest.fixture
def default_site(groundswell: Groundswell) -> Generator[Site]:
    with pool_site(groundswell, *_AGENTS, lease="5s") as site:
        yield site


@contextmanager
def _nothing_missing(site: Site, seconds: int, *, after: int) -> Generator[None]:
    """What happens in the block, so many requests into a run, leaves no trace in its numbers."""
    with site.starting_run(write_steady(site, _RATE, seconds), agents=len(_AGENTS)) as running:
        site.target.wait_for_load(after)
        yield
        ran = running.end_of_run()

    assert_nothing_is_missing(site, ran, _RATE * seconds)


def test_a_coordinator_that_is_back_within_the_lease_misses_nothing(site: Site) -> None:
    seconds = 10
    test = write_steady(site, _RATE, seconds)

    with site.starting_run(test, agents=len(_AGENTS)) as running:
        site.target.wait_for_load(5 * _RATE // 2)
        site.coordinator.restart()
        ran = running.end_of_run()

    assert_nothing_is_missing(site, ran, _RATE * seconds)
    assert ran.summary.duration_s == seconds
    assert site.stored().verdict == "PASS"


@pytest.mark.slow
@pytest.mark.parametrize(
    "offset",
    [
        -0.02,
        0.005,
        0.5,
        *(pytest.param(s, marks=pytest.mark.soak) for s in (0.0, 0.01, 0.02, 0.05)),
    ],
)
def test_wherever_in_a_second_it_is_killed_nothing_is_missing(site: Site, offset: float) -> None:
    """Around a second's boundary reports arrive, are sealed, stored and acknowledged."""
    with _nothing_missing(site, 12, after=_RATE):
        began = site.stored().started_at
        _sleep_until(began + 4.0 + offset)
        site.coordinator.restart()


@pytest.mark.slow
def test_the_default_lease_is_long_enough_to_come_back(default_site: Site) -> None:
    with _nothing_missing(default_site, 12, after=7 * _RATE // 2):
        default_site.coordinator.restart()


@pytest.mark.slow
@pytest.mark.soak
def test_a_coordinator_that_is_frozen_for_a_while_misses_nothing(site: Site) -> None:
    """The agents give their streams up and open others, which nobody answers until it wakes."""
    with _nothing_missing(site, 14, after=3 * _RATE):
        site.coordinator.daemon.freeze()
        time.sleep(5.0)
        site.coordinator.daemon.thaw()
    assert list(site.stored().handovers) == []


@pytest.mark.slow
def test_it_may_be_killed_again_and_again(site: Site) -> None:
    with _nothing_missing(site, 24, after=_RATE):
        began = site.stored().started_at
        for second, offset in ((4, 0.0), (9, 0.01), (14, 0.3), (19, -0.01)):
            _sleep_until(began + second + offset)
            site.coordinator.restart()
            site.coordinator.wait_until_it_listens()


@pytest.mark.slow
@pytest.mark.soak
def test_a_coordinator_that_is_killed_before_it_has_listened_again_is_no_worse(site: Site) -> None:
    with _nothing_missing(site, 14, after=3 * _RATE):
        site.coordinator.restart()
        site.coordinator.wait_until_it_listens()
        site.coordinator.restart()


@pytest.mark.slow
def test_on_a_ramp_nothing_is_missing_either(site: Site) -> None:
    test = write_load(
        site,
        {
            "executor": "ramping-arrival-rate",
            "start_rate": "50/s",
            "stages": [{"duration": "12s", "target": "450/s"}],
            "max_vus": MAX_VUS,
            "steps": [{"get": "/"}],
        },
    )

    with site.starting_run(test, agents=len(_AGENTS)) as running:
        site.target.wait_for_load(600)
        site.coordinator.restart()
        ran = running.end_of_run()

    assert_nothing_is_missing(site, ran, 3000)


@pytest.mark.slow
def test_a_run_that_ends_while_its_coordinator_is_away_gets_its_verdict(site: Site) -> None:
    seconds = 5
    with _nothing_missing(site, seconds, after=_RATE):
        _sleep_until(site.stored().started_at + seconds - 0.3)
        site.coordinator.restart(after_s=1.0)


@pytest.mark.slow
def test_the_coordinator_and_an_agent_are_killed_at_once(default_site: Site) -> None:
    site, seconds = default_site, 40
    test = write_steady(site, _RATE, seconds)

    with site.starting_run(test, agents=len(_AGENTS)) as running:
        site.target.wait_for_load(4 * _RATE)
        site.agents["a2"].kill()
        site.coordinator.restart()
        ran = running.end_of_run(within_s=90)

    assert_adds_up(ran, _RATE * seconds)
    assert_target_agrees(site, ran)
    assert_loss_is_named(site, ran, "a2")
    assert [agent for agent, _ in site.stored().handovers] == ["a2"]


@pytest.mark.slow
def test_a_share_that_has_moved_stays_moved_when_the_coordinator_is_killed(
    default_site: Site,
) -> None:
    site, seconds = default_site, 40
    test = write_steady(site, _RATE, seconds)

    with site.starting_run(test, agents=len(_AGENTS)) as running:
        site.target.wait_for_load(4 * _RATE)
        site.agents["a1"].kill()
        eventually(lambda: site.stored().handovers, 20, "the share moves")
        site.coordinator.restart()
        ran = running.end_of_run(within_s=90)

    assert_adds_up(ran, _RATE * seconds)
    assert_target_agrees(site, ran)
    assert_loss_is_named(site, ran, "a1")
    assert [agent for agent, _ in site.stored().handovers] == ["a1"]


@pytest.mark.slow
def test_without_a_coordinator_all_load_ends_and_the_agents_wait_for_another(
    groundswell: Groundswell, record_property: Callable[[str, object], None]
) -> None:
    with pool_site(groundswell, *_AGENTS, lease="2s") as site:
        test = write_steady(site, _RATE, 60)
        with site.starting_run(test, agents=len(_AGENTS)):
            site.target.wait_for_load(3 * _RATE)
            killed_at = site.coordinator.kill()
            time.sleep(site.lease_s + 2.0)
            before = site.target.requests()
            time.sleep(4.0)
            assert site.target.requests() == before

        last = site.target.moments()[-1]
        assert last <= killed_at + site.lease_s + 2.0
        record_property("last_request_after_the_lease_s", round(last - killed_at - 2.0, 3))
        assert all(agent.is_alive for agent in site.agents.values())
        _assert_abandoned_and_served_again(site)


def _assert_abandoned_and_served_again(site: Site) -> None:
    abandoned = site.stored()
    assert abandoned.verdict is None

    site.coordinator.start()
    site.coordinator.wait_until_it_listens()
    eventually(lambda: site.stored(abandoned.run_id).verdict, 40, "the abandoned run ends")
    assert site.stored(abandoned.run_id).verdict == "INCONCLUSIVE"

    before = site.target.requests()
    folder, url = site.groundswell.folder, site.target.url
    next_test = write_test(folder, url, {LOAD: arrivals("100/s", "3s")}, name="next")
    with site.starting_run(next_test, agents=len(_AGENTS)) as running:
        ran = running.end_of_run()
    assert ran.exit_code == 0, ran
    assert ran.count("http_reqs") == 300 == site.target.requests() - before


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.time()))
