"""How many requests a second this engine makes on one core of this machine: measured once, then known.

The real engine loads a tiny server with arrivals for a fifth of a second, and the CPU time that it
takes is what counts, so other work on the machine does little to the figure. It is kept in the user's
cache folder, for this version of groundswell and Python on this machine.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import platform
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING
from zlib import crc32

from groundswell import __version__
from groundswell.folders import cache_folder
from groundswell.v1 import agent_pb2
from groundswell_agent.engine.engine import Engine
from groundswell_agent.preflight.check import ok, warning

if TYPE_CHECKING:
    from groundswell.v1.metrics_pb2 import Report
    from groundswell_agent.preflight.check import Check

# No machine is too slow for less, so there is nothing to compare.
ALWAYS_REACHED = 500.0
# Above this share of what it can make, an agent has no room for what a machine does beside.
_COMFORTABLE = 0.8
_SERVER = Path(__file__).with_name("answering.py")
_FILE = "speed.json"
_TEST = """
test: speed
target: http://127.0.0.1:{port}
scenarios:
  all:
    executor: constant-arrival-rate
    rate: 20000/s
    duration: 200ms
    max_vus: 64
    graceful_stop: 0s
    steps: [{{get: /}}]
"""

_log = logging.getLogger(__name__)


def compared(request_rate: float, speed: float) -> Check:
    """The planned rate of an agent against what it can make, both in requests a second."""
    can = f"about {_rounded(speed)}/s that an agent makes here on one core, of 1 KiB each"
    if not request_rate:
        return ok("speed", f"no rate is planned; {can}")
    text = f"{_rounded(request_rate)} requests/s planned for each agent, of {can}"
    if request_rate > _COMFORTABLE * speed:
        hint = f"use {request_rate / speed / _COMFORTABLE:.1f} times as many agents, on cores of their own"
        return warning("speed", "rate_above_speed", text, hint)
    return ok("speed", text)


async def speed(folder: Path | None = None) -> float:
    """Requests per CPU-second, from the cache or measured now."""
    folder = cache_folder() if folder is None else folder
    known = _known(folder)
    if known is not None:
        return known
    found = await measure()
    _keep(folder, found)
    return found


async def measure() -> float:
    """Takes a third of a second."""
    server = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-I", "-S", str(_SERVER)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert server.stdin is not None
    assert server.stdout is not None
    try:
        port = int(await server.stdout.readline())
        return await _measured(port)
    finally:
        server.stdin.close()
        await server.wait()


async def _measured(port: int) -> float:
    source = agent_pb2.TestSource(name="speed.yaml", text=_TEST.format(port=port).encode())
    table = agent_pb2.ShareTable(entries=[agent_pb2.ShareEntry(agent="speed", weight=1)])
    prepare = agent_pb2.Prepare(run_id="speed", source=source, shares=table, agent="speed")
    engine = Engine.build(prepare, incarnation="speed")
    reports: list[Report] = []
    begin = time.process_time()
    await engine.run(time.monotonic_ns(), report=reports.append, started=_ignore)
    spent = time.process_time() - begin
    return _requests(reports) / spent


def _requests(reports: list[Report]) -> int:
    metrics = {one.number: one.metric for report in reports for one in report.declarations}
    return sum(
        counter.delta
        for report in reports
        for counter in report.counters
        if metrics[counter.series] == "http_reqs"
    )


def _known(folder: Path | None) -> float | None:
    if folder is None:
        return None
    try:
        kept = json.loads((folder / _FILE).read_bytes())
        return float(kept["requests_per_s"]) if kept["machine"] == _machine() else None
    except (OSError, ValueError, TypeError, KeyError):
        # Not there, or not what we wrote: to be measured anew.
        return None


def _keep(folder: Path | None, found: float) -> None:
    """Where it cannot be kept, as on a read-only file system, it is measured again next time."""
    if folder is None:
        return
    text = json.dumps({"machine": _machine(), "requests_per_s": round(found)})
    own = folder / f"{_FILE}.{os.getpid()}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        own.write_text(text)
        # At once: agents of one machine may do it side by side.
        own.replace(folder / _FILE)
    except OSError as error:
        _log.info("the measured speed cannot be kept in %s: %s", folder, error.strerror)


def _machine() -> list[str]:
    return [
        __version__,
        # Measured in another way it would be another figure.
        str(crc32(_TEST.encode())),
        platform.python_version(),
        version("uvloop"),
        platform.node(),
        _processor(),
    ]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if "model name" in line), "")


def _rounded(rate: float) -> str:
    """To two digits: what is measured is no more exact, and agents that differ by less say the same."""
    return f"{float(f'{rate:.2g}'):,.0f}" if rate >= 10 else f"{rate:.2g}"


def _ignore(start_at_ns: int) -> None:
    """That the load has begun."""
