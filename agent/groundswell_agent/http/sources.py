"""Local addresses that connections come from, one after the other: a target that counts by address
sees many, and each has local ports of its own.
"""

from __future__ import annotations

import errno
import ipaddress
import socket
from itertools import cycle
from typing import TYPE_CHECKING

from groundswell.errors import GroundswellError
from groundswell.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Of linux/in.h, and in no module of Python. The port is then chosen when the other end is known, so
# that one port serves many of them.
_IP_BIND_ADDRESS_NO_PORT = 24


class NoSourceAddress(GroundswellError):
    """None of the addresses that a test names is one of this machine."""

    exit_code = ExitCode.INVALID_TEST


class Sources:
    """The addresses of this machine among `wanted`, which holds addresses and networks."""

    __slots__ = ("_turns", "addresses")

    def __init__(self, wanted: Iterable[str]) -> None:
        wanted = tuple(wanted)
        self.addresses = tuple(dict.fromkeys(a for one in wanted for a in _of_this_machine(one)))
        if not self.addresses:
            raise NoSourceAddress(
                f"this machine has none of the source addresses {', '.join(wanted)}",
                hint="an agent uses those of its machine: name addresses or networks of all of them",
            )
        self._turns: dict[int, Iterator[str]] = {
            family: cycle([one for one in self.addresses if _family(one) == family])
            for family in (socket.AF_INET, socket.AF_INET6)
        }

    def new_socket(self, to: str) -> socket.socket:
        """Not connected, from the next address of the family of `to`. OSError where there is none."""
        family = _family(to)
        address = next(self._turns[family], None)
        if address is None:
            raise OSError(errno.EADDRNOTAVAIL, "no source address is of this family")
        return _bound(family, address)

    def count_for(self, to: str) -> int:
        """How many there are for an address."""
        return sum(_family(one) == _family(to) for one in self.addresses)


def _of_this_machine(wanted: str) -> list[str]:
    network = ipaddress.ip_network(wanted)
    hosts = [str(host) for host in network.hosts()]
    # Tried, and not looked up: what routes make local is no interface's.
    return [host for host in hosts if _is_of_this_machine(host)]


def _is_of_this_machine(address: str) -> bool:
    try:
        _bound(_family(address), address).close()
    except OSError as error:
        if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EACCES, errno.EINVAL):
            return False
        raise
    return True


def _bound(family: int, address: str) -> socket.socket:
    own = socket.socket(family, socket.SOCK_STREAM)
    try:
        own.setblocking(False)
        own.setsockopt(socket.IPPROTO_IP, _IP_BIND_ADDRESS_NO_PORT, 1)
        own.bind((address, 0))
    except BaseException:
        own.close()
        raise
    return own


def _family(address: str) -> int:
    return socket.AF_INET6 if ":" in address else socket.AF_INET
