"""searched-arrival-rate: levels that an agent hears of while it loads, each carried out as it is planned."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest

from groundswell.capacity.settings import SearchSettings
from groundswell.errors import InvalidConfiguration, ProtocolViolation
from groundswell.schedule.division import Handover
from groundswell.schedule.levels import Level
from groundswell.schedule.shares import ShareEntry
from groundswell_agent.events import HaltMode
from tests.agent.engine.played import at, build, open_at, played, preparation

if TYPE_CHECKING:
    from groundswell.v1 import agent_pb2
    from groundswell_agent.engine.engine import Engine
    from tests.agent.engine.target import Target

# A busy machine may be this late with anything.
SLACK_S = 0.5
FIRST = Level(1, 0, 1, Fraction(1))
SECOND = Level(2, 1, 2, Fraction(2))
ENDS_AT = 2.05
SHARES = {"a": 1, "b": 2}


def prepare(
    target: str, agent: str = "a", path: str = "/ok", *, max_vus: int = 300, rate: int = 30
) -> agent_pb2.Prepare:
    scenario = open_at(rate, 1, path, max_vus=max_vus)
    shares = SHARES if agent in SHARES else {agent: 1}
    prepared = preparation({"s": scenario}, target, agent=agent, shares=shares)
    test = json.loads(prepared.source.text)
    test["thresholds"] = {"http_reqs": ["count > 0"]}
    prepared.source.text = json.dumps(test).encode()
    settings = SearchSettings(Fraction(10), Fraction(10 * rate))
    prepared.search.CopyFrom(settings.to_wire())
    return prepared


def planned(*levels: Level, rate: int = 30) -> list[float]:
    return [
        level.begin + n / float(rate * level.factor)
        for level in levels
        for n in range(int(rate * level.factor) * (level.end - level.begin))
    ]


def assert_follows(target: Target, start: float, moments: list[float]) -> None:
    came = np.array(target.since(start))
    assert len(came) == len(moments)
    late = came - np.array(moments)
    assert late.min() > -1e-3
    assert np.median(late) < SLACK_S


def climbing(engine: Engine, start: float) -> None:
    """The second level is heard of under load, and of the first once more with it."""
    engine.rise([FIRST])
    at(start, 0.3, engine.rise, [FIRST, SECOND])
    at(start, ENDS_AT, engine.halt, HaltMode.GRACEFUL)


async def test_the_agents_together_carry_out_every_level_as_one_would(target: Target) -> None:
    runs = await played(*(prepare(target.url, agent) for agent in SHARES), during=climbing)
    for run in runs:
        run.assert_balanced()
        assert run.dropped() == {}
    shares = [run.account().planned for run in runs]
    assert shares == pytest.approx([30, 60], abs=1)
    assert_follows(target, runs[0].start, planned(FIRST, SECOND))


async def test_without_a_level_nothing_is_planned(target: Target) -> None:
    def during(engine: Engine, start: float) -> None:
        at(start, 0.3, engine.halt, HaltMode.GRACEFUL)

    (run,) = await played(prepare(target.url, "one"), during=during)
    run.assert_balanced()
    assert (run.account().planned, target.arrivals) == (0, [])


async def test_no_more_vus_are_at_work_than_belong_to_a_level(target: Target) -> None:
    """Five at its own rate, ten at twice that; nobody is free again in time."""

    def during(engine: Engine, start: float) -> None:
        climbing(engine, start)
        at(start, ENDS_AT, engine.halt, HaltMode.ABORT)

    (run,) = await played(prepare(target.url, "one", "/slow/5", max_vus=5), during=during)
    run.assert_balanced()
    # Those of the first level stay at work in the second.
    assert run.account().fired == 10
    assert run.dropped() == {"no_vu": 30 + 60 - 10}


async def test_what_is_past_of_a_level_when_it_is_heard_of_is_late(target: Target) -> None:
    def during(engine: Engine, start: float) -> None:
        at(start, 0.6, engine.rise, [FIRST])
        at(start, 1.05, engine.halt, HaltMode.GRACEFUL)

    (run,) = await played(prepare(target.url, "one"), during=during)
    run.assert_balanced()
    assert run.account().planned == 30
    assert set(run.dropped()) == {"late"}
    assert run.dropped()["late"] >= 18


async def test_an_heir_carries_out_its_part_of_every_level(target: Target) -> None:
    """Who is lost has no engine here; its share moves in the middle of the first level."""

    def during(engine: Engine, start: float) -> None:
        climbing(engine, start)
        moved = Handover(1, "b", 500_000_000, (ShareEntry("a", 1),))
        at(start, 0.1, engine.reshare, [moved])

    (run,) = await played(prepare(target.url, "a"), during=during)
    run.assert_balanced()
    assert run.dropped() == {}
    before = run.account().planned - 15 - 60
    assert before == pytest.approx(5, abs=1)


async def test_a_level_that_does_not_follow_is_refused(target: Target) -> None:
    with pytest.raises(ProtocolViolation):
        build(prepare(target.url, "one")).rise([SECOND])


async def test_a_test_that_cannot_be_searched_is_refused(target: Target) -> None:
    prepared = prepare(target.url, "one")
    prepared.search.scenario = "other"
    with pytest.raises(InvalidConfiguration):
        build(prepared)
