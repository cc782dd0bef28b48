"""While a run goes on, strangers talk to the coordinator's ports: nobody in the run notices."""

from __future__ import annotations

import random
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

import grpc
import pytest

from groundswell.v1 import agent_pb2
from groundswell.v1.metrics_pb2 import Report
from groundswell.wire import PROTOCOL
from tests.e2e.pool.accounts import assert_nothing_is_missing
from tests.e2e.pool.load import write_steady
from tests.e2e.pool.site import pool_site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.commands import Groundswell
    from tests.e2e.pool.site import Site

_AGENTS = ("a1", "a2")
_RATE = 200
_SECONDS = 14
_ATTACH = "/groundswell.v1.AgentService/Attach"
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_TOO_LARGE = 65 * 1024 * 1024
_GROWTH = 64 * 1024 * 1024

_TALK = (
    random.Random(1).randbytes(64 * 1024),
    _PREFACE[: len(_PREFACE) // 2],
    _PREFACE + random.Random(2).randbytes(64 * 1024),
    _PREFACE + b"\xff\xff\xff\x00\x00\x00\x00\x00\x01",
    b"GET / HTTP/1.1\r\nHost: coordinator\r\n\r\n",
    b"GET /metrics HTTP/1.1\r\n" + b"X: y\r\n" * 10_000,
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
)


def _hello(name: str, **more: object) -> agent_pb2.Hello:
    return agent_pb2.Hello(**{"protocol": PROTOCOL, "name": name, "incarnation": name, **more})  # type: ignore[arg-type]


def _message(**body: object) -> bytes:
    return agent_pb2.AgentMessage(**body).SerializeToString()  # type: ignore[arg-type]


def _strange_streams(run_id: str) -> dict[str, tuple[bytes, ...]]:
    """What each says, and what of it the coordinator must have put into its log."""
    stranger = _message(hello=_hello("stranger"))
    report = Report(run_id=run_id, incarnation="a1", interval=3)
    other = Report(run_id="no-such-run", incarnation="stranger", interval=0)
    return {
        "no message": (random.Random(3).randbytes(1000),),
        "another version": (_message(hello=_hello("old", protocol="groundswell.v0")),),
        "no hello": (_message(renewal=agent_pb2.Renewal(sent_ns=1)),),
        "a second hello": (stranger, stranger),
        "a report of this run": (stranger, _message(report=report)),
        "a report of another run": (stranger, _message(report=other)),
        "a name without end": (_message(hello=_hello("x" * 100_000)),),
        "too large": (bytes(_TOO_LARGE),),
    }


@pytest.mark.slow
def test_strangers_on_the_ports_disturb_no_run(groundswell: Groundswell) -> None:
    with pool_site(groundswell, *_AGENTS, lease="10s") as site:
        test = write_steady(site, _RATE, _SECONDS)
        with site.starting_run(test, agents=len(_AGENTS)) as running:
            site.target.wait_for_load(_RATE)
            run_id = site.stored().run_id
            _say_all(site, run_id)
            before = site.coordinator.daemon.resident_bytes()
            for _ in range(3):
                _say_all(site, run_id)
            growth = site.coordinator.daemon.resident_bytes() - before
            ran = running.end_of_run()

        assert_nothing_is_missing(site, ran, _RATE * _SECONDS)
        assert growth < _GROWTH
        log = site.coordinator.daemon.log
        assert "Traceback" not in log
        for words in (
            "not a message of",
            "speaks groundswell.v1",
            "second hello",
            "does not serve",
        ):
            assert words in log, log


def _say_all(site: Site, run_id: str) -> None:
    for port in (site.coordinator.port, site.coordinator.http_port):
        for talk in _TALK:
            _say(site.coordinator.place.address, port, talk)
    for what, messages in _strange_streams(run_id).items():
        _attach(site.coordinator.address, what, messages)


def _say(host: str, port: int, talk: bytes) -> None:
    with socket.create_connection((host, port), timeout=2) as connection, suppress(OSError):
        connection.sendall(talk)
        connection.settimeout(0.1)
        connection.recv(4096)


def _attach(address: str, what: str, messages: tuple[bytes, ...]) -> None:
    """Every one of these streams is ended by the coordinator, and with a reason."""

    def say() -> Iterator[bytes]:
        yield from messages

    options = (("grpc.max_send_message_length", -1), ("grpc.enable_http_proxy", 0))
    with grpc.insecure_channel(address, options=options) as channel:
        attach: grpc.StreamStreamMultiCallable[bytes, bytes] = channel.stream_stream(_ATTACH)
        with pytest.raises(grpc.RpcError) as caught:
            for _ in attach(say(), timeout=5):
                pass
    assert caught.value.code() in (
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
    ), (what, caught.value)
