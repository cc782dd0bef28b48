"""An agent that is told to leave hands its share over: no gap, no loss."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.e2e.pool.accounts import assert_adds_up, assert_nothing_is_missing
from tests.e2e.pool.load import MAX_VUS, write_load
from tests.e2e.pool.site import pool_site
from tests.e2e.writing import arrivals, iterations, users

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from tests.e2e.commands import Groundswell
    from tests.e2e.pool.site import Site
    from tests.e2e.writing import Fields

_AGENTS = ("a1", "a2", "a3")
_RATE = 300
_SECONDS = 10
# On top of the graceful stop.
_LEAVES_WITHIN_S = 5.0
# For a machine that is busy.
_SLACK_S = 3.0
_GRACE_S = 1.0


@pytest.fixture
def site(groundswell: Groundswell) -> Generator[Site]:
    with pool_site(groundswell, *_AGENTS, lease="10s") as site:
        yield site


def _write(site: Site, scenario: Fields) -> Path:
    return write_load(site, {**scenario, "graceful_stop": f"{_GRACE_S:g}s"})


def _leaves_in_order(site: Site, name: str) -> None:
    agent = site.agents[name]
    asked = time.monotonic()
    agent.ask_to_end()
    done = agent.end(_GRACE_S + _LEAVES_WITHIN_S + _SLACK_S)
    assert done.exit_code == 0, done
    assert time.monotonic() - asked < _GRACE_S + _LEAVES_WITHIN_S + _SLACK_S


def test_an_agent_that_is_told_to_leave_leaves_no_gap(site: Site) -> None:
    test = _write(site, arrivals(f"{_RATE}/s", f"{_SECONDS}s", max_vus=MAX_VUS))

    with site.starting_run(test, agents=len(_AGENTS)) as running:
        site.target.wait_for_load(3 * _RATE)
        _leaves_in_order(site, "a2")
        assert running.process.poll() is None, "it left before the run's end"
        ran = running.end_of_run()

    assert_nothing_is_missing(site, ran, _RATE * _SECONDS)
    assert "agent_lost" not in ran.codes
    assert [agent for agent, _ in site.stored().handovers] == ["a2"]


@pytest.mark.slow
@pytest.mark.soak
def test_all_but_one_may_leave_one_after_the_other(site: Site) -> None:
    test = _write(site, arrivals(f"{_RATE}/s", "14s", max_vus=MAX_VUS))

    with site.starting_run(test, agents=len(_AGENTS)) as running:
        site.target.wait_for_load(2 * _RATE)
        _leaves_in_order(site, "a2")
        site.target.wait_for_load(7 * _RATE)
        _leaves_in_order(site, "a1")
        ran = running.end_of_run()

    assert_nothing_is_missing(site, ran, _RATE * 14)
    assert "agent_lost" not in ran.codes


@pytest.mark.slow
@pytest.mark.soak
def test_two_may_leave_at_once(site: Site) -> None:
    test = _write(site, arrivals(f"{_RATE}/s", f"{_SECONDS}s", max_vus=MAX_VUS))

    with site.starting_run(test, agents=len(_AGENTS)) as running:
        site.target.wait_for_load(2 * _RATE)
        site.agents["a1"].ask_to_end()
        site.agents["a3"].ask_to_end()
        ends = [site.agents[name].end(12).exit_code for name in ("a1", "a3")]
        ran = running.end_of_run()

    assert ends == [0, 0]
    assert_adds_up(ran, _RATE * _SECONDS)
    assert_nothing_is_missing(site, ran, _RATE * _SECONDS)


@pytest.mark.slow
@pytest.mark.soak
def test_users_move_to_the_others(site: Site) -> None:
    steps = [{"get": "/"}, {"pause": "100ms"}]
    test = _write(site, users(24, f"{_SECONDS}s", steps=steps))

    with site.starting_run(test, agents=len(_AGENTS)) as running:
        site.target.wait_for_load(400)
        _leaves_in_order(site, "a3")
        ran = running.end_of_run()

    assert_adds_up(ran, None)
    assert ran.exit_code == 0, ran
    assert ran.count("http_reqs") == site.target.requests()
    end = site.stored().started_at + _SECONDS
    later = [at for at in site.target.moments() if end - 3 <= at < end]
    assert 200 * 3 < len(later) <= 240 * 3


@pytest.mark.slow
def test_counted_iterations_are_all_done_and_none_twice(site: Site) -> None:
    count = 1800
    steps = [{"get": "/"}, {"pause": "100ms"}]
    test = _write(site, iterations(count, vus=24, steps=steps))

    with site.starting_run(test, agents=len(_AGENTS)) as running:
        site.target.wait_for_load(400)
        _leaves_in_order(site, "a1")
        ran = running.end_of_run()

    assert_nothing_is_missing(site, ran, count)


@pytest.mark.slow
def test_an_idle_agent_leaves_at_once(site: Site) -> None:
    time.sleep(1.0)
    site.agents["a1"].ask_to_end()

    assert site.agents["a1"].end(4.0).exit_code == 0
