"""Stamps of files as they travel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell.files.stamp import FileStamp
from groundswell.v1 import agent_pb2

if TYPE_CHECKING:
    from collections.abc import Mapping


def stamp_to_wire(stamp: FileStamp) -> agent_pb2.FileStamp:
    return agent_pb2.FileStamp(sha256=stamp.sha256, size=stamp.size)


def stamp_from_wire(message: agent_pb2.FileStamp) -> FileStamp:
    """Raises ProtocolViolation for one that is none."""
    stamp = FileStamp(message.sha256, message.size)
    stamp.check()
    return stamp


def stamps_from_wire(files: Mapping[str, agent_pb2.FileStamp]) -> dict[str, FileStamp]:
    return {path: stamp_from_wire(file) for path, file in files.items()}
