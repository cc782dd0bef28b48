"""What this agent may connect to, asked once for each connection, of the address that gets the bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell.scenario.model import all_requests
from groundswell.scenario.urls import NO_TARGET
from groundswell.targets import Targets, is_special, unwrapped
from groundswell_agent.http.request import InvalidRequest, split_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from groundswell.scenario.http_model import Http
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
    named = Targets.of([*dict.fromkeys(_named(test)), *also])
    return Guard(Targets(named.patterns, trusts_names=True), "run it")


def _named(test: Test) -> Iterator[str]:
    workloads = [*test.scenarios.values(), test.setup, test.teardown]
    if test.target != NO_TARGET:
        yield from _as_patterns(split_url(test.target)[0].host)
    for workload in workloads:
        if workload is None:
            continue
        yield from _of_http(workload.http)
        for step in all_requests(workload.steps):
            path = step.path
            if isinstance(path, str) and path.startswith(("http://", "https://")):
                try:
                    yield from _as_patterns(split_url(path)[0].host)
                except InvalidRequest:
                    # Said where the step is compiled.
                    continue


def _of_http(http: Http) -> Iterator[str]:
    for endpoints in (http.hosts or {}).values():
        for endpoint in endpoints:
            yield from _as_patterns(endpoint.address)
    if http.proxy is not None:
        yield from _as_patterns(http.proxy.host)


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
