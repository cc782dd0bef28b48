"""What comes in at the port and is no gRPC, or no message of ours."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest

from groundswell_coordinator.services import file_transfer
from tests.integration.scripted_agent import ScriptedAgent, start_together

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator

    from tests.integration.site import Site

ATTACH = "/groundswell.v1.AgentService/Attach"
HTTP_2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


async def say(site: Site, bytes_: bytes) -> bytes:
    """Say something on a connection of its own; what is answered until the other side hangs up."""
    host, port = site.address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    answer = b""
    with contextlib.suppress(ConnectionError, TimeoutError):
        writer.write(bytes_)
        await writer.drain()
        async with asyncio.timeout(0.5):
            answer = await reader.read()
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()
    return answer


async def assert_it_serves_on(site: Site) -> None:
    async with ScriptedAgent(site.address) as agent:
        run = await site.submit()
        await start_together(agent)
        agent.report(0, {"http_reqs": 1}, last=True)
        assert (await run.summary()).metrics["http_reqs"].values["count"] == 1


@pytest.mark.parametrize(
    "bytes_",
    [
        random.Random(1).randbytes(64 * 1024),
        b"GET / HTTP/1.1\r\nHost: coordinator\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
        HTTP_2_PREFACE + random.Random(2).randbytes(64 * 1024),
        HTTP_2_PREFACE + b"\xff\xff\xff\x00\x00\x00\x00\x00\x01",
        b"",
    ],
    ids=["random", "HTTP/1.1", "TLS", "HTTP/2 and random", "an endless frame", "nothing"],
)
async def test_bytes_that_are_no_grpc_are_survived(site: Site, bytes_: bytes) -> None:
    await say(site, bytes_)
    await assert_it_serves_on(site)


async def test_many_connections_that_say_nothing_are_survived(site: Site) -> None:
    host, port = site.address.split(":")
    open_ = [await asyncio.open_connection(host, int(port)) for _ in range(100)]
    await assert_it_serves_on(site)
    for _, writer in open_:
        writer.close()


@pytest.mark.slow
async def test_half_open_connections_by_the_thousand_are_closed_and_cost_nothing(
    site: Site,
) -> None:
    """Some say nothing, some begin to speak HTTP/2 and stop: ten seconds later all of them are gone."""
    host, port = site.address.split(":")
    readers, before = list[asyncio.StreamReader](), _rss_mib()
    writers = list[asyncio.StreamWriter]()
    for number in range(1_000):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(HTTP_2_PREFACE[: number % 24])
        readers.append(reader)
        writers.append(writer)
    await assert_it_serves_on(site)
    async with asyncio.timeout(30):
        await asyncio.gather(*(_until_it_ends(reader) for reader in readers))
    for writer in writers:
        writer.close()
    await assert_it_serves_on(site)
    assert _rss_mib() < before + 100


async def _until_it_ends(reader: asyncio.StreamReader) -> None:
    with contextlib.suppress(ConnectionError):
        await reader.read()


def _rss_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024**2


async def test_an_upload_that_falls_silent_is_ended(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_transfer, "PART_S", 0.2)

    async def silence() -> AsyncIterator[bytes]:
        await asyncio.sleep(60)
        yield b""

    for method in ("SendFile", "ImportRun"):
        async with grpc.aio.insecure_channel(
            site.address, options=(("grpc.enable_http_proxy", 0),)
        ) as channel:
            path = f"/groundswell.v1.ControlService/{method}"
            call: grpc.aio.StreamUnaryMultiCallable[bytes, bytes] = channel.stream_unary(path)
            with pytest.raises(grpc.aio.AioRpcError, match="nothing more of a file came"):
                await asyncio.wait_for(call(silence()), 10)


async def _read_to_the_end(messages: AsyncIterable[bytes]) -> None:
    async for _ in messages:
        pass


async def attach_with(site: Site, *messages: bytes) -> grpc.aio.AioRpcError:
    """The end of a stream on which these bytes were sent as messages."""

    async def say_them() -> AsyncIterator[bytes]:
        for message in messages:
            yield message
        await asyncio.sleep(5)

    # The limit is to be the server's.
    options = (("grpc.max_send_message_length", -1), ("grpc.enable_http_proxy", 0))
    async with grpc.aio.insecure_channel(site.address, options=options) as channel:
        attach: grpc.aio.StreamStreamMultiCallable[bytes, bytes] = channel.stream_stream(ATTACH)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await asyncio.wait_for(_read_to_the_end(attach(say_them())), 5)
        return caught.value


async def test_a_first_message_that_is_garbage_is_refused(site: Site) -> None:
    error = await attach_with(site, b"\xff" * 100)
    assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert (error.details() or "").startswith("not a message of groundswell.v1: ")
    await assert_it_serves_on(site)


async def test_garbage_in_the_middle_of_a_stream_is_refused(site: Site) -> None:
    hello = ScriptedAgent(site.address).hello
    field = b"\x0a" + bytes([hello.ByteSize()]) + hello.SerializeToString()
    error = await attach_with(site, field, b"\xff" * 100)
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert (error.details() or "").startswith("not a message of groundswell.v1: ")
    assert await site.agents(0) == []
    await assert_it_serves_on(site)


async def test_a_message_above_the_limit_is_refused(site: Site) -> None:
    error = await attach_with(site, bytes(65 * 1024 * 1024))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "larger than max" in (error.details() or "")
    await assert_it_serves_on(site)


async def test_an_agent_that_reads_nothing_is_not_written_to_for_ever(site: Site) -> None:
    """It floods its own side with what is to be answered, and never takes an answer."""
    hello = ScriptedAgent(site.address).hello
    field = b"\x0a" + bytes([hello.ByteSize()]) + hello.SerializeToString()
    renewal = b"\x42\x00"

    async def flood() -> AsyncIterator[bytes]:
        yield field
        while True:
            yield renewal

    # The smallest window, so that it is soon full.
    options = (
        ("grpc.enable_http_proxy", 0),
        ("grpc.http2.bdp_probe", 0),
        ("grpc.http2.lookahead_bytes", 1),
    )
    async with grpc.aio.insecure_channel(site.address, options=options) as channel:
        attach: grpc.aio.StreamStreamMultiCallable[bytes, bytes] = channel.stream_stream(ATTACH)
        call = attach(flood())
        await site.agents(1)
        await site.agents(0)
        call.cancel()
    await assert_it_serves_on(site)
