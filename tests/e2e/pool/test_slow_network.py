"""Agents behind a slow and lossy line: the totals stay exact, and all start at one instant."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.e2e.pool.accounts import assert_nothing_is_missing
from tests.e2e.pool.load import LOAD, write_steady
from tests.e2e.pool.place import HERE
from tests.e2e.pool.relay import relayed
from tests.e2e.pool.site import pool_site

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from tests.e2e.commands import Groundswell, Ran
    from tests.e2e.pool.network import Network
    from tests.e2e.pool.place import Place
    from tests.e2e.pool.site import Site

_AGENTS = ("a1", "a2", "a3", "a4")
_RATE = 400
_DELAY_S = 0.02
# A machine that is busy at the very start may hold up one agent of one run.
_ATTEMPTS = 5
# nginx's clock counts milliseconds, and a first request opens its connection first.
_SEEN_AT_TARGET_MS = 3.0


@contextmanager
def _distant_site(
    groundswell: Groundswell, network: Network, *, loss: float = 0.0, jitter_s: float = 0.0
) -> Generator[tuple[Site, dict[str, Place]]]:
    """Each agent reaches its coordinator over a line of its own, and the target at once."""
    with (
        pool_site(
            groundswell, lease="5s", place=network.place(), target_place=network.place()
        ) as site,
        ExitStack() as lines,
    ):
        places: dict[str, Place] = {}
        for seed, name in enumerate(_AGENTS):
            place = places[name] = network.place()
            line = lines.enter_context(
                relayed(
                    place,
                    site.coordinator.place,
                    delay_s=_DELAY_S,
                    jitter_s=jitter_s,
                    loss=loss,
                    seed=seed,
                )
            )
            site.attach(name, place=place, address=f"{line.address}:{site.coordinator.port}")
        yield site, places


def _run(site: Site, seconds: int) -> Ran:
    test = write_steady(site, _RATE, seconds)
    with site.starting_run(test, agents=len(site.agents)) as running:
        return running.end_of_run()


@pytest.mark.slow
@pytest.mark.parametrize("loss", [pytest.param(0.02, marks=pytest.mark.soak), 0.05])
def test_through_a_lossy_line_the_totals_are_exact(
    groundswell: Groundswell, network: Network, loss: float
) -> None:
    with _distant_site(groundswell, network, loss=loss, jitter_s=0.01) as (site, _places):
        ran = _run(site, 15)

        assert_nothing_is_missing(site, ran, _RATE * 15)
        assert list(site.stored().handovers) == []


@pytest.mark.slow
@pytest.mark.soak
def test_a_lossy_way_to_the_target_loses_no_count(
    groundswell: Groundswell, network: Network
) -> None:
    with _distant_site(groundswell, network, loss=0.02) as (site, places):
        for place in places.values():
            network.lose(place, 0.02)
        ran = _run(site, 12)

        account = ran.summary.scenarios[LOAD]
        assert account.planned == _RATE * 12
        assert account.unknown == 0
        assert account.fired + sum(account.dropped.values()) == _RATE * 12
        assert ran.count("http_reqs") == account.fired == site.target.requests(), ran


@pytest.mark.slow
def test_through_twenty_milliseconds_all_agents_start_within_five(
    groundswell: Groundswell, network: Network, record_property: Callable[[str, object], None]
) -> None:
    with _distant_site(groundswell, network) as (site, places):
        _assert_common_start(site, places, within_ms=5.0, record=record_property)


@pytest.mark.slow
def test_on_one_machine_all_agents_start_within_two_milliseconds(
    groundswell: Groundswell, record_property: Callable[[str, object], None]
) -> None:
    """One agent has one core: more of them than cores would wait for each other at T."""
    agents = _AGENTS[: max(2, len(os.sched_getaffinity(0)))]
    with pool_site(groundswell, *agents) as site:
        _assert_common_start(site, {}, within_ms=2.0, record=record_property)


def _assert_common_start(
    site: Site,
    places: dict[str, Place],
    *,
    within_ms: float,
    record: Callable[[str, object], None],
) -> None:
    """By their own word, by the clock that they really share, and by what the target saw."""
    skews: list[float] = []
    for _ in range(_ATTEMPTS):
        ran = _run(site, 3)
        stored = site.stored(ran.summary.run)
        assert {agent.name for agent in ran.summary.agents} == set(site.agents)
        assert all(agent.skew_ms is not None for agent in ran.summary.agents), ran
        # All processes of one machine have one monotonic clock: the true offset is nothing.
        true = {name: stored.offsets_ms[name] + stored.skews_ms[name] for name in site.agents}
        skews.append(max(abs(skew) for skew in true.values()))
        if skews[-1] <= within_ms:
            record("skews_ms", {name: round(skew, 3) for name, skew in true.items()})
            _assert_first_requests(site, stored.started_at, places, within_ms, record)
            return
    raise AssertionError(f"a skew of {skews} ms in {_ATTEMPTS} runs")


def _assert_first_requests(
    site: Site,
    started_at: float,
    places: dict[str, Place],
    within_ms: float,
    record: Callable[[str, object], None],
) -> None:
    """Agent number n has arrival number n first."""
    late: dict[str, float] = {}
    for number, (name, place) in enumerate(places.items()):
        assert place is not HERE
        first = min(at for at in site.target.moments(place.address) if at >= started_at - 0.1)
        late[name] = (first - started_at - number / _RATE) * 1000
    record("first_requests_late_ms", {name: round(value, 1) for name, value in late.items()})
    if late:
        assert max(late.values()) - min(late.values()) <= within_ms + _SEEN_AT_TARGET_MS, late
