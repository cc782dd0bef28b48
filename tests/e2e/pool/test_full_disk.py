"""The disk of the coordinator's store is full: the run ends in order, and what was stored stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.pool.load import LOAD, write_load
from tests.e2e.pool.site import pool_site
from tests.e2e.small_disk import FILLER, fill, small_disk
from tests.e2e.writing import arrivals, write_test

if TYPE_CHECKING:
    from tests.e2e.commands import Groundswell

_AGENTS = ("a1", "a2", "a3")
_RATE = 200


@pytest.mark.slow
def test_when_the_disk_is_full_the_run_stops_in_order_and_the_next_one_runs(
    groundswell: Groundswell,
) -> None:
    with (
        small_disk(groundswell.folder / "disk", "size=2m") as disk,
        pool_site(groundswell, *_AGENTS, store_folder=disk) as site,
    ):
        test = write_load(site, arrivals(f"{_RATE}/s", "60s", max_vus=60))
        with site.starting_run(test, agents=len(_AGENTS)) as running:
            site.target.wait_for_load(4 * _RATE)
            fill(disk)
            ran = running.end_of_run()

        assert ran.summary.duration_s < 40
        assert (ran.exit_code, ran.summary.verdict) == (96, "INCONCLUSIVE"), ran
        assert "store_failed" in ran.codes, ran
        account = ran.summary.scenarios[LOAD]
        assert ran.count("http_reqs") == account.fired == site.target.requests(), ran
        assert "Traceback" not in site.coordinator.daemon.log
        assert all(agent.is_alive for agent in site.agents.values())

        (disk / FILLER).unlink()
        stored = site.stored(ran.summary.run)
        assert len(stored.intervals) >= 3
        assert list(stored.intervals) == list(range(len(stored.intervals)))

        site.coordinator.restart()
        site.coordinator.wait_until_it_listens()
        folder, url = groundswell.folder, site.target.url
        next_test = write_test(folder, url, {LOAD: arrivals("50/s", "2s")}, name="next")
        with site.starting_run(next_test, agents=len(_AGENTS)) as running:
            assert running.end_of_run().exit_code == 0
