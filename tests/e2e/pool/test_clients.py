"""Several clients of one pool, and clients that die."""

from __future__ import annotations

from contextlib import ExitStack
from signal import SIGKILL
from typing import TYPE_CHECKING

import pytest

from groundswell_coordinator.report.summary import Summary
from tests.e2e.commands import Ran
from tests.e2e.pool.accounts import assert_nothing_is_missing, assert_whole
from tests.e2e.pool.load import MAX_VUS, write_load
from tests.e2e.pool.site import pool_site
from tests.e2e.processes import eventually
from tests.e2e.writing import arrivals

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from tests.e2e.commands import Groundswell
    from tests.e2e.pool.site import Site

_AGENTS = ("a1", "a2", "a3", "a4")
_RATE = 100


@pytest.fixture
def site(groundswell: Groundswell) -> Generator[Site]:
    with pool_site(groundswell, *_AGENTS, lease="10s") as site:
        yield site


def _write(site: Site, name: str, seconds: int, *, rate: int = _RATE) -> Path:
    scenario = arrivals(f"{rate}/s", f"{seconds}s", f"/{name}", max_vus=MAX_VUS)
    return write_load(site, scenario, name=name)


def _requests_of(site: Site, name: str) -> int:
    return len(_moments(site, name))


def _moments(site: Site, name: str) -> list[float]:
    return [arrival.at for arrival in site.target.arrivals() if arrival.path == f"/{name}"]


@pytest.mark.slow
def test_two_runs_share_the_pool_and_a_third_waits_for_its_turn(site: Site) -> None:
    names = ("one", "two", "three")
    with ExitStack() as stack:
        one, two = (
            stack.enter_context(site.starting_run(_write(site, name, 10), agents=2))
            for name in names[:2]
        )
        eventually(lambda: _requests_of(site, "one") and _requests_of(site, "two"), 30, "both run")
        three = stack.enter_context(site.starting_run(_write(site, "three", 3), agents=2))
        four = stack.enter_context(
            site.starting_run(_write(site, "four", 3), "--wait", "2s", agents=3)
        )

        refused = four.end()
        assert refused.exit_code == 102, refused
        assert "waiting for 3 agents" in refused.stderr, refused
        ends = [running.end_of_run() for running in (one, two, three)]

    assert "waiting for 2 agents: 0 free, 4 busy" in three.stderr
    crews = [{agent.name for agent in ran.summary.agents} for ran in ends]
    assert crews[0] | crews[1] == set(_AGENTS)
    for name, ran, seconds in zip(names, ends, (10, 10, 3), strict=True):
        assert assert_whole(ran, _RATE * seconds) == _requests_of(site, name)
    assert _requests_of(site, "four") == 0
    assert _moments(site, "three")[0] > min(_moments(site, name)[-1] for name in names[:2])


def _watched(site: Site, run_id: str) -> Ran:
    """Its end, as another client sees it."""
    done = site.ask("watch", run_id, "--json")
    summary = Summary.from_json(done.stdout)
    return Ran(done.exit_code, done.stdout, done.stderr, done.seconds, summary)


@pytest.mark.slow
def test_a_run_whose_client_is_killed_goes_on_and_is_found_again(site: Site) -> None:
    seconds = 12
    with site.starting_run(_write(site, "alone", seconds, rate=200), agents=4) as running:
        site.target.wait_for_load(400)
        running.signal(SIGKILL)
        running.process.wait()
        run_id = site.stored().run_id

        ran = _watched(site, run_id)

    assert_nothing_is_missing(site, ran, 200 * seconds)
    assert site.stored().verdict == ran.summary.verdict


@pytest.mark.slow
@pytest.mark.soak
def test_a_run_that_nobody_watches_survives_its_coordinator_too(groundswell: Groundswell) -> None:
    with pool_site(groundswell, "a1", "a2", lease="10s") as site:
        with site.starting_run(_write(site, "alone", 12, rate=200), agents=2) as running:
            site.target.wait_for_load(400)
            running.signal(SIGKILL)
            running.process.wait()
        site.coordinator.restart()
        site.coordinator.wait_until_it_listens()

        ran = _watched(site, site.stored().run_id)

        assert_nothing_is_missing(site, ran, 200 * 12)


@pytest.mark.slow
def test_the_client_of_a_run_waits_for_a_coordinator_that_is_away(groundswell: Groundswell) -> None:
    with pool_site(groundswell, "a1", "a2", lease="10s") as site:
        test = _write(site, "patient", 10, rate=200)
        with site.starting_run(test, agents=2) as running:
            site.target.wait_for_load(400)
            site.coordinator.restart(after_s=3.0)
            ran = running.end_of_run()

        assert_nothing_is_missing(site, ran, 2000)
        assert "Traceback" not in ran.stderr
