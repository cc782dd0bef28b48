from __future__ import annotations

import math

import pytest

from groundswell.errors import CoordinatorRefuses, ProtocolViolation
from groundswell.v1 import agent_pb2, control_pb2
from groundswell_coordinator import pool
from groundswell_coordinator.services import limits


def submission(**more: object) -> control_pb2.SubmitRequest:
    fields = {"run_id": "20260304-050607-1f3a9c", "agents": 1, **more}
    return control_pb2.SubmitRequest(**fields)  # type: ignore[arg-type]  # fields by name


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (submission(run_id=""), "no run's id"),
        (submission(run_id="a" * 129), "no run's id"),
        (submission(run_id="../../etc"), "no run's id"),
        (submission(run_id="-rf"), "no run's id"),
        (submission(run_id="two words"), "no run's id"),
        (submission(agents=0), "at least 1 agent"),
        (submission(agents=10_001), "10001 agents: at most 10000"),
        (submission(wait_ms=86_400_001), "at most 86400000"),
        (submission(labels={str(n): "" for n in range(65)}), "65 labels: at most 64"),
        (submission(labels={"k" * 201: ""}), "letters of a label's name"),
        (submission(labels={"k": "v" * 1001}), "letters of a label's value"),
        (submission(labels={"k": "\x1b[31m"}), "printable"),
        (submission(selector={"": "v"}), "printable"),
        (submission(source=agent_pb2.TestSource(text=bytes(10 * 1024**2 + 1))), "bytes of a test"),
        (submission(source=agent_pb2.TestSource(target="h" * 1001)), "letters of a target"),
        (submission(source=agent_pb2.TestSource(env={"X": "x" * 1024**2})), "of an environment"),
    ],
)
def test_what_is_too_much_is_refused(request_: control_pb2.SubmitRequest, message: str) -> None:
    with pytest.raises(ProtocolViolation, match=message):
        limits.check_submit(request_)


def test_the_most_of_everything_is_taken() -> None:
    labels = {f"{n:0200}": "v" * 1000 for n in range(64)}
    source = agent_pb2.TestSource(text=bytes(10 * 1024**2), env={"X": "x" * 1000})
    limits.check_submit(
        submission(
            run_id="a" * 128,
            agents=10_000,
            wait_ms=86_400_000,
            labels=labels,
            selector=labels,
            source=source,
        )
    )


@pytest.mark.parametrize("part", [(-1, 0), (math.nan, 0), (0, math.inf), (5, 5), (5, 4)])
def test_what_is_no_part_of_a_run_is_refused(part: tuple[float, float]) -> None:
    with pytest.raises(ProtocolViolation):
        limits.check_part(control_pb2.GetRunRequest(run="r", from_s=part[0], to_s=part[1]))


@pytest.mark.parametrize("part", [(0, 0), (0, 0.5), (5, 0), (5, 6)])
def test_a_part_may_begin_at_the_start_and_end_at_the_end(part: tuple[float, float]) -> None:
    limits.check_part(control_pb2.GetRunRequest(run="r", from_s=part[0], to_s=part[1]))


@pytest.mark.parametrize("run", ["", "r" * 201])
def test_a_name_of_a_run_that_is_none_is_refused(run: str) -> None:
    with pytest.raises(ProtocolViolation):
        limits.check_run(run)


def greeting(**more: object) -> agent_pb2.Hello:
    fields = {"protocol": "groundswell.v1", "name": "a", "incarnation": "1", "weight": 1, **more}
    return agent_pb2.Hello(**fields)  # type: ignore[arg-type]  # fields by name


@pytest.mark.parametrize(
    ("hello", "message"),
    [
        (greeting(name="n" * 201), "letters of an agent's name"),
        (greeting(version="v" * 201), "letters of an agent's name"),
        (greeting(holding=agent_pb2.Holding(run_id="r" * 201)), "letters of an agent's name"),
        (greeting(name="\x1b[2J"), "printable"),
        (greeting(incarnation="\n"), "printable"),
        (greeting(weight=1001), "weight"),
        (greeting(labels={str(n): "" for n in range(65)}), "65 labels"),
        (greeting(labels={"k": "v" * 1001}), "letters of a label's value"),
        (greeting(labels={"k": "\x1b[31m"}), "printable"),
        (greeting(guard=agent_pb2.LoadGuard(max_rate="1e9")), "a guard that is none"),
    ],
)
def test_an_agent_that_says_too_much_of_itself_is_refused(
    hello: agent_pb2.Hello, message: str
) -> None:
    with pytest.raises(ProtocolViolation, match=message):
        limits.check_hello(hello)


def test_one_agent_too_many_is_refused_and_one_that_comes_back_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pool, "MOST_AGENTS", 2)
    agents = pool.Pool()
    for name in ("a", "b"):
        agents.attach(greeting(name=name, incarnation=name))
    with pytest.raises(CoordinatorRefuses, match="2 agents are attached"):
        agents.attach(greeting(incarnation="c"))
    assert agents.attach(greeting(incarnation="b")).name == "b"
