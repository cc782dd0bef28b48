"""An agent holds its share against what it carries by itself, whatever its coordinator thinks of it."""

from __future__ import annotations

from fractions import Fraction

import pytest

from groundswell.capacity.settings import SearchSettings
from groundswell.errors import InvalidConfiguration, ProtocolViolation
from groundswell.load_guard import LoadGuard
from groundswell.schedule.division import Handover
from groundswell.schedule.levels import Level
from groundswell.schedule.shares import ShareEntry
from groundswell.v1 import agent_pb2
from groundswell_agent.engine.engine import Engine

TEST = b"""
test: t
target: http://127.0.0.1:9
scenarios:
  a:
    executor: ramping-arrival-rate
    start_rate: 10/s
    stages: [{duration: 5s, target: 90/s}]
    max_vus: 9
    steps: [{get: /}]
  b: {executor: constant-vus, vus: 4, duration: 5s, steps: [{get: /}]}
"""


def prepare() -> agent_pb2.Prepare:
    """For one of three agents: 30/s at the ramp's end, three VUs of the one and two of the other."""
    return agent_pb2.Prepare(
        run_id="r",
        source=agent_pb2.TestSource(name="t.yaml", text=TEST),
        shares=agent_pb2.ShareTable(
            entries=[agent_pb2.ShareEntry(agent=a, weight=1) for a in "abc"]
        ),
        agent="a",
    )


@pytest.mark.parametrize(
    ("guard", "said"),
    [
        (LoadGuard(Fraction(29)), "it starts at most 29/s, its share is 30/s"),
        (LoadGuard(None, 4), "it has at most 4 VUs, its share is 5"),
    ],
)
async def test_a_share_beyond_its_guard_is_not_even_compiled(guard: LoadGuard, said: str) -> None:
    with pytest.raises(InvalidConfiguration) as caught:
        Engine.build(prepare(), incarnation="i", load_guard=guard)
    assert caught.value.message == said


async def test_a_share_within_it_is() -> None:
    engine = Engine.build(prepare(), incarnation="i", load_guard=LoadGuard(Fraction(30), 5))
    assert [share.vu_count for share in engine.shares] == [3, 2]


@pytest.mark.parametrize(("most", "is_taken"), [(60, True), (59, False)])
async def test_a_share_that_is_handed_over_is_held_against_it_too(
    most: int, is_taken: bool
) -> None:
    engine = Engine.build(prepare(), incarnation="i", load_guard=LoadGuard(Fraction(most)))
    handover = Handover(1, "b", 10**9, (ShareEntry("a"),))
    if is_taken:
        engine.reshare([handover])
        assert [share.vu_count for share in engine.shares] == [6, 3]
        return
    with pytest.raises(ProtocolViolation, match="it starts at most 59/s, its share is 60/s"):
        engine.reshare([handover])


async def test_a_level_above_the_highest_of_its_search_is_not_taken_up() -> None:
    """What it was held against when it was prepared is the highest."""
    asked = prepare()
    asked.source.text = TEST + b"thresholds: {http_req_failed: rate < 1%}\n"
    asked.search.CopyFrom(SearchSettings(Fraction(10), Fraction(180)).to_wire())
    with pytest.raises(InvalidConfiguration, match="its share is 60/s") as caught:
        Engine.build(asked, incarnation="i", load_guard=LoadGuard(Fraction(59)))
    assert "lower --to or use more agents" in str(caught.value)
    engine = Engine.build(asked, incarnation="i", load_guard=LoadGuard(Fraction(60)))
    engine.rise([Level(1, 1, 5, Fraction(2))])
    with pytest.raises(ProtocolViolation, match="level 2 is above the highest of its search"):
        engine.rise([Level(2, 5, 9, Fraction(201, 100))])
