"""Files of a test on their way: client, coordinator, agents, each machine once, by content."""

from __future__ import annotations

import asyncio
import contextlib
import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import grpc
import pytest

from groundswell.credentials import Remote
from groundswell.errors import FilesMissing, FileUnavailable, ProtocolViolation
from groundswell.files.cache import FileCache
from groundswell.files.places import Beside
from groundswell.files.stamp import FileStamp
from groundswell.scenario.source import TestSource
from groundswell.v1 import agent_pb2, agent_pb2_grpc, control_pb2, control_pb2_grpc
from groundswell_agent.agent import Agent
from groundswell_coordinator.cli.files import send_files
from tests.integration.real_agents import fired, load_on, serving
from tests.integration.scripted_agent import eventually
from tests.integration.site import TEST

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator
    from pathlib import Path

    from tests.integration.site import Site, Watched
    from tests.integration.target import Target

SIZE = 3_000_001


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the coordinator keeps files; agents have another machine here."""
    home = tmp_path / "coordinator"
    monkeypatch.setenv("GROUNDSWELL_HOME", str(home))
    return home / "cache" / "files"


@dataclass(slots=True)
class Fetched:
    """What agents asked the coordinator for."""

    stamps: list[FileStamp] = field(default_factory=list[FileStamp])


@pytest.fixture
def fetched(site: Site, monkeypatch: pytest.MonkeyPatch) -> Fetched:
    fetched, serve = Fetched(), site.coordinator.files.serving

    def counting(stamp: FileStamp) -> object:
        fetched.stamps.append(stamp)
        return serve(stamp)

    monkeypatch.setattr(site.coordinator.files, "serving", counting)
    return fetched


def source_with(folder: Path, text: str, **files: bytes) -> TestSource:
    """As the client seals it."""
    for name, data in files.items():
        (folder / name).write_bytes(data)
    stamps = {name: FileStamp.of(folder / name) for name in files}
    return TestSource("t.yaml", text.encode(), {}, None, Beside(folder, stamps))


def contents(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.exists() else []


def only_stamp(source: TestSource) -> FileStamp:
    return next(iter(source.files.stamps.values()))


async def submit(site: Site, source: TestSource, run_id: str = "r", agents: int = 1) -> Watched:
    await site.client.submit(run_id, source, agents=agents, labels={}, seed=1, wait_s=10)
    return site.watch(run_id)


@contextlib.asynccontextmanager
async def agents_of_one_machine(site: Site, folder: Path, *names: str) -> AsyncGenerator[None]:
    async with contextlib.AsyncExitStack() as stack:
        for name in names:
            hello = agent_pb2.Hello(
                protocol="groundswell.v1", name=name, incarnation=f"{name}-1", weight=1
            )
            agent = Agent(Remote.of(site.address), hello, FileCache(folder))
            await stack.enter_async_context(serving(agent))
        yield


async def test_each_machine_fetches_each_content_once(
    site: Site, target: Target, tmp_path: Path, home: Path, fetched: Fetched
) -> None:
    data = os.urandom(SIZE)
    source = source_with(tmp_path, load_on(target), first=data, again=data, empty=b"")
    told: list[str] = []
    await send_files(source, site.client, told.append)
    # The same content under two names goes over once.
    assert told == ["sending first (3.0 MB)", "sending empty (0.0 MB)"]
    machine = tmp_path / "agents"
    async with agents_of_one_machine(site, machine, "a", "b", "c"):
        run = await submit(site, source, agents=3)
        assert fired(await run.summary(), 50)
    stored = site.stored_run("r").environment["files"]
    assert stored == {path: stamp.sha256 for path, stamp in source.files.stamps.items()}
    assert sorted(fetched.stamps, key=lambda stamp: stamp.size) == [
        FileStamp.of(tmp_path / "empty"),
        FileStamp.of(tmp_path / "first"),
    ]
    for folder in (machine, home):
        assert sorted(path.stat().st_size for path in contents(folder)) == [0, SIZE]
    kept = machine / FileStamp.of(tmp_path / "first").sha256
    assert kept.read_bytes() == data
    # Once known, nothing of it travels again.
    await send_files(source, site.client, told.append)
    assert len(told) == 2


async def test_a_run_holds_its_files_until_its_end(
    site: Site, target: Target, tmp_path: Path, home: Path
) -> None:
    source = source_with(tmp_path, load_on(target), data=b"x" * 10)
    await send_files(source, site.client, print)
    small = FileCache(home, limit=15)
    async with agents_of_one_machine(site, tmp_path / "agents", "a"):
        run = await submit(site, source)
        await run.state("running")
        with pytest.raises(FileUnavailable, match="do not fit"):
            small.incoming(FileStamp("0" * 64, 10))
        await run.ended()

    def makes_room() -> bool:
        with contextlib.suppress(FileUnavailable):
            incoming = small.incoming(FileStamp("0" * 64, 10))
            assert incoming is not None
            incoming.close()
            return True
        return False

    await eventually(makes_room)


async def test_a_test_that_comes_without_its_files_is_refused(site: Site, tmp_path: Path) -> None:
    source = source_with(tmp_path, TEST, data=b"x")
    with pytest.raises(FilesMissing, match="is not on the coordinator"):
        await submit(site, source)


async def test_a_file_that_changed_after_it_was_stamped_is_refused_by_its_name(
    site: Site, tmp_path: Path, home: Path
) -> None:
    source = source_with(tmp_path, "", data=b"as it was")
    (tmp_path / "data").write_bytes(b"as it is!")
    with pytest.raises(FileUnavailable, match="the file data: what came is not the content"):
        await send_files(source, site.client, print)
    (tmp_path / "data").write_bytes(b"longer than it was")
    with pytest.raises(FileUnavailable, match="the file data: more came of a file"):
        await send_files(source, site.client, print)
    assert contents(home) == []


async def test_an_agent_that_cannot_get_a_file_refuses_the_run(
    site: Site, tmp_path: Path, home: Path, target: Target
) -> None:
    source = source_with(tmp_path, load_on(target), data=b"x")
    await send_files(source, site.client, print)
    async with agents_of_one_machine(site, tmp_path / "agents", "a"):
        await site.agents(1)
        (home / only_stamp(source).sha256).rename(tmp_path / "away")
        # The coordinator has seen it a moment ago.
        site.coordinator.files.hold = lambda *_: None  # type: ignore[method-assign]
        ended = await (await submit(site, source)).ended()
    assert "the file data: the coordinator does not give it" in ended.error
    assert "does not have the file" in ended.error
    assert "run the test again" in ended.hint
    assert ended.exit_code == 104


async def test_an_agent_that_fails_to_prepare_refuses_the_run_and_serves_the_next(
    site: Site, tmp_path: Path, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a defect of ours")

    source = source_with(tmp_path, load_on(target, duration="100ms"))
    async with agents_of_one_machine(site, tmp_path / "agents", "a"):
        with monkeypatch.context() as patch:
            patch.setattr("groundswell_agent.agent.PreparedTest.of", fail)
            ended = await (await submit(site, source)).ended()
        assert "the agent failed to prepare: RuntimeError: a defect of ours" in ended.error
        assert fired(await (await submit(site, source, "next")).summary(), 5)


async def test_an_agent_whose_folder_cannot_be_written_refuses_the_run(
    site: Site, tmp_path: Path, target: Target
) -> None:
    source = source_with(tmp_path, load_on(target), data=b"x")
    await send_files(source, site.client, print)
    (tmp_path / "agents").write_text("not a folder")
    async with agents_of_one_machine(site, tmp_path / "agents" / "files", "a"):
        ended = await (await submit(site, source)).ended()
    assert "the file data: cannot keep files in" in ended.error
    assert "GROUNDSWELL_HOME" in ended.hint


async def test_a_lent_file_is_used_where_it_is_and_found_out_when_it_has_changed(
    site: Site, tmp_path: Path, home: Path, target: Target
) -> None:
    source = source_with(tmp_path, load_on(target, duration="100ms"), data=b"x" * 10)
    FileCache(home).lend(only_stamp(source), tmp_path / "data")
    assert await site.client.missing_files(source.files.stamps.values()) == set()
    async with agents_of_one_machine(site, home, "a"):
        await (await submit(site, source)).summary()
        assert [path.is_symlink() for path in contents(home)] == [True]
        before = (tmp_path / "data").stat()
        (tmp_path / "data").write_bytes(b"y" * 10)
        os.utime(tmp_path / "data", ns=(before.st_atime_ns, before.st_mtime_ns))
        ended = await (await submit(site, source, "again")).ended()
    assert "the file data: the coordinator does not give it" in ended.error


async def test_many_clients_may_send_the_same_file_at_once(site: Site, tmp_path: Path) -> None:
    source = source_with(tmp_path, "", data=os.urandom(SIZE))
    stamp = only_stamp(source)
    await asyncio.gather(*(site.client.send_file(stamp, tmp_path / "data") for _ in range(4)))
    assert await site.client.missing_files([stamp]) == set()


@pytest.mark.parametrize(
    ("first", "said"),
    [
        (control_pb2.SendFileRequest(data=b"x"), "begins with its stamp"),
        (
            control_pb2.SendFileRequest(stamp=agent_pb2.FileStamp(sha256="../../etc/passwd")),
            "64 hexadecimal digits",
        ),
        (
            control_pb2.SendFileRequest(stamp=agent_pb2.FileStamp(sha256="0" * 64, size=2**40)),
            "at most 1073741824 are taken",
        ),
    ],
)
async def test_what_is_no_file_is_refused(
    site: Site, home: Path, first: control_pb2.SendFileRequest, said: str
) -> None:
    async def requests() -> AsyncIterator[control_pb2.SendFileRequest]:
        yield first

    async with grpc.aio.insecure_channel(site.address) as channel:
        stub = control_pb2_grpc.ControlServiceStub(channel)
        with pytest.raises(grpc.aio.AioRpcError, match=said):
            await stub.SendFile(requests())
    assert contents(home) == []


async def test_a_submission_with_a_hash_that_is_none_is_refused(site: Site) -> None:
    source = replace(
        TestSource("t.yaml", b""),
        files=Beside(None, {"x": FileStamp("/etc/passwd", 1)}),  # type: ignore[arg-type]
    )
    with pytest.raises(ProtocolViolation, match="64 hexadecimal digits"):
        await submit(site, source)


async def test_an_agent_may_ask_for_the_rest_of_a_file(site: Site, tmp_path: Path) -> None:
    source = source_with(tmp_path, "", data=b"0123456789")
    await send_files(source, site.client, print)
    stamp = only_stamp(source)
    request = agent_pb2.FetchFileRequest(
        stamp=agent_pb2.FileStamp(sha256=stamp.sha256, size=stamp.size), offset=7
    )
    async with grpc.aio.insecure_channel(site.address) as channel:
        stub = agent_pb2_grpc.AgentServiceStub(channel)
        assert b"".join([part.data async for part in stub.FetchFile(request)]) == b"789"
