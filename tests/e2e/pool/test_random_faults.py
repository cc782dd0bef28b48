"""Faults as they come, one after the other and several at once: whatever happens, the accounts hold."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

import pytest

from tests.e2e.pool.accounts import (
    assert_adds_up,
    assert_every_interval_is_there,
    assert_target_agrees,
)
from tests.e2e.pool.load import LOAD, MAX_VUS
from tests.e2e.pool.spread import spread_site
from tests.e2e.writing import arrivals, write_test

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.commands import Groundswell
    from tests.e2e.pool.network import Network
    from tests.e2e.pool.place import Place
    from tests.e2e.pool.site import Site

_AGENTS = ("a1", "a2", "a3", "a4", "a5")
_RATE = 250
_SECONDS = 24
# The last survivor is left alone until the end, or there is nothing to see.
_SPARED = "a1"


class _Misfortune:
    """Draws faults from a seed. `story` says what happened when, in seconds of the run."""

    def __init__(
        self, seed: int, site: Site, network: Network, places: dict[str, Place], began: float
    ) -> None:
        self._luck = random.Random(seed)
        self._site = site
        self._network = network
        self._places = places
        self._began = began
        self.story: list[str] = []

    def strike(self) -> None:
        faults: list[Callable[[], None]] = [
            self._kill_an_agent,
            self._let_an_agent_leave,
            self._freeze_an_agent,
            self._cut_an_agent_off,
            self._restart_the_coordinator,
            self._restart_the_coordinator,
        ]
        self._luck.choice(faults)()

    def wait(self) -> None:
        time.sleep(self._luck.uniform(0.0, 3.0))

    def _kill_an_agent(self) -> None:
        if name := self._somebody("killed"):
            self._site.agents[name].kill()

    def _let_an_agent_leave(self) -> None:
        if name := self._somebody("told to leave"):
            self._site.agents[name].ask_to_end()

    def _freeze_an_agent(self) -> None:
        if name := self._somebody("frozen"):
            self._site.agents[name].freeze()
            time.sleep(self._luck.uniform(0.2, 5.0))
            self._site.agents[name].thaw()
            self._tell(f"{name} thawed")

    def _cut_an_agent_off(self) -> None:
        if name := self._somebody("cut off"):
            self._network.cut(self._places[name], self._site.coordinator.place)
            time.sleep(self._luck.uniform(0.2, 5.0))
            self._network.heal()
            self._tell(f"{name} healed")

    def _restart_the_coordinator(self) -> None:
        self._tell("coordinator killed")
        self._site.coordinator.restart()
        self._site.coordinator.wait_until_it_listens()

    def _somebody(self, fate: str) -> str | None:
        """One that lives, but never the spared one."""
        living = [
            name for name, agent in self._site.agents.items() if agent.is_alive and name != _SPARED
        ]
        if not living:
            return None
        name = self._luck.choice(living)
        self._tell(f"{name} {fate}")
        return name

    def _tell(self, what: str) -> None:
        self.story.append(f"{time.time() - self._began:.1f} s: {what}")


@pytest.mark.slow
@pytest.mark.parametrize(
    "seed", [1, 2, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(3, 11))]
)
def test_whatever_happens_the_accounts_hold(
    groundswell: Groundswell, network: Network, seed: int
) -> None:
    with spread_site(groundswell, network, *_AGENTS, lease="4s") as (site, places):
        scenario = arrivals(f"{_RATE}/s", f"{_SECONDS}s", max_vus=MAX_VUS)
        test = write_test(groundswell.folder, site.target.url, {LOAD: scenario})
        with site.starting_run(test, agents=len(_AGENTS)) as running:
            site.target.wait_for_load(_RATE)
            misfortune = _Misfortune(seed, site, network, places, site.stored().started_at)
            while time.time() < site.stored().started_at + _SECONDS - 8:
                misfortune.wait()
                misfortune.strike()
            ran = running.end_of_run(within_s=60)

        try:
            assert_adds_up(ran, _RATE * _SECONDS)
            assert_target_agrees(site, ran)
            assert_every_interval_is_there(site, ran)
            assert ran.summary.duration_s == _SECONDS
        except AssertionError as error:
            error.add_note("\n".join(misfortune.story))
            raise
