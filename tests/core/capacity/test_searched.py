"""A test as a search runs it, and what cannot be searched."""

from __future__ import annotations

from fractions import Fraction

import pytest

from groundswell.capacity.searched import searched, searched_names, searched_rate
from groundswell.capacity.settings import SearchSettings
from groundswell.errors import InvalidConfiguration, ProtocolViolation
from groundswell.scenario.loader import TestSource, load
from groundswell.scenario.model import (
    ConstantArrivalRate,
    ConstantVus,
    RampingArrivalRate,
    RampingVus,
    SearchedArrivalRate,
    SharedIterations,
    Test,
)
from groundswell.schedule.shape import peak_vus, planned_duration, rate_curve
from groundswell.v1 import agent_pb2

BROWSE = """
  browse:
    executor: constant-arrival-rate
    rate: 30/s
    duration: 1m
    start_time: 5s
    max_vus: 60
    tags: {team: shop}
    steps: [{get: /}]
"""
BUY = """
  buy:
    executor: ramping-arrival-rate
    stages: [{duration: 1m, target: 10/s}, {duration: 1m, target: 2/s}]
    max_vus: 5
    steps: [{get: /buy}]
"""
USERS = """
  users: {executor: constant-vus, vus: 3, duration: 1m, steps: [{get: /}]}
  more: {executor: ramping-vus, stages: [{duration: 1m, target: 8}, {duration: 1m, target: 0}], steps: [{get: /}]}
  once: {executor: shared-iterations, iterations: 7, steps: [{get: /}]}
"""
THRESHOLDS = "thresholds: {http_req_failed: [rate < 1%]}"
SEARCH = SearchSettings(Fraction(40), Fraction(4_000))


def a_test(*scenarios: str, thresholds: str = THRESHOLDS) -> Test:
    text = f"test: t\ntarget: http://127.0.0.1:9\n{thresholds}\nscenarios:{''.join(scenarios)}"
    return load(TestSource("t.yaml", text.encode()))


def one(test: Test, name: str) -> SearchedArrivalRate:
    scenario = test.scenarios[name]
    assert isinstance(scenario, SearchedArrivalRate)
    return scenario


def test_all_open_scenarios_scale_by_one_factor_and_their_vus_along() -> None:
    test = searched(a_test(BROWSE, BUY), SEARCH)
    browse, buy = one(test, "browse"), one(test, "buy")
    assert searched_names(test) == ("browse", "buy")
    assert searched_rate(test) == 40
    # At their busiest, and a hundred times as much at --to.
    assert (browse.rate, buy.rate) == (Fraction(30), Fraction(10))
    assert (browse.own_vus, browse.max_vus) == (60, 6_000)
    assert (buy.own_vus, buy.max_vus) == (5, 500)
    assert (browse.start_time, dict(browse.tags)) == (Fraction(0), {"team": "shop"})
    assert planned_duration(browse) == SEARCH.longest_s


def test_one_scenario_alone_is_raised_and_the_others_stay_at_their_busiest() -> None:
    settings = SearchSettings(Fraction(40), Fraction(300), scenario="browse")
    test = searched(a_test(BROWSE, BUY), settings)
    buy = test.scenarios["buy"]
    assert searched_names(test) == ("browse",)
    assert isinstance(buy, RampingArrivalRate)
    assert [rate_curve(buy).rate_at(t) for t in (0, 1, settings.longest_s - 1)] == [10, 10, 10]
    held = searched(a_test(BROWSE, BUY), SearchSettings(Fraction(1), Fraction(9), scenario="buy"))
    browse = held.scenarios["browse"]
    assert isinstance(browse, ConstantArrivalRate)
    assert (browse.rate, browse.start_time, browse.max_vus) == (Fraction(30), Fraction(0), 60)


def test_vus_stay_as_they_are_for_as_long_as_the_search_takes() -> None:
    test = searched(a_test(BROWSE, USERS), SEARCH)
    users, more, once = (test.scenarios[name] for name in ("users", "more", "once"))
    assert isinstance(users, ConstantVus)
    assert isinstance(more, RampingVus)
    assert isinstance(once, SharedIterations)
    assert (users.vus, planned_duration(users)) == (3, Fraction(SEARCH.longest_s))
    assert (more.start_vus, peak_vus(more)) == (8, 8)
    assert planned_duration(more) == SEARCH.longest_s
    assert once == a_test(USERS).scenarios["once"]


@pytest.mark.parametrize(
    ("test", "settings", "says"),
    [
        (a_test(USERS), SEARCH, "no scenario of the test has an arrival rate"),
        (a_test(BROWSE, thresholds=""), SEARCH, "has no thresholds"),
        (
            a_test(BROWSE),
            SearchSettings(Fraction(1), Fraction(2), scenario="brows"),
            "no scenario is called brows",
        ),
        (
            a_test(BROWSE, USERS),
            SearchSettings(Fraction(1), Fraction(2), scenario="users"),
            "users has an executor without a rate",
        ),
        (
            a_test(
                BROWSE,
                thresholds="thresholds: {http_req_failed: [{threshold: rate < 1%, over: 45s}]}",
            ),
            SEARCH,
            "is judged over 45s, and a level is held for 30s",
        ),
        (a_test(BROWSE), SearchSettings(Fraction(1), Fraction(10**9)), "as max_vus scales along"),
    ],
)
def test_what_cannot_be_searched_is_refused(
    test: Test, settings: SearchSettings, says: str
) -> None:
    with pytest.raises(InvalidConfiguration, match=says) as raised:
        searched(test, settings)
    assert (raised.value.exit_code, bool(raised.value.hint)) == (104, True)


@pytest.mark.parametrize(
    "values",
    [
        {"first": 0},
        {"first": 100, "last": 100},
        {"hold": 0},
        {"settle": 0},
        {"tolerance": 0},
        {"tolerance": Fraction(3, 4)},
        {"required": 500},
        {"normal": 0},
    ],
)
def test_settings_that_make_no_sense_are_refused(values: dict[str, int | Fraction]) -> None:
    given = {"first": 100, "last": 400, **values}
    with pytest.raises(InvalidConfiguration):
        SearchSettings(
            **{
                key: value if key in ("hold", "settle") else Fraction(value)
                for key, value in given.items()
            }  # type: ignore[arg-type]
        )


def test_settings_come_over_the_wire_as_they_were() -> None:
    settings = SearchSettings(
        *(Fraction(1, 3), Fraction(10_000), 7, 3, Fraction(1, 50), "browse"),
        required=Fraction(77, 3),
        normal=Fraction(4),
    )
    for one_of in (settings, SEARCH):
        text = one_of.to_wire().SerializeToString()
        assert SearchSettings.of(agent_pb2.Search.FromString(text)) == one_of
    with pytest.raises(ProtocolViolation):
        SearchSettings.of(agent_pb2.Search(first_rate="x"))
