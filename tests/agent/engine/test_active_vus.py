"""constant-vus and ramping-vus: who is active when, and what becomes of a VU that is taken away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.agent.engine.played import at, constant, play, played, preparation, ramping

if TYPE_CHECKING:
    from groundswell_agent.engine.engine import Engine
    from tests.agent.engine.target import Target


async def test_each_of_64_vus_iterates_on_a_connection_of_its_own(target: Target) -> None:
    run = await play(target.url, constant(64, 0.5, "/slow/0.02"))
    run.assert_balanced(has_plan=False)
    assert target.connections == 64
    assert target.most_at_once == 64
    assert target.overlaps == 0
    assert len(target.arrivals) == run.count("http_reqs") == run.account().fired
    assert min(target.per_connection.values()) > 1
    assert max(run.gauge("vus")) == max(run.gauge("vus_max")) == 64


async def test_the_vus_of_all_agents_are_those_of_the_test(target: Target) -> None:
    shares = {"a": 1, "b": 3}
    runs = await played(
        *(
            preparation({"s": constant(9, 0.2)}, target.url, agent=agent, shares=shares)
            for agent in shares
        )
    )
    assert target.connections == 9
    assert sorted(max(run.gauge("vus_max")) for run in runs) in ([2, 7], [3, 6])


async def test_more_agents_than_vus_leave_some_agents_without_load(target: Target) -> None:
    shares = dict.fromkeys("abc", 1)
    runs = await played(
        *(
            preparation({"s": constant(2, 0.2)}, target.url, agent=agent, shares=shares)
            for agent in shares
        )
    )
    assert target.connections == 2
    assert sorted(max(run.gauge("vus_max")) for run in runs) == [0, 1, 1]
    for run in runs:
        run.assert_balanced(has_plan=False)
        assert run.reports[-1].last


async def test_vus_come_and_go_with_the_curve(target: Target) -> None:
    stages = (0.0, 2), (0.3, 2), (0.0, 6), (0.5, 6), (0.0, 1), (0.5, 1)
    run = await play(target.url, ramping(*stages, path="/slow/0.01"))
    run.assert_balanced(has_plan=False)
    first: dict[int, float] = {}
    last: dict[int, float] = {}
    for arrival in target.arrivals:
        first.setdefault(arrival.connection, arrival.at - run.start)
        last[arrival.connection] = arrival.at - run.start
    assert target.connections == 6
    # Never more than the curve has: the other four come with its jump.
    assert sum(at < 0.3 for at in first.values()) <= 2
    # All six are there after it, then five leave, and one goes on alone.
    assert min(last.values()) >= 0.3
    assert target.most_at_once > 2
    *_, left_last, _ = sorted(last.values())
    assert sum(at > left_last for at in target.since(run.start)) > 5
    assert run.account().interrupted == 0
    assert target.overlaps == 0


async def test_a_straight_ramp_adds_vus_one_by_one(target: Target) -> None:
    run = await play(target.url, ramping((0.5, 5), path="/slow/0.01"))
    firsts = {arrival.connection: arrival.at - run.start for arrival in reversed(target.arrivals)}
    # VU v is active from v ≤ V(t) on; the fifth would be at the very end.
    assert len(firsts) == 4
    for v, first in enumerate(sorted(firsts.values()), 1):
        assert 0.1 * v - 0.001 <= first < 0.1 * v + 0.5


async def test_a_vu_taken_away_may_end_its_iteration(target: Target) -> None:
    scenario = ramping(
        (0.0, 2), (0.1, 2), (0.0, 1), (0.4, 1), path="/slow/0.3", graceful_ramp_down="5s"
    )
    run = await play(target.url, scenario)
    run.assert_balanced(has_plan=False)
    assert run.account().interrupted == 0
    assert sorted(target.per_connection.values()) == [1, 2]


async def test_a_vu_taken_away_is_interrupted_when_its_ramp_down_has_run_out(
    target: Target,
) -> None:
    scenario = ramping(
        *((0.0, 4), (0.2, 4), (0.0, 1), (0.6, 1)),
        path="/hang",
        graceful_ramp_down="0.2s",
        graceful_stop="0.1s",
    )
    gone: list[int] = []

    def during(_: Engine, start: float) -> None:
        at(start, 0.7, lambda: gone.append(len(target.lost)))

    run = await play(target.url, scenario, during=during)
    run.assert_balanced(has_plan=False)
    assert gone == [3]
    assert all(lost - run.start >= 0.39 for lost in target.lost.values())
    account = run.account()
    assert (account.fired, account.interrupted) == (4, 4)
    assert run.rate("http_req_failed", error="interrupted") == (4, 4)


async def test_a_vu_that_comes_back_goes_on_with_its_iteration(target: Target) -> None:
    stages = (0.0, 2), (0.2, 2), (0.0, 1), (0.2, 1), (0.0, 2), (0.3, 2)
    scenario = ramping(*stages, path="/slow/0.5", graceful_ramp_down="5s")
    run = await play(target.url, scenario)
    run.assert_balanced(has_plan=False)
    assert target.connections == 2
    assert target.overlaps == 0
    assert target.per_connection == {1: 2, 2: 2}
    assert run.account().interrupted == 0


async def test_a_vu_that_left_twice_has_the_ramp_down_of_the_second_time(target: Target) -> None:
    # Gone at 0.1, back at 0.2, gone at 0.4: its last call is at 0.8, not at 0.5.
    stages = (0.0, 1), (0.1, 1), (0.0, 0), (0.1, 0), (0.0, 1), (0.2, 1), (0.0, 0), (0.8, 0)
    scenario = ramping(*stages, path="/slow/0.65", graceful_ramp_down="0.4s")
    run = await play(target.url, scenario)
    assert run.account().interrupted == 0
    assert run.account().fired == 1
    assert run.count("iterations") == 1


async def test_a_vu_whose_ramp_down_runs_out_as_it_comes_back_is_active_again(
    target: Target,
) -> None:
    stages = (0.0, 2), (0.1, 2), (0.0, 1), (0.2, 1), (0.0, 2), (0.4, 2)
    scenario = ramping(*stages, path="/hang", graceful_ramp_down="0.2s", graceful_stop="0s")
    # Several at once: which of the two comes first is a matter of luck.
    runs = await played(*(preparation({"s": scenario}, target.url) for _ in range(10)))
    for run in runs:
        run.assert_balanced(has_plan=False)
        # It went on with its iteration, or was cancelled and began anew.
        assert run.account().fired in (2, 3)
        assert run.account().interrupted == run.account().fired
    # Nobody was gone when the curve ended at 0.7.
    ends = sorted(lost - runs[0].start for lost in target.lost.values())
    assert sum(end > 0.65 for end in ends) == 20


async def test_a_ramp_that_ends_in_a_jump_up_starts_nobody(target: Target) -> None:
    run = await play(target.url, ramping((0.0, 1), (0.2, 1), (0.0, 5), path="/slow/0.05"))
    run.assert_balanced(has_plan=False)
    assert target.connections == 1
