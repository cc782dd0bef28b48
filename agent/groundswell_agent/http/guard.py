"""What this agent may connect to, asked once for each connection, of the address that gets the bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell.scenario.named_hosts import named_hosts
from groundswell.targets import Targets, is_special, unwrapped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from groundswell.scenario.model import Test


class TargetRefused(OSError):
    """An address that this agent does not load. Its text says which, `hint` what would allow it."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class Guard:
    """`targets` are what is allowed; `start` is the command that takes the flag that would allow more."""

    __slots__ = ("_start", "_targets")

    def __init__(self, targets: Targets, start: str = "start it") -> None:
        self._targets = targets
        self._start = start

    def admit(self, host: str, address: str, port: int) -> None:
        """Raises TargetRefused for a connection to `address` that is not allowed under that name."""
        if self._targets.allow(host, port, address):
            return
        # Of a name that is allowed, the address is the reason, and is what has to be allowed.
        needed = address if self._targets.allow_unseen(host, port) else host
        shown = address if host == address else f"{address} ({host})"
        raise self._refusal(shown, needed)

    def admit_unseen(self, host: str, port: int) -> None:
        """The same where a proxy connects."""
        if not self._targets.allow_unseen(host, port):
            raise self._refusal(f"{host} through a proxy", host)

    def _refusal(self, shown: str, needed: str) -> TargetRefused:
        return TargetRefused(
            f"it does not load {shown}", f"{self._start} with --allow-target {needed}"
        )


def guard_of(test: Test, also: Iterable[str]) -> Guard:
    """Of agents that a client has started for this test: what it names, and what was added."""
    named = (pattern for host in named_hosts(test).all for pattern in _as_patterns(host))
    allowed = Targets.of([*dict.fromkeys(named), *also])
    return Guard(Targets(allowed.patterns, trusts_names=True), "run it")


def _as_patterns(host: str) -> Iterator[str]:
    """Who loads this machine may load all of it, by whichever name. That a test names the metadata of a cloud is
    no reason to go there: people run tests that others wrote.
    """
    if is_special(host):
        return
    address = unwrapped(host)
    if host == "localhost" or (address is not None and address.is_loopback):
        yield "loopback"
    yield host if address is None else str(address)
