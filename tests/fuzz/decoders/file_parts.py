"""A file of a test on its way to the coordinator: a stamp, then parts."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING

from google.protobuf.message import DecodeError

from groundswell.errors import GroundswellError
from groundswell.files.cache import FileCache
from groundswell.v1 import agent_pb2, control_pb2
from groundswell_coordinator.run_files import RunFiles
from groundswell_coordinator.services.file_transfer import take_file
from tests.fuzz.decoder import Decoder
from tests.fuzz.messages import altered, joined, split
from tests.fuzz.scratch import scratch_folder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from random import Random

    from google.protobuf.message import Message

_MOST_KEPT = 64 * 1024


def _take(data: bytes) -> None:
    """What is kept is what was announced, and its name is a hash and no path."""
    folder = scratch_folder() / "cache"
    try:
        asyncio.run(take_file(RunFiles(FileCache(folder, _MOST_KEPT)), _requests(data)))
    finally:
        for path in folder.iterdir() if folder.is_dir() else ():
            assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name
            path.unlink()


async def _requests(data: bytes) -> AsyncIterator[control_pb2.SendFileRequest]:
    for text in split(data):
        yield control_pb2.SendFileRequest.FromString(text)


def _sent(content: bytes, parts: int) -> list[Message]:
    stamp = agent_pb2.FileStamp(sha256=hashlib.sha256(content).hexdigest(), size=len(content))
    length = max(1, len(content) // parts)
    pieces = [content[at : at + length] for at in range(0, len(content), length)]
    requests: list[Message] = [control_pb2.SendFileRequest(stamp=stamp)]
    return requests + [control_pb2.SendFileRequest(data=piece) for piece in pieces]


def _grow(chance: Random) -> bytes:
    messages = _sent(chance.randbytes(chance.choice((0, 1, 50, 5000))), chance.randint(1, 4))
    if chance.random() < 0.8:
        at = chance.randrange(len(messages))
        messages[at] = altered(messages[at], chance, ("../../etc/passwd", "0" * 64, "A" * 64))
    if chance.random() < 0.2:
        chance.shuffle(messages)
    return joined(messages)


DECODER = Decoder(
    "file in parts",
    _take,
    seeds=(joined(_sent(b"email\na@b.c\n", 2)), joined(_sent(b"", 1))),
    words=(b"../", b"\x00", b"0" * 64),
    grow=_grow,
    refusals=(GroundswellError, DecodeError),
)
