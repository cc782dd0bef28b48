"""shared-iterations and per-vu-iterations: as many as were asked for, or counted as left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.agent.engine.played import per_vu, play, played, preparation, shared

if TYPE_CHECKING:
    from tests.agent.engine.played import Scenario
    from tests.agent.engine.target import Target


async def test_vus_share_all_iterations_however_unevenly(target: Target) -> None:
    run = await play(target.url, shared(3, 20, "/slow/0.01"))
    run.assert_balanced()
    assert len(target.arrivals) == run.account().fired == 20
    assert run.account().next_index == 20
    assert target.connections == 3
    assert target.overlaps == 0


async def test_each_vu_runs_its_own_iterations(target: Target) -> None:
    run = await play(target.url, per_vu(3, 7))
    run.assert_balanced()
    assert list(target.per_connection.values()) == [7, 7, 7]


@pytest.mark.parametrize(
    ("scenario", "total"), [(shared(5, 23), 23), (per_vu(5, 4), 20)], ids=["shared", "per vu"]
)
async def test_all_agents_together_run_them_once(
    scenario: Scenario, total: int, target: Target
) -> None:
    shares = {"a": 1, "b": 2}
    runs = await played(
        *(preparation({"s": scenario}, target.url, agent=a, shares=shares) for a in shares)
    )
    for run in runs:
        run.assert_balanced()
    assert sum(run.account().planned for run in runs) == total
    assert len(target.arrivals) == total


@pytest.mark.parametrize("scenario", [shared(2, 100, "/slow/0.1"), per_vu(2, 50, "/slow/0.1")])
async def test_what_is_left_at_max_duration_is_dropped(scenario: Scenario, target: Target) -> None:
    run = await play(target.url, {**scenario, "max_duration": "0.35s"})
    run.assert_balanced()
    account = run.account()
    assert account.planned == 100
    assert set(run.dropped()) == {"time"}
    assert 2 <= account.fired <= 8
    assert account.interrupted == 0


async def test_what_is_dropped_at_the_edge_of_an_interval_is_still_reported(
    target: Target,
) -> None:
    # At T + 1 s one interval ends, and so does the scenario: the sample is of that moment.
    runs = await played(
        *(
            preparation(
                {"s": {**shared(1, 5, "/hang"), "max_duration": "1s", "graceful_stop": "0s"}},
                target.url,
            )
            for _ in range(5)
        )
    )
    for run in runs:
        run.assert_balanced()
        assert run.dropped() == {"time": 4}
