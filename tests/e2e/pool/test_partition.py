"""Agents whose network fails, or who are frozen: for less than the lease nothing is missing; for more, they stop."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.e2e.pool.accounts import (
    assert_adds_up,
    assert_loss_is_named,
    assert_nothing_is_missing,
    assert_rate_is_back,
    assert_target_agrees,
)
from tests.e2e.pool.load import write_steady
from tests.e2e.pool.spread import spread_site
from tests.e2e.processes import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from tests.e2e.commands import Groundswell, Running
    from tests.e2e.pool.network import Network
    from tests.e2e.pool.site import Site

_RATE = 300
_AGENTS = ("a1", "a2", "a3", "a4")
# docs/pool.md: no load after the lease + 1 s.
_STOPS_WITHIN_S = 1.0


@contextmanager
def _starting_run(site: Site, seconds: int) -> Generator[Running]:
    test = write_steady(site, _RATE, seconds)
    with site.starting_run(test, agents=len(_AGENTS)) as running:
        yield running


def test_an_agent_that_is_cut_off_for_less_than_its_lease_misses_nothing(
    groundswell: Groundswell, network: Network
) -> None:
    seconds = 10
    with spread_site(groundswell, network, *_AGENTS, lease="5s") as (site, places):
        with _starting_run(site, seconds) as running:
            site.target.wait_for_load(2 * _RATE)
            network.cut(places["a2"], site.coordinator.place)
            time.sleep(2.0)
            network.heal()
            ran = running.end_of_run()

        assert_nothing_is_missing(site, ran, _RATE * seconds)
        assert list(site.stored().handovers) == []


@pytest.mark.slow
@pytest.mark.soak
def test_all_agents_at_once_may_be_cut_off_for_a_while(
    groundswell: Groundswell, network: Network
) -> None:
    seconds = 14
    with spread_site(groundswell, network, *_AGENTS, lease="5s") as (site, places):
        with _starting_run(site, seconds) as running:
            for _ in range(2):
                site.target.wait_for_load(site.target.requests() + 2 * _RATE)
                for place in places.values():
                    network.cut(place, site.coordinator.place)
                time.sleep(3.0)
                network.heal()
            ran = running.end_of_run()

        assert_nothing_is_missing(site, ran, _RATE * seconds)
        assert list(site.stored().handovers) == []


@pytest.mark.slow
def test_an_agent_that_is_cut_off_for_longer_stops_by_itself_and_reports_when_it_is_back(
    groundswell: Groundswell, network: Network, record_property: Callable[[str, object], None]
) -> None:
    seconds = 20
    with spread_site(groundswell, network, *_AGENTS) as (site, places):
        cut_off = places["a2"]
        with _starting_run(site, seconds) as running:
            site.target.wait_for_load(3 * _RATE)
            network.cut(cut_off, site.coordinator.place)
            cut_at = time.time()
            eventually(lambda: site.stored().handovers, 20, "its share moves")
            time.sleep(1.0)
            network.heal()
            ran = running.end_of_run()

        account = assert_adds_up(ran, _RATE * seconds)
        last = site.target.moments(cut_off.address)[-1]
        assert last <= cut_at + site.lease_s + _STOPS_WITHIN_S
        # It came back in time to say all it knew: nothing is unknown any more.
        assert account.unknown == 0, ran
        assert site.stored().late > 0
        assert ran.count("http_reqs") == site.target.requests(), ran
        assert_loss_is_named(site, ran, "a2")
        lease_end, load_end = site.lease_end(cut_at), site.load_end(seconds)
        restored = assert_rate_is_back(site.target.moments(), lease_end, load_end, _RATE)
        record_property("restored_after_lease_end_s", round(restored, 2))
        record_property("last_request_after_the_cut_s", round(last - cut_at, 3))
        record_property("dropped", dict(account.dropped))


@pytest.mark.slow
@pytest.mark.soak
def test_an_agent_that_is_never_back_leaves_what_it_did_unknown(
    groundswell: Groundswell, network: Network
) -> None:
    seconds = 16
    with spread_site(groundswell, network, *_AGENTS) as (site, places):
        with _starting_run(site, seconds) as running:
            site.target.wait_for_load(3 * _RATE)
            network.cut(places["a3"], site.coordinator.place)
            cut_at = time.time()
            ran = running.end_of_run(within_s=60)

        account = assert_adds_up(ran, _RATE * seconds)
        # It went on for its lease, so about two seconds of its share are really more.
        beyond = assert_target_agrees(site, ran)
        assert beyond > 0
        assert account.unknown > 0
        last = site.target.moments(places["a3"].address)[-1]
        assert last <= cut_at + site.lease_s + _STOPS_WITHIN_S
        assert_loss_is_named(site, ran, "a3")


@pytest.mark.slow
def test_a_frozen_agent_sends_nothing_when_it_wakes_after_its_lease(
    groundswell: Groundswell, network: Network, record_property: Callable[[str, object], None]
) -> None:
    seconds = 18
    with spread_site(groundswell, network, *_AGENTS) as (site, places):
        with _starting_run(site, seconds) as running:
            site.target.wait_for_load(3 * _RATE)
            frozen_at = site.agents["a4"].freeze()
            eventually(lambda: site.stored().handovers, 20, "its share moves")
            time.sleep(1.0)
            thawed_at = site.agents["a4"].thaw()
            ran = running.end_of_run()

        last = site.target.moments(places["a4"].address)[-1]
        record_property("last_request_after_the_freeze_s", round(last - frozen_at, 3))
        # What it had written before is answered in the same millisecond or the next.
        assert last < frozen_at + 0.05 < thawed_at
        account = assert_adds_up(ran, _RATE * seconds)
        assert account.unknown == 0, ran
        assert ran.count("http_reqs") == site.target.requests(), ran
        assert_loss_is_named(site, ran, "a4")


@pytest.mark.slow
@pytest.mark.soak
def test_a_frozen_agent_that_wakes_within_its_lease_goes_on(
    groundswell: Groundswell, network: Network
) -> None:
    seconds = 12
    with spread_site(groundswell, network, *_AGENTS, lease="5s") as (site, _places):
        with _starting_run(site, seconds) as running:
            site.target.wait_for_load(3 * _RATE)
            site.agents["a1"].freeze()
            time.sleep(2.0)
            site.agents["a1"].thaw()
            ran = running.end_of_run()

        account = assert_adds_up(ran, _RATE * seconds)
        # It catches up with all that was due, as far as it has VUs for it.
        assert set(account.dropped) <= {"no_vu"}, ran
        assert account.unknown == 0, ran
        assert ran.count("http_reqs") == account.fired == site.target.requests(), ran
        assert list(site.stored().handovers) == []
