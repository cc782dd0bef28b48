"""The network that the fault tests stand on does what it says: else they would prove nothing."""

from __future__ import annotations

import socket
import time
from contextlib import contextmanager, suppress
from statistics import median
from typing import TYPE_CHECKING

import pytest

from tests.e2e.pool.relay import relayed

if TYPE_CHECKING:
    from collections.abc import Generator

    from tests.e2e.pool.network import Network
    from tests.e2e.pool.place import Place

_PORT = 7000
_DELAY_S = 0.02
_MANY = 3000
# Of 3,000, half a percent more or less is six standard deviations of a loss of 3 %.
_LOSS = 0.03
_LOST = range(34, 147)


@contextmanager
def _pair(near: Place, far: Place, address: str) -> Generator[tuple[socket.socket, socket.socket]]:
    """Two datagram sockets, each connected to the other."""
    with far.entered():
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with near.entered():
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with server, client:
        server.bind((address, _PORT))
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        client.connect((address, _PORT))
        for end in (server, client):
            end.settimeout(2.0)
        yield client, server


def _round_trip(client: socket.socket, server: socket.socket) -> float:
    begin = time.monotonic()
    client.send(b"there")
    _, peer = server.recvfrom(64)
    server.sendto(b"and back", peer)
    client.recv(64)
    return time.monotonic() - begin


def _arrived(server: socket.socket) -> list[int]:
    server.settimeout(0.5)
    numbers: list[int] = []
    with suppress(TimeoutError):
        while True:
            numbers.append(int(server.recv(64)))
    return numbers


def test_places_reach_each_other(network: Network) -> None:
    near, far = network.place(), network.place()

    with _pair(near, far, far.address) as (client, server):
        assert _round_trip(client, server) > 0


def test_what_is_cut_is_silent_and_heals(network: Network) -> None:
    near, far = network.place(), network.place()

    with _pair(near, far, far.address) as (client, server):
        network.cut(near, far)
        server.settimeout(0.3)
        with pytest.raises(TimeoutError):
            _round_trip(client, server)
        network.heal()
        server.settimeout(2.0)
        assert _round_trip(client, server) > 0


def test_a_cut_is_between_two_places_only(network: Network) -> None:
    near, far, third = network.place(), network.place(), network.place()
    network.cut(near, far)

    with _pair(near, third, third.address) as (client, server):
        assert _round_trip(client, server) > 0


def test_as_many_packets_are_lost_as_was_said(network: Network) -> None:
    near, far = network.place(), network.place()
    network.lose(near, _LOSS)

    with _pair(near, far, far.address) as (client, server):
        for number in range(_MANY):
            client.send(str(number).encode())
        assert _MANY - len(_arrived(server)) in _LOST


def test_a_slow_line_takes_its_time_each_way_and_keeps_the_order(network: Network) -> None:
    near, far = network.place(), network.place()

    with (
        relayed(near, far, delay_s=_DELAY_S, jitter_s=0.005) as line,
        _pair(near, far, line.address) as (client, server),
    ):
        trips = [_round_trip(client, server) for _ in range(20)]
        for number in range(200):
            client.send(str(number).encode())
        arrived = _arrived(server)

    assert min(trips) >= 2 * _DELAY_S
    assert median(trips) < 4 * _DELAY_S
    assert arrived == list(range(200))


def test_a_lossy_line_loses_as_much_as_was_said(network: Network) -> None:
    near, far = network.place(), network.place()

    with (
        relayed(near, far, loss=_LOSS) as line,
        _pair(near, far, line.address) as (client, server),
    ):
        for number in range(_MANY):
            client.send(str(number).encode())
            if number % 100 == 0:
                time.sleep(0.005)
        assert _MANY - len(_arrived(server)) in _LOST
