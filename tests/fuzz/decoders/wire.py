"""Messages of the protocol, from whoever speaks it: requests of clients, orders to an agent, answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
from google.protobuf.message import DecodeError

from groundswell.capacity.searched import searched
from groundswell.errors import GroundswellError, ProtocolViolation
from groundswell.schedule.division import (
    Division,
    extended,
    extended_by_levels,
    table_from_wire,
)
from groundswell.schedule.levels import Level
from groundswell.schedule.scenario_plan import plan_scenario
from groundswell.v1 import agent_pb2, control_pb2
from groundswell_agent.events import PrepareReceived, ReshareReceived
from groundswell_agent.heard import event_of
from groundswell_agent.lifecycle import Lifecycle, State
from groundswell_coordinator.failure import error_of
from groundswell_coordinator.run.submission import Submission
from groundswell_coordinator.services import limits
from tests.core.scenario.writing import loaded, with_scenario
from tests.fuzz.decoder import Decoder
from tests.fuzz.messages import altered, fill, joined, split

if TYPE_CHECKING:
    from random import Random

    from google.protobuf.message import Message

# Millions of VUs are a plan that takes its time, and no bug.
_TEXT = (
    with_scenario("executor: constant-arrival-rate\nrate: 50/s\nduration: 10s\nmax_vus: 10")
    + "thresholds: {http_req_failed: rate < 1%}\n"
)
_OPEN = loaded(_TEXT)


# --- clients ---------------------------------------------------------------------------------------


def _submit(data: bytes) -> None:
    request = control_pb2.SubmitRequest.FromString(data)
    limits.check_submit(request)
    submission = Submission.from_wire(request)
    assert 0 < len(submission.run_id) <= 128
    assert submission.agents <= 10_000


def _questions(data: bytes) -> None:
    texts = (*split(data), b"", b"")
    part = control_pb2.GetRunRequest.FromString(texts[0])
    limits.check_part(part)
    limits.check_run(part.run)
    baseline = control_pb2.SetBaselineRequest.FromString(texts[1])
    limits.check_baseline(baseline.name, baseline.runs)


_SUBMIT = control_pb2.SubmitRequest(
    run_id="20260304-050607-1f3a9c",
    source=agent_pb2.TestSource(
        name="t.yaml",
        text=_TEXT.encode(),
        env={"X": "y"},
        files={"a.csv": agent_pb2.FileStamp(sha256="0" * 64, size=5)},
    ),
    agents=2,
    labels={"branch": "main"},
    wait_ms=1000,
    selector={"zone": "a"},
    on_agent_loss="reshare",
    outputs=["prometheus=http://127.0.0.1:9090/api/v1/write"],
    search=agent_pb2.Search(
        first_rate="10", last_rate="1000", hold_s=5, settle_s=1, tolerance="1/20"
    ),
)  # fmt: skip

_QUESTIONS: list[Message] = [
    control_pb2.GetRunRequest(run="last", from_s=1, to_s=2),
    control_pb2.SetBaselineRequest(name="main", runs=["run-1", "last"]),
]


def _altered_submit(chance: Random) -> bytes:
    return altered(
        _SUBMIT, chance, ("run-1", "continue", "jsonl=/etc/x", "1/0")
    ).SerializeToString()


# --- orders to an agent ----------------------------------------------------------------------------

_ENTRIES = [
    agent_pb2.ShareEntry(agent=name, weight=weight) for name, weight in (("a", 2), ("b", 1))
]
_ORDERS: list[Message] = [
    agent_pb2.CoordinatorMessage(
        prepare=agent_pb2.Prepare(
            run_id="r",
            source=_SUBMIT.source,
            shares=agent_pb2.ShareTable(entries=_ENTRIES),
            agent="a",
            search=_SUBMIT.search,
        )
    ),
    agent_pb2.CoordinatorMessage(start=agent_pb2.Start(run_id="r", start_at_ns=10**9)),
    agent_pb2.CoordinatorMessage(
        reshare=agent_pb2.Reshare(
            run_id="r",
            handovers=[
                agent_pb2.Handover(epoch=1, from_agent="b", boundary_ns=10**9, heirs=_ENTRIES[:1])
            ],
        )
    ),
    agent_pb2.CoordinatorMessage(
        levels=agent_pb2.Levels(
            run_id="r", levels=[agent_pb2.Level(number=1, begin_s=0, end_s=5, factor="3/2")]
        )
    ),
    agent_pb2.CoordinatorMessage(stop=agent_pb2.Stop(run_id="r", mode=agent_pb2.STOP_MODE_ABORT)),
    agent_pb2.CoordinatorMessage(release=agent_pb2.Release(run_id="r")),
]


def _orders(data: bytes) -> None:
    """The agent's life cycle has an answer to any order, and its division of the load one state."""
    life, division = Lifecycle(), Division(table_from_wire(agent_pb2.ShareTable(entries=_ENTRIES)))
    for text in split(data):
        message = agent_pb2.CoordinatorMessage.FromString(text)
        event = event_of(message)
        if event is None:
            continue
        life.handle(event)
        assert isinstance(life.state, State)
        if isinstance(event, PrepareReceived):
            division = Division(table_from_wire(message.prepare.shares))
        elif isinstance(event, ReshareReceived):
            division = extended(division, event.handovers)
            for name in division.table.agents:
                # What each of them would fire from then on.
                plan_scenario("s", _OPEN.scenarios["s"], division, name, 1)
        elif message.HasField("levels"):
            division = extended_by_levels(division, map(Level.of, message.levels.levels))


