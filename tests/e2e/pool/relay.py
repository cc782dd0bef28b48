"""A slow, lossy line between two network namespaces, in user space: delay, jitter, loss.

    with relayed(agent, coordinator, delay_s=0.02, loss=0.03) as line:
        …   # from `agent`, `coordinator` is also at `line.address`

A TUN device at each end, and between them this program, which reads packets and writes them again
later or never. Each direction is a queue: what entered first leaves first, as on a real line.

As a program: relay.py NAMESPACE ADDRESS NAMESPACE ADDRESS DELAY_MS JITTER_MS LOSS SEED
"""

from __future__ import annotations

import fcntl
import os
import random
import select
import struct
import subprocess
import sys
import time
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

if __name__ == "__main__":
    # As a program it is started by its path.
    sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from tests.e2e.pool.place import Place

if TYPE_CHECKING:
    from collections.abc import Generator

_TUNSETIFF = 0x400454CA
_IFF_TUN = 0x0001
# Packets as they are, without four bytes of our own before each.
_IFF_NO_PI = 0x1000
_LARGEST_PACKET = 65536
# So many packets are read in one go before those that are due are written.
_AT_ONCE = 64
# What a queue holds at most; a line that is fuller than this drops, as a real one does.
_LONGEST_QUEUE = 10_000
_IDLE_S = 0.5

_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Line:
    """`address` is the far end's; `near` is the near end's own on this line."""

    address: str
    near: str


@dataclass(frozen=True, slots=True)
class Quality:
    """Seconds, and the part that is lost; a packet takes from `delay_s` to `delay_s + jitter_s`."""

    delay_s: float = 0.0
    jitter_s: float = 0.0
    loss: float = 0.0


@dataclass
class Direction:
    """From one device to the other."""

    source: int
    sink: int
    quality: Quality
    luck: random.Random
    _queue: deque[tuple[float, bytes]] = field(
        default_factory=deque[tuple[float, bytes]], init=False
    )
    _last_due: float = field(default=0.0, init=False)

    @property
    def next_due(self) -> float:
        return self._queue[0][0] if self._queue else float("inf")

    def read(self) -> None:
        """Take what is there, and lose what is to be lost."""
        for _ in range(_AT_ONCE):
            try:
                packet = os.read(self.source, _LARGEST_PACKET)
            except BlockingIOError:
                return
            if self.luck.random() >= self.quality.loss and len(self._queue) < _LONGEST_QUEUE:
                self._put(packet)

    def write(self, now: float) -> None:
        """Let go of what is due."""
        while self.next_due <= now:
            _, packet = self._queue.popleft()
            try:
                os.write(self.sink, packet)
            except BlockingIOError:
                # The far device is full: one more packet that is lost.
                continue

    def _put(self, packet: bytes) -> None:
        delay = self.quality.delay_s + self.luck.random() * self.quality.jitter_s
        # Never before the one that came before it.
        self._last_due = max(self._last_due, time.monotonic() + delay)
        self._queue.append((self._last_due, packet))


def carry(one: int, other: int, quality: Quality, seed: int) -> None:
    """Carry packets between two devices until the input of this program ends."""
    luck = random.Random(seed)
    ways = (Direction(one, other, quality, luck), Direction(other, one, quality, luck))
    parent = sys.stdin.fileno()
    while True:
        wait = min(way.next_due for way in ways) - time.monotonic()
        # Select waits to the microsecond, where poll and epoll know whole milliseconds only.
        ready, _, _ = select.select((one, other, parent), (), (), min(max(wait, 0.0), _IDLE_S))
        if parent in ready:
            return
        for way in ways:
            if way.source in ready:
                way.read()
            way.write(time.monotonic())


def open_device(place: Place, name: str, own: str, peer: str) -> int:
    """A TUN device in that place, with its address and that of the other end."""
    with place.entered():
        device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        flags = struct.pack("16sH22x", name.encode(), _IFF_TUN | _IFF_NO_PI)
        fcntl.ioctl(device, _TUNSETIFF, flags)
    place.ip("address", "add", own, "peer", peer, "dev", name)
    place.ip("link", "set", name, "up")
    return device


@contextmanager
def relayed(
    near: Place,
    far: Place,
    *,
    delay_s: float = 0.0,
    jitter_s: float = 0.0,
    loss: float = 0.0,
    seed: int = 1,
) -> Generator[Line]:
    """A line of this quality, each way, for as long as the block lasts."""
    number = next(_numbers)
    line = Line(f"10.78.{number}.1", f"10.78.{number}.2")
    numbers = (delay_s * 1000, jitter_s * 1000, loss, seed)
    process = subprocess.Popen(
        [
            *(sys.executable, str(Path(__file__))),
            *(near.namespace, line.near, far.namespace, line.address),
            *map(str, numbers),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        if not process.stdout.readline():
            raise RuntimeError("the relay did not start: see its standard error")
        yield line
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait(10)


def main(words: list[str]) -> None:
    near, near_address, far, far_address, *numbers = words
    delay_ms, jitter_ms, loss, seed = map(float, numbers)
    # The device's name is the line's: several may end in one namespace.
    name = f"line{near_address.split('.')[2]}"
    one = open_device(Place(namespace=near), name, near_address, far_address)
    other = open_device(Place(namespace=far), name, far_address, near_address)
    print("ready", flush=True)
    carry(one, other, Quality(delay_ms / 1000, jitter_ms / 1000, loss), round(seed))


if __name__ == "__main__":
    main(sys.argv[1:])
