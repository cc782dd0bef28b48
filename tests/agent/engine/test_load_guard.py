"""An agent holds its share against what it carries by itself, whatever its coordinator thinks of it."""

from __future__ import annotations

from fractions import Fraction

import pytest

from groundswell.errors import InvalidConfiguration
from groundswell.load_guard import LoadGuard
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
