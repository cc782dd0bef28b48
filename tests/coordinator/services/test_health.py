"""Health and reflection, asked as a probe and grpcurl ask, of a real server."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING

import grpc
import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

from groundswell_coordinator.services.health import Health
from groundswell_coordinator.services.readiness import Readiness

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable

SERVICES = ("groundswell.v1.AgentService", "groundswell.v1.ControlService")

_Status = health_pb2.HealthCheckResponse


@asynccontextmanager
async def _serving(readiness: Readiness) -> AsyncGenerator[tuple[Health, grpc.aio.Channel]]:
    server, health = grpc.aio.server(), Health(readiness)
    health.add_to(server)
    await health.say()
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield health, channel
    finally:
        await server.stop(grace=0)


# The stubs that come with the two libraries have no types.
def _check(channel: grpc.aio.Channel, service: str) -> Awaitable[_Status]:
    ask = channel.unary_unary(
        "/grpc.health.v1.Health/Check",
        request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
        response_deserializer=_Status.FromString,
    )
    return ask(health_pb2.HealthCheckRequest(service=service))


async def _watch(channel: grpc.aio.Channel, service: str) -> AsyncGenerator[int]:
    ask = channel.unary_stream(
        "/grpc.health.v1.Health/Watch",
        request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
        response_deserializer=_Status.FromString,
    )
    call = ask(health_pb2.HealthCheckRequest(service=service))
    try:
        async for answer in call:
            yield answer.status
    finally:
        call.cancel()


async def _reflected(
    channel: grpc.aio.Channel, request: reflection_pb2.ServerReflectionRequest
) -> reflection_pb2.ServerReflectionResponse:
    ask = channel.stream_stream(
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )
    async for answer in ask(iter([request])):
        return answer
    raise AssertionError("no answer")


@pytest.mark.parametrize("service", ["", *SERVICES])
async def test_every_service_is_what_the_coordinator_is(service: str) -> None:
    readiness = Readiness()
    readiness.hinder("store", "the store is not open yet")

    async with _serving(readiness) as (health, channel):
        assert (await _check(channel, service)).status == _Status.NOT_SERVING
        readiness.clear("store")
        await health.say()
        assert (await _check(channel, service)).status == _Status.SERVING


async def test_of_another_service_nothing_is_known() -> None:
    async with _serving(Readiness()) as (_, channel):
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await _check(channel, "groundswell.v1.Nothing")

    assert raised.value.code() is grpc.StatusCode.NOT_FOUND


async def test_who_watches_hears_of_every_change() -> None:
    readiness = Readiness()
    async with _serving(readiness) as (health, channel):
        following = asyncio.create_task(health.follow())
        heard: list[int] = []
        async with aclosing(_watch(channel, SERVICES[0])) as statuses:
            async for status in statuses:
                heard.append(status)
                if len(heard) == 1:
                    readiness.hinder("store", "the store fails")
                elif len(heard) == 2:
                    readiness.clear("store")
                else:
                    break
        assert heard == [_Status.SERVING, _Status.NOT_SERVING, _Status.SERVING]
        following.cancel()


async def test_reflection_lists_the_services_and_describes_them() -> None:
    async with _serving(Readiness()) as (_, channel):
        everything = reflection_pb2.ServerReflectionRequest(list_services="")
        listed = await _reflected(channel, everything)
        one = reflection_pb2.ServerReflectionRequest(file_containing_symbol=SERVICES[1])
        described = await _reflected(channel, one)

    names = {service.name for service in listed.list_services_response.service}
    assert names >= {*SERVICES, "grpc.health.v1.Health"}
    files = map(
        FileDescriptorProto.FromString, described.file_descriptor_response.file_descriptor_proto
    )
    methods = {
        method.name for file in files for service in file.service for method in service.method
    }
    assert methods >= {"Submit", "Watch", "StopRun"}
