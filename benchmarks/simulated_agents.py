"""Many agents in one process: real streams and the real protocol, and nothing behind them but made-up reports.

    python -m benchmarks.simulated_agents ADDRESS COUNT FIRST SECONDS [--ca F --cert F --key F]

Each attaches over a connection of its own, answers clock probes, takes its share, starts at T,
reports every second, renews its lease, and leaves when it is released. What they found is printed
as JSON at the end.
"""

from __future__ import annotations

import asyncio
import json
import random
import resource
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.synthetic import SyntheticReports
from groundswell.credentials import Credentials, Remote
from groundswell.v1 import agent_pb2
from groundswell.wire import CLIENT_OPTIONS, PROTOCOL

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import grpc

_ATTACH = "/groundswell.v1.AgentService/Attach"
_OPTIONS = (*CLIENT_OPTIONS, ("grpc.use_local_subchannel_pool", 1))
_RENEW_EVERY_S = 1.0
# At once: a thousand handshakes in the same moment would time out.
_DIALING = 50
# AgentMessage.report: field 7, length-delimited.
_REPORT_TAG = b"\x3a"


@dataclass(slots=True)
class Findings:
    """`delays` are how long after its end each interval was acknowledged to the last agent, in s."""

    started_at: float = 0.0
    reports: int = 0
    sent_bytes: int = 0
    unacknowledged: int = 0
    slowest_renewal_s: float = 0.0
    delays: dict[int, float] = field(default_factory=dict[int, float])

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: bytes) -> Findings:
        values = json.loads(text)
        values["delays"] = {int(number): delay for number, delay in values["delays"].items()}
        return cls(**values)


class SimulatedAgent:
    """One stream, for one run."""

    def __init__(self, number: int, reports: SyntheticReports, findings: Findings) -> None:
        self._number = number
        self._incarnation = f"simulated-{number:05}"
        self._reports = reports
        self._findings = findings
        self._outbox: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._run_id = ""
        self._start_at, self._start_at_ns = 0.0, 0
        self._acknowledged = -1
        self._last = -1
        self._stop_after: int | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def serve(self, remote: Remote, attached: asyncio.Semaphore, seconds: int) -> None:
        """From the hello to the release."""
        async with remote.credentials.channel(str(remote), _OPTIONS) as channel:
            attach: grpc.aio.StreamStreamMultiCallable[bytes, agent_pb2.CoordinatorMessage] = (
                channel.stream_stream(
                    _ATTACH, response_deserializer=agent_pb2.CoordinatorMessage.FromString
                )
            )
            await attached.acquire()
            async for message in attach(self._messages()):
                if message.HasField("welcome"):
                    attached.release()
                    self._tasks.append(asyncio.create_task(self._renew()))
                elif message.HasField("start"):
                    self._start(message.start)
                    self._tasks.append(asyncio.create_task(self._load(seconds)))
                elif message.HasField("release"):
                    break
                else:
                    self._take(message)
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            self._findings.unacknowledged += self._last - self._acknowledged
            self._outbox.put_nowait(None)

    async def _messages(self) -> AsyncIterator[bytes]:
        hello = agent_pb2.Hello(
            protocol=PROTOCOL,
            name=f"agent-{self._number}",
            incarnation=self._incarnation,
            weight=1,
        )
        yield agent_pb2.AgentMessage(hello=hello).SerializeToString()
        while (message := await self._outbox.get()) is not None:
            yield message

    def _send(self, **body: object) -> None:
        message = agent_pb2.AgentMessage(**body)  # type: ignore[arg-type]  # one-of by name
        self._outbox.put_nowait(message.SerializeToString())

    def _take(self, message: agent_pb2.CoordinatorMessage) -> None:
        match message.WhichOneof("body"):
            case "clock_probe":
                now, probe = time.monotonic_ns(), message.clock_probe
                reply = agent_pb2.ClockReply(
                    number=probe.number, t0_ns=probe.t0_ns, t1_ns=now, t2_ns=now
                )
                self._send(clock_reply=reply)
            case "prepare":
                self._run_id = message.prepare.run_id
                self._send(prepared=agent_pb2.Prepared(run_id=self._run_id))
            case "report_acknowledged":
                self._note_acknowledged(message.report_acknowledged.interval)
            case "renewal_acknowledged":
                took = (time.monotonic_ns() - message.renewal_acknowledged.sent_ns) / 1e9
                self._findings.slowest_renewal_s = max(self._findings.slowest_renewal_s, took)
            case "stop":
                # The interval that is open now is its last.
                self._stop_after = int(time.monotonic() - self._start_at)
            case "reshare":
                # Another was lost. Its share is nothing to us, who load nothing.
                return
            case _:
                raise RuntimeError(f"nobody expected {message}")

    def _start(self, start: agent_pb2.Start) -> None:
        self._start_at_ns = start.start_at_ns
        self._start_at = self._findings.started_at = start.start_at_ns / 1e9
        acknowledged = agent_pb2.StartAcknowledged(
            run_id=self._run_id, start_at_ns=start.start_at_ns
        )
        self._send(start_acknowledged=acknowledged)

    async def _load(self, seconds: int) -> None:
        await self._sleep_until(self._start_at)
        started = agent_pb2.Started(
            run_id=self._run_id, start_at_ns=self._start_at_ns, started_ns=time.monotonic_ns()
        )
        self._send(started=started)
        for interval in range(seconds):
            await self._sleep_until(self._start_at + interval + 1)
            is_last = interval == seconds - 1 or interval == self._stop_after
            self._report(interval, is_last=is_last)
            if is_last:
                return

    def _report(self, interval: int, *, is_last: bool) -> None:
        report = self._reports.report(
            self._run_id, self._incarnation, self._number, interval, last=is_last
        )
        message = _REPORT_TAG + _varint(len(report)) + report
        self._last = interval
        self._findings.reports += 1
        self._findings.sent_bytes += len(message)
        self._outbox.put_nowait(message)

    def _note_acknowledged(self, interval: int) -> None:
        now = time.monotonic() - self._start_at
        for number in range(self._acknowledged + 1, interval + 1):
            delays = self._findings.delays
            delays[number] = max(delays.get(number, 0.0), now - number - 1)
        self._acknowledged = max(self._acknowledged, interval)

    async def _renew(self) -> None:
        await asyncio.sleep(random.random() * _RENEW_EVERY_S)
        while True:
            self._send(renewal=agent_pb2.Renewal(sent_ns=time.monotonic_ns()))
            await asyncio.sleep(_RENEW_EVERY_S)

    async def _sleep_until(self, moment: float) -> None:
        # Timers may fire a little early.
        await asyncio.sleep(moment - time.monotonic() + 0.001)


async def simulate(remote: Remote, count: int, first: int, seconds: int) -> Findings:
    """Attach `count` agents and serve one run of so many seconds."""
    findings, reports = Findings(), SyntheticReports.make()
    attached = asyncio.Semaphore(_DIALING)
    agents = [SimulatedAgent(number, reports, findings) for number in range(first, first + count)]
    serving = [asyncio.create_task(one.serve(remote, attached, seconds)) for one in agents]
    await asyncio.gather(*serving)
    return findings


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


if __name__ == "__main__":
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    where, *words = sys.argv[1:]
    numbers, shown = words[:3], words[3:]
    remote = Remote.of(where, Credentials(*map(Path, shown[1::2])))
    found = asyncio.run(simulate(remote, *map(int, numbers)))
    print(found.to_json())
