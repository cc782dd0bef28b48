"""Steps that hold others: which of them are gone through, how often, when, and under what tags."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from groundswell_agent.events import HaltMode
from tests.agent.engine.played import at, get, once, per_vu, play

if TYPE_CHECKING:
    from tests.agent.engine.played import Scenario, Step
    from tests.agent.engine.site import Site
    from tests.agent.engine.target import Target


ITEM = get(
    "/item/7",
    capture={
        "id": "$.id",
        "number": "$.number",
        "price": "$.price",
        "sold": "$.sold",
        "none": "$.none",
        "tags": "$.tags",
        "count": {"header": "X-Count"},
        "name": "$.by.name",
    },
)


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("number == 7", True),
        ("number == '7'", True),
        ("number != 7", False),
        ("price < 100", True),
        ("price < 14.5", False),
        ("price <= 14.5", True),
        ("count > 11", True),
        ("count >= 13", False),
        ("count == 12", True),
        ("name == 'Ann'", True),
        ('name != "Ann"', False),
        ("name ~ '^A.n$'", True),
        ("name ~ 'x'", False),
        ("name contains 'nn'", True),
        ("tags contains 'b'", True),
        ("tags contains 'c'", False),
        ("tags[1] == 'b'", True),
        ("tags[5] == null", True),
        ("sold == false", True),
        ("sold == 0", False),
        ("none == null", True),
        ("none < 1", False),
        ("none >= 1", False),
        ("later == null", True),
        ("later != 'done'", True),
        ("later ~ 'x'", False),
        ("not number == 7", False),
        ("not (number == 8 or price > 100)", True),
        ("number == 8 or price > 1 and name == 'Ann'", True),
        ("(number == 8 or price > 1) and name == 'Bob'", False),
        ("vu == 1 and iteration == 0 and scenario == 's'", True),
        ("id == {{ id }}", True),
        ("{{ id | base64 }} == 'Nw=='", True),
        ("random(1, 1) == 1", True),
    ],
)
async def test_an_if_goes_by_its_condition(site: Site, condition: str, holds: bool) -> None:
    steps: list[Step] = [
        ITEM,
        {"if": condition, "then": [get("/echo?then")], "else": [get("/echo?else")]},
        get("/item/1", capture={"later": "$.id"}),
    ]
    await play(site.url, once(*steps))
    assert [a.query for a in site.asked if a.path == "/echo"] == ["then" if holds else "else"]


async def test_a_variable_of_the_environment_in_a_condition_is_text(site: Site) -> None:
    scenario = once(
        {"if": "{{ env.MODE }} == 'full' and number > 5", "then": [get("/echo?then")]},
        env={"MODE": "full"},
    )
    scenario["steps"] = [ITEM, *scenario["steps"]]  # type: ignore[misc]  # a list, as once() made it
    await play(site.url, scenario)
    assert site.asked[-1].query == "then"


async def test_an_if_without_else_does_nothing(site: Site) -> None:
    await play(site.url, once({"if": "vu == 2", "then": [get("/echo")]}, get("/echo?end")))
    assert [asked.query for asked in site.asked] == ["end"]


async def test_repeat_goes_through_its_steps_so_often(site: Site) -> None:
    steps: list[Step] = [
        {"repeat": 2, "steps": [get("/echo?a"), {"repeat": 2, "steps": [get("/echo?b")]}]},
        {"repeat": 0, "steps": [get("/echo?never")]},
        ITEM,
        {"repeat": "{{ number }}", "steps": [get("/echo?c")]},
        {"repeat": "{{ name }}", "steps": [get("/echo?no-number")]},
    ]
    await play(site.url, once(*steps))
    queries = [asked.query for asked in site.asked if asked.path == "/echo"]
    assert queries == ["a", "b", "b", "a", "b", "b", *["c"] * 7]


async def test_while_goes_on_for_as_long_as_its_condition_holds_or_its_bound(site: Site) -> None:
    left: Step = get("/again/{{ left | default(3) }}", redirects=0, name="again",
                     capture={"left": {"header": "Location", "default": "none"}})  # fmt: skip
    await play(site.url, once({"while": "left != 'none'", "max": 10, "steps": [left]}))
    assert site.paths() == ["/again/3", "/again/2", "/again/1", "/again/0"]
    site.asked.clear()
    await play(site.url, once({"while": "left != 'none'", "max": 2, "steps": [left]}))
    assert site.paths() == ["/again/3", "/again/2"]


async def test_weights_decide_how_often_a_branch_is_taken(target: Target) -> None:
    branches = [
        {"weight": 6, "steps": [get("/a")]},
        {"weight": 3, "steps": [get("/b")]},
        {"weight": 1, "steps": [get("/c")]},
    ]
    await play(target.url, per_vu(4, 250, steps=[{"weighted": branches}]))
    taken = Counter(arrival.path for arrival in target.arrivals)
    assert taken.total() == 1000
    # Four standard deviations; and the seed is fixed.
    for path, expected, deviation in (("/a", 600, 16), ("/b", 300, 15), ("/c", 100, 10)):
        assert abs(taken[path] - expected) < 4 * deviation


async def test_a_group_tags_its_samples_and_times_them(target: Target) -> None:
    steps: list[Step] = [
        get("/outside"),
        {
            "group": "shop",
            "steps": [
                get("/slow/0.1", name="in", check={"status": 200}),
                {"group": "cart", "steps": [get("/deep")]},
            ],
        },
    ]
    run = await play(target.url, per_vu(1, 2, steps=steps, tags={"team": "t"}))
    assert run.count("http_reqs", group="shop", name="in") == 2
    assert run.count("http_reqs", group="shop::cart", name="/deep") == 2
    assert [t for t in run.tags("http_reqs") if t["name"] == "/outside" and "group" in t] == []
    assert run.rate("checks", group="shop") == (2, 2)
    durations = run.trend("group_duration", group="shop", scenario="s", team="t")
    assert durations.count == 2
    assert durations.min_ms >= 99
    assert run.trend("group_duration", group="shop::cart").max_ms < durations.min_ms


async def test_parallel_steps_run_at_once_on_connections_of_their_own(target: Target) -> None:
    steps: list[Step] = [
        get("/ok", name="before"),
        {"parallel": [
            get("/slow/0.3", name="p1"),
            [get("/slow/0.3", name="p2"), get("/ok", name="p2b")],
            get("/slow/0.3", name="p3"),
        ]},
        get("/ok", name="after"),
    ]  # fmt: skip
    run = await play(target.url, per_vu(1, 2, steps=steps))
    assert target.most_at_once == 3
    assert target.overlaps == 0
    # One for the VU and one a branch, which they keep.
    assert target.connections == 4
    assert run.trend("iteration_duration").max_ms < 900
    for name in ("p1", "p2", "p3"):
        assert run.trend("http_req_response_time", name=name).min_ms >= 299
    for name in ("p2b", "after"):
        # Due when the step before it in its branch ended, or all branches had.
        assert run.trend("http_req_response_time", name=name).max_ms < 290
    run.assert_balanced()


async def test_parallel_branches_share_captures_and_cookies(site: Site) -> None:
    steps: list[Step] = [
        {"parallel": [
            get("/item/1", capture={"a": "$.id"}),
            get("/item/2", capture={"b": "$.id"}),
            get("/set?c=3"),
        ]},
        get("/echo?{{ a }}{{ b }}"),
    ]  # fmt: skip
    await play(site.url, once(*steps))
    assert site.asked[-1].query == "12"
    assert site.asked[-1].headers["cookie"] == "c=3"


async def test_one_branch_may_end_the_iteration_and_the_others_come_to_their_end(
    site: Site,
) -> None:
    steps: list[Step] = [
        {"parallel": [
            get("/text?status=500", on_fail="end-iteration"),
            [get("/text?slow=0.2"), get("/echo?b")],
        ]},
        get("/echo?after"),
    ]  # fmt: skip
    run = await play(site.url, once(*steps))
    assert [a.query for a in site.asked if a.path == "/echo"] == ["b"]
    assert run.count("iterations") == 1


async def test_an_abort_cancels_all_branches(target: Target) -> None:
    steps: list[Step] = [{"parallel": [get("/hang"), [{"pause": "60s"}], get("/slow/60")]}]
    run = await play(
        target.url,
        per_vu(3, 1, steps=steps),
        during=lambda engine, start: at(start, 0.2, engine.halt, HaltMode.ABORT),
    )
    assert run.account().interrupted == 3
    assert run.count("http_reqs") == len(target.arrivals) == 6
    run.assert_balanced()


async def test_a_graceful_stop_counts_every_branch_that_was_cut_off(target: Target) -> None:
    steps: list[Step] = [{"parallel": [get("/hang", name="a"), get("/hang", name="b")]}]
    scenario = {**per_vu(2, 1, steps=steps), "max_duration": "0.2s", "graceful_stop": "0s"}
    run = await play(target.url, scenario)
    assert run.count("http_reqs", error="interrupted") == 4
    assert run.account().interrupted == 2
    run.assert_balanced()


async def test_pauses_follow_their_distribution_and_their_seed(target: Target) -> None:
    pause: Step = {"pause": {"normal": "20ms", "deviation": "10ms"}}
    run = await play(target.url, per_vu(1, 30, steps=[pause]))
    durations = run.trend("iteration_duration")
    assert durations.count == 30
    # The mean of 30 of them, and what the timers of a busy machine add.
    assert durations.sum_ns / 30 / 1e6 > 12


async def test_a_pace_makes_iterations_and_passes_as_long_as_it_says(target: Target) -> None:
    steps: list[Step] = [
        {"repeat": 3, "steps": [get("/ok", name="in"), {"pace": "50ms"}]},
        {"pace": "300ms"},
    ]
    run = await play(target.url, once(*steps, get("/ok", name="end")))
    at = [arrival.at for arrival in target.arrivals]
    assert at[1] - at[0] >= 0.045
    assert at[2] - at[1] >= 0.045
    assert at[3] - at[0] >= 0.29
    assert run.trend("iteration_duration").min_ms >= 295
    # It was due when the pace ended.
    assert run.trend("http_req_response_time", name="end").max_ms < 200


async def test_a_pace_that_is_missed_waits_for_nothing(target: Target) -> None:
    run = await play(target.url, once(get("/slow/0.2"), {"pace": "100ms"}, get("/ok", name="end")))
    assert run.trend("iteration_duration").max_ms < 1000


async def test_loops_that_never_wait_let_others_have_their_turn(target: Target) -> None:
    busy: Scenario = once({"repeat": 1_000_000, "steps": [{"if": "vu == 2", "then": [get("/")]}]})
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    ticking = asyncio.create_task(tick())
    await play(
        target.url,
        busy,
        during=lambda engine, start: at(start, 0.3, engine.halt, HaltMode.ABORT),
    )
    ticking.cancel()
    assert ticks > 5
