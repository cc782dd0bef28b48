"""Every method of every service, called with every kind of paper: who is let in, and who is not.

What is expected stands here once more, by hand: a method that is new fails until somebody has said,
in both places, whose it is.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import grpc
import pytest
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

from groundswell.v1 import agent_pb2, control_pb2, metrics_pb2
from groundswell.wire import CLIENT_OPTIONS, MAX_MESSAGE
from groundswell_coordinator.access import admission
from groundswell_coordinator.access.methods import METHODS
from groundswell_coordinator.access.role import Role
from groundswell_coordinator.failure import failure_of
from tests.integration.door.guarded import Guarded, Papers, guarded_site

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator, Mapping
    from pathlib import Path

    from google.protobuf.descriptor import MethodDescriptor

    from groundswell.credentials import Credentials

_AGENT, _VIEWER, _OPERATOR = "agent", "viewer", "operator"
_EVERYBODY = {_AGENT, _VIEWER, _OPERATOR, "nobody"}

EXPECTED: Mapping[str, set[str]] = {
    "AgentService/Attach": {_AGENT},
    "AgentService/FetchFile": {_AGENT},
    "ControlService/Submit": {_OPERATOR},
    "ControlService/FindFiles": {_OPERATOR},
    "ControlService/SendFile": {_OPERATOR},
    "ControlService/Watch": {_VIEWER, _OPERATOR},
    "ControlService/StopRun": {_OPERATOR},
    "ControlService/ListAgents": {_VIEWER, _OPERATOR},
    "ControlService/ListRuns": {_VIEWER, _OPERATOR},
    "ControlService/GetRun": {_VIEWER, _OPERATOR},
    "ControlService/DeleteRun": {_OPERATOR},
    "ControlService/JudgeRun": {_VIEWER, _OPERATOR},
    "ControlService/ExportRun": {_VIEWER, _OPERATOR},
    "ControlService/ImportRun": {_OPERATOR},
    "ControlService/SetBaseline": {_OPERATOR},
    "ControlService/RemoveBaseline": {_OPERATOR},
    "ControlService/ListBaselines": {_VIEWER, _OPERATOR},
    "Health/Check": _EVERYBODY,
    "Health/List": _EVERYBODY,
    "Health/Watch": _EVERYBODY,
    "ServerReflection/ServerReflectionInfo": {_VIEWER, _OPERATOR},
}
_FILES = (agent_pb2, control_pb2, metrics_pb2, health_pb2, reflection_pb2)
_PATIENCE_S = 30.0
_REFUSED = {"CoordinatorRefuses", "NotAuthenticated"}


def methods() -> Iterator[MethodDescriptor]:
    for file in _FILES:
        for service in file.DESCRIPTOR.services_by_name.values():
            yield from service.methods


def short(method: MethodDescriptor) -> str:
    return f"{method.containing_service.name}/{method.name}"


def path(method: MethodDescriptor) -> str:
    return f"/{method.containing_service.full_name}/{method.name}"


async def outcome(guarded: Guarded, credentials: Credentials, method: MethodDescriptor) -> str:
    """`refused`, `no connection`, or `allowed` for whatever else is answered."""
    remote = guarded.remote(credentials)
    async with credentials.channel(str(remote), CLIENT_OPTIONS) as channel:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await _call(channel, method)
        except grpc.aio.AioRpcError as error:
            failure = failure_of(error)
            if failure is not None and failure.kind in _REFUSED:
                return "refused"
            # Of a call that never reached a service, the transport says so.
            is_cut = error.code() is grpc.StatusCode.UNAVAILABLE and failure is None
            return "no connection" if is_cut else "allowed"
    return "allowed"


async def _call(channel: grpc.aio.Channel, method: MethodDescriptor) -> None:
    """With an empty message, or a stream of one."""
    name = path(method)
    match method.client_streaming, method.server_streaming:
        case False, False:
            unary_unary: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(name)
            await unary_unary(b"")
        case False, True:
            unary_stream: grpc.aio.UnaryStreamMultiCallable[bytes, bytes] = channel.unary_stream(
                name
            )
            async for _ in unary_stream(b""):
                return
        case True, False:
            stream_unary: grpc.aio.StreamUnaryMultiCallable[bytes, bytes] = channel.stream_unary(
                name
            )
            await stream_unary(_one())
        case _:
            stream_stream: grpc.aio.StreamStreamMultiCallable[bytes, bytes] = channel.stream_stream(
                name
            )
            async for _ in stream_stream(_one()):
                return


async def _one() -> AsyncGenerator[bytes]:
    yield b""


async def outcomes(guarded: Guarded, credentials: Credentials) -> dict[str, str]:
    every = list(methods())
    found = await asyncio.gather(*(outcome(guarded, credentials, one) for one in every))
    return dict(zip(map(short, every), found, strict=True))


def as_expected(who: str) -> dict[str, str]:
    return {name: "allowed" if who in may else "refused" for name, may in EXPECTED.items()}


def test_somebody_has_said_of_every_method_whose_it_is() -> None:
    every = list(methods())
    assert {short(one) for one in every} == set(EXPECTED)
    assert {path(one) for one in every} == set(METHODS)


@pytest.mark.parametrize("role", list(Role))
async def test_a_certificate_opens_what_its_role_may(
    mutual: Guarded, papers: Papers, role: Role
) -> None:
    assert await outcomes(mutual, papers.certificate(role)) == as_expected(role)


async def test_a_certificate_without_a_role_opens_nothing(mutual: Guarded, papers: Papers) -> None:
    assert await outcomes(mutual, papers.without_role()) == as_expected("nobody")


async def test_who_has_no_good_certificate_gets_no_connection(
    mutual: Guarded, papers: Papers
) -> None:
    ended = timedelta(minutes=-1)
    for credentials in (
        papers.nothing(),
        papers.certificate(Role.OPERATOR, left=ended),
        papers.certificate(Role.OPERATOR, foreign=True),
        papers.token(Role.OPERATOR),
    ):
        found = await outcomes(mutual, credentials)
        assert found == dict.fromkeys(EXPECTED, "no connection")


async def test_a_token_opens_what_its_role_may_and_another_word_nothing(
    tmp_path: Path, papers: Papers
) -> None:
    by_role = {role: papers.token(role) for role in Role}
    async with guarded_site(tmp_path, papers, mutual=False, tokens=True) as guarded:
        for role, credentials in by_role.items():
            assert await outcomes(guarded, credentials) == as_expected(role)
        for credentials in (papers.nothing(), papers.shown_token("gsw_guessed")):
            assert await outcomes(guarded, credentials) == as_expected("nobody")


async def test_a_method_without_a_row_is_refused_to_everybody(
    mutual: Guarded, papers: Papers, monkeypatch: pytest.MonkeyPatch
) -> None:
    rest = {name: roles for name, roles in METHODS.items() if not name.endswith("/ListRuns")}
    monkeypatch.setattr(admission, "METHODS", rest)
    for role in Role:
        found = await outcomes(mutual, papers.certificate(role))
        assert found == {**as_expected(role), "ControlService/ListRuns": "refused"}


async def test_of_a_call_without_a_token_nothing_is_read(tmp_path: Path, papers: Papers) -> None:
    """A message that is too long to be taken would be complained of, if it was read."""
    operator, nobody = papers.token(Role.OPERATOR), papers.nothing()
    message = bytes(MAX_MESSAGE + 1)
    unlimited = (("grpc.max_send_message_length", -1),)
    async with guarded_site(tmp_path, papers, mutual=False, tokens=True) as guarded:
        for credentials, code in (
            (operator, grpc.StatusCode.RESOURCE_EXHAUSTED),
            (nobody, grpc.StatusCode.UNAUTHENTICATED),
        ):
            async with credentials.channel(guarded.site.address, unlimited) as channel:
                submit: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
                    "/groundswell.v1.ControlService/Submit"
                )
                with pytest.raises(grpc.aio.AioRpcError) as raised:
                    await submit(message)
                assert raised.value.code() is code
