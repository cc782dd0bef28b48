"""What a run was made with, beside its test: machines, versions, labels, files. Never the test's own variables."""

from __future__ import annotations

import functools
import platform
from typing import TYPE_CHECKING

from groundswell import __version__
from groundswell.cores import usable_cores

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from groundswell.files.stamp import FileStamp
    from groundswell_coordinator.attachment import Attachment


def environment_of(
    stamps: Mapping[str, FileStamp], agents: Iterable[Attachment] = ()
) -> dict[str, object]:
    """As it is stored: plain JSON. `stamps` are those of the test's files."""
    return {
        "files": {path: stamp.sha256 for path, stamp in stamps.items()},
        "coordinator": dict(_coordinator()),
        "agents": {
            agent.name: {"version": agent.version, "labels": dict(agent.labels)} for agent in agents
        },
    }


@functools.cache
def _coordinator() -> tuple[tuple[str, object], ...]:
    return (
        ("version", __version__),
        ("python", platform.python_version()),
        ("system", f"{platform.system()} {platform.release()}"),
        ("machine", platform.machine()),
        ("cores", usable_cores()),
    )