def _altered_orders(chance: Random) -> bytes:
    orders = list(_ORDERS)
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(orders))
        orders[at] = altered(orders[at], chance, ("r", "a", "b", "5/2", "-1/3", "1e9"))
    if chance.random() < 0.3:
        chance.shuffle(orders)
    if chance.random() < 0.1:
        orders.append(fill(agent_pb2.CoordinatorMessage(), chance, ("r",)))
    return joined(orders)


def _search(data: bytes) -> None:
    from groundswell.capacity.settings import SearchSettings

    settings = SearchSettings.of(agent_pb2.Search.FromString(data))
    assert settings.longest_s > 0
    searched(_OPEN, settings)


# --- answers to a client ---------------------------------------------------------------------------


def _failure(data: bytes) -> None:
    """A client says what a coordinator answers, whatever stands in it."""
    metadata = grpc.aio.Metadata(("groundswell-failure-bin", data))
    status = grpc.aio.AioRpcError(
        grpc.StatusCode.INTERNAL, grpc.aio.Metadata(), metadata, data.decode("latin-1")
    )
    error = error_of(status, "127.0.0.1:9700")
    assert isinstance(error, GroundswellError)
    assert 0 < error.exit_code < 128
    str(error)


_FAILURE = control_pb2.Failure(
    kind="InvalidTest",
    message="no",
    hint="yes",
    exit_code=104,
    problems=[control_pb2.Problem(file="t.yaml", line=1, column=2, message="what", hint="how")],
)

DECODERS = (
    Decoder(
        "request to run a test",
        _submit,
        seeds=(_SUBMIT.SerializeToString(),),
        words=(b"run-1", b"1/0", b"prometheus=", b"http://", b"0" * 64),
        grow=_altered_submit,
        refusals=(GroundswellError, DecodeError),
    ),
    Decoder(
        "questions about runs",
        _questions,
        seeds=(joined(_QUESTIONS),),
        grow=lambda chance: joined([altered(one, chance, ("last",)) for one in _QUESTIONS]),
        refusals=(ProtocolViolation, DecodeError),
    ),
    Decoder(
        "orders to an agent",
        _orders,
        seeds=(joined(_ORDERS), joined(_ORDERS[:3])),
        words=(b"r", b"a", b"b", b"3/2"),
        grow=_altered_orders,
        refusals=(ProtocolViolation, DecodeError),
    ),
    Decoder(
        "search for capacity",
        _search,
        seeds=(_SUBMIT.search.SerializeToString(),),
        words=(b"1/0", b"1e5", b"-1", b"1/99999999999", b"0.001", b"NaN"),
        grow=lambda chance: altered(
            _SUBMIT.search, chance, ("1/3", "1000000000", "1/1000", "nan", "1e5")
        ).SerializeToString(),
        refusals=(GroundswellError, DecodeError),
    ),
    Decoder(
        "failure that a coordinator tells",
        _failure,
        seeds=(_FAILURE.SerializeToString(),),
        words=(b"NotYet", b"StoreFailed", b"InvalidUnit", b"failed to connect to all addresses: x"),
        grow=lambda chance: altered(_FAILURE, chance, ("NotYet", "StoreFailed")).SerializeToString(),
    ),
)  # fmt: skip
