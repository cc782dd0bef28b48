"""A target that keeps the truth: when each request reached this machine, and when its answer left.

    python -m tests.e2e.truth.server FOLDER BEHAVIOUR

`BEHAVIOUR` is a `Behaviour` in JSON. The path of a request says how it is answered (`_Answer`). The
port is written to FOLDER/port, FOLDER/loaded is made by the first request, and SIGTERM writes the log:
FOLDER/log, rows of int64 as `COLUMNS` says, moments in nanoseconds of CLOCK_MONOTONIC.

When a request arrived is not when this process came to read it: the kernel stamps what it receives
(SO_TIMESTAMPING), also while the process is stopped, busy, or has not accepted the connection yet.
"""

from __future__ import annotations

import gc
import json
import select
import signal
import socket
import struct
import sys
import time
from array import array
from contextlib import suppress
from dataclasses import asdict, dataclass
from heapq import heappop, heappush
from pathlib import Path
from random import Random

# `arrived`: in the kernel. `first`, `last`: just before the first and the last byte of the answer were
# handed to the kernel. The number after a path's last slash is `tag`, or -1.
COLUMNS = ("connection", "tag", "arrived", "first", "last")

_SO_TIMESTAMPING = getattr(socket, "SO_TIMESTAMPING", 37)
_STAMP_IN_SOFTWARE = (1 << 3) | (1 << 4)
_ROOM_FOR_STAMP = 128
_SECONDS_NANOSECONDS = struct.Struct("@qq")
_MS = 10**6
_BODY = b"x" * 256
_END_OF_HEAD = b"\r\n\r\n"
_NEVER = 2**62


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What holds for all requests. Times are milliseconds, 0 is without.

    `accept_every_ms`: connections wait that long before they are accepted, `backlog` of them at most.
    `gap_ms`: between two answers; a server's own limit. `close_after`: so many requests of a connection
    its end is announced; `drop_after`: it ends without a word.
    """

    accept_every_ms: float = 0.0
    backlog: int = 4096
    gap_ms: float = 0.0
    close_after: int = 0
    drop_after: int = 0

    def to_json(self) -> str:
        return json.dumps(asdict(self))


@dataclass(frozen=True, slots=True)
class _Answer:
    """/delay/5 after 5 ms; /mixed after a random time, often short and rarely long; /pieces/4/50 in four
    parts, 50 ms apart; any other path at once. A tag after that is for the log alone: /delay/5/tag/17.
    """

    tag: int = -1
    delay_ms: float = 0.0
    is_random: bool = False
    pieces: int = 1
    apart_ms: float = 0.0

    @classmethod
    def to(cls, path: str) -> _Answer:
        kind, *words = path.strip("/").split("/")
        tag = int(words[-1]) if "tag" in words else -1
        match kind:
            case "delay":
                return cls(tag, delay_ms=float(words[0]))
            case "mixed":
                return cls(tag, is_random=True)
            case "pieces":
                return cls(tag, pieces=int(words[0]), apart_ms=float(words[1]))
            case _:
                return cls(tag)

    def delay_ns(self, random: Random) -> int:
        if self.is_random:
            # Milliseconds: the median is 5, one in a hundred takes longer than 100.
            return round(min(random.lognormvariate(1.6, 1.3), 800.0) * _MS)
        return round(self.delay_ms * _MS)


class _Connection:
    """One request at a time, as our clients have it."""

    def __init__(self, number: int, own: socket.socket) -> None:
        self.number = number
        self.socket = own
        self.served = 0
        self.head = b""
        self.answer = _Answer()
        self.arrived = self.first = 0
        self.left = 0
        self.is_open = True


class _Server:
    def __init__(self, folder: Path, behaviour: Behaviour) -> None:
        self._folder = folder
        self._behaviour = behaviour
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=behaviour.backlog)
        self._listener.setblocking(False)
        _ask_for_stamps(self._listener)
        self._epoll = select.epoll()
        self._connections: dict[int, _Connection] = {}
        self._answers: dict[str, _Answer] = {}
        self._random = Random(7)
        # What is to be sent, by the moment it is due.
        self._due: list[tuple[int, int, _Connection]] = []
        self._accepted = self._order = 0
        self._next_accept = 0 if behaviour.accept_every_ms else _NEVER
        self._gap_ns = round(behaviour.gap_ms * _MS)
        self._free_at = 0
        self._rows = array("q")
        self._offset = _wall_minus_monotonic()
        self.ends = False

    def run(self) -> None:
        if not self._behaviour.accept_every_ms:
            self._epoll.register(self._listener, select.EPOLLIN)
        port: int = self._listener.getsockname()[1]
        ready = self._folder / "port.new"
        ready.write_text(str(port))
        ready.rename(self._folder / "port")
        while not self.ends:
            self._wait()
            for descriptor, _ in self._epoll.poll(0):
                if descriptor == self._listener.fileno():
                    self._accept()
                else:
                    self._receive(self._connections[descriptor])
            self._accept_in_time()
            self._send_due()
        self._write_log()

    def _wait(self) -> None:
        # epoll's own timeout is whole milliseconds, select's is not.
        until = min(self._next_accept, max(self._due[0][0], self._free_at) if self._due else _NEVER)
        left = (until - time.monotonic_ns()) / 1e9
        if left > 0:
            select.select([self._epoll], [], [], min(left, 0.5))

    def _accept_in_time(self) -> None:
        if time.monotonic_ns() >= self._next_accept:
            self._accept()
            self._next_accept = time.monotonic_ns() + round(self._behaviour.accept_every_ms * _MS)

    def _accept(self) -> None:
        with suppress(BlockingIOError):
            while True:
                own, _ = self._listener.accept()
                own.setblocking(False)
                own.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                _ask_for_stamps(own)
                self._accepted += 1
                self._connections[own.fileno()] = _Connection(self._accepted, own)
                self._epoll.register(own, select.EPOLLIN)

    def _receive(self, connection: _Connection) -> None:
        try:
            data, stamps, _, _ = connection.socket.recvmsg(65536, _ROOM_FOR_STAMP)
        except ConnectionError:
            data, stamps = b"", []
        if not data:
            self._close(connection)
            return
        connection.head += data
        if not connection.head.endswith(_END_OF_HEAD):
            return
        if not stamps:
            raise RuntimeError("the kernel stamps nothing: SO_TIMESTAMPING is not to be had here")
        seconds, nanoseconds = _SECONDS_NANOSECONDS.unpack_from(stamps[0][2])
        connection.arrived = seconds * 10**9 + nanoseconds - self._offset
        now = time.monotonic_ns()
        path = connection.head.split(b" ", 2)[1].decode()
        connection.head = b""
        answer = self._answers.get(path)
        if answer is None:
            if not self._answers:
                (self._folder / "loaded").touch()
            answer = self._answers[path] = _Answer.to(path)
        connection.answer, connection.left = answer, answer.pieces
        self._plan(now + answer.delay_ns(self._random), connection)

    def _plan(self, moment: int, connection: _Connection) -> None:
        self._order += 1
        heappush(self._due, (moment, self._order, connection))

    def _send_due(self) -> None:
        while self._due:
            now = time.monotonic_ns()
            if max(self._due[0][0], self._free_at) > now:
                return
            self._free_at = now + self._gap_ns
            self._send(heappop(self._due)[2])

    def _send(self, connection: _Connection) -> None:
        if not connection.is_open:
            return
        answer, behaviour = connection.answer, self._behaviour
        connection.left -= 1
        data = _BODY
        if connection.left == answer.pieces - 1:
            connection.served += 1
            closes = connection.served == behaviour.close_after
            data = _head(answer.pieces * len(_BODY), closes=closes) + _BODY
        now = time.monotonic_ns()
        try:
            sent = connection.socket.send(data)
        except ConnectionError:
            self._close(connection)
            return
        assert sent == len(data), "a short answer always fits"
        if connection.left == answer.pieces - 1:
            connection.first = now
        if connection.left:
            self._plan(now + round(answer.apart_ms * _MS), connection)
            return
        self._rows.extend(
            (
                connection.number,
                answer.tag,
                connection.arrived,
                connection.first,
                now,
            )
        )
        if connection.served in (behaviour.close_after, behaviour.drop_after):
            self._close(connection)

    def _close(self, connection: _Connection) -> None:
        self._epoll.unregister(connection.socket)
        del self._connections[connection.socket.fileno()]
        connection.socket.close()
        connection.is_open = False

    def _write_log(self) -> None:
        moved = abs(_wall_minus_monotonic() - self._offset)
        if moved > _MS // 10:
            raise RuntimeError(f"the wall clock was set: by {moved} ns against the monotonic one")
        with (self._folder / "log").open("wb") as file:
            self._rows.tofile(file)


def _head(length: int, *, closes: bool) -> bytes:
    ending = b"Connection: close\r\n" if closes else b""
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%s\r\n" % (length, ending)


def _ask_for_stamps(own: socket.socket) -> None:
    own.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPING, _STAMP_IN_SOFTWARE)


def _wall_minus_monotonic() -> int:
    """What the kernel's stamps, of the wall clock, are ahead. Of ten readings the quickest is right."""
    readings: list[tuple[int, int]] = []
    for _ in range(10):
        before, wall, after = time.monotonic_ns(), time.time_ns(), time.monotonic_ns()
        readings.append((after - before, wall - (before + after) // 2))
    return min(readings)[1]


def main(folder: str, behaviour: str) -> None:
    gc.disable()
    server = _Server(Path(folder), Behaviour(**json.loads(behaviour)))

    def end(_number: int, _frame: object) -> None:
        server.ends = True

    signal.signal(signal.SIGTERM, end)
    server.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
