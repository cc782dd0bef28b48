"""`confirm: production` in a test: whoever runs it says first which host is meant.

On a terminal they are asked to type it; elsewhere `--yes-target` says it, and says every other host that steps
send to as well, since there is nobody who reads a list of them.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from groundswell.errors import InvalidConfiguration
from groundswell.scenario.named_hosts import named_hosts
from groundswell_coordinator.cli.order import Interrupted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from groundswell.scenario.model import Test
    from groundswell.scenario.named_hosts import NamedHosts


class Confirmation:
    """What `--yes-target` has said; asks at most once, however often the test is run."""

    def __init__(self, given: tuple[str, ...] = ()) -> None:
        self._given = tuple(host.lower() for host in given)
        self._has_answer = False

    def obtain(self, test: Test) -> None:
        """Returns when the test may be run. InvalidConfiguration where it may not, Interrupted at Ctrl-C."""
        if test.confirm is None or self._has_answer:
            return
        hosts = named_hosts(test)
        needed = (*((hosts.target,) if hosts.target else ()), *hosts.urls)
        if self._given:
            self._check(needed)
        elif _is_terminal():
            _ask(test, hosts)
        else:
            raise InvalidConfiguration(
                f"{test.test} says `confirm: {test.confirm}`, and there is no terminal to ask at",
                hint=f"run it with {_options(needed)}",
            )
        self._has_answer = True

    def _check(self, needed: tuple[str, ...]) -> None:
        for host in self._given:
            if host not in needed:
                raise InvalidConfiguration(
                    f"--yes-target {host}: that is not a host that the test sends to",
                    hint=f"run it with {_options(needed)} if that is what you mean",
                )
        if missing := [host for host in needed if host not in self._given]:
            raise InvalidConfiguration(
                f"the test sends to {', '.join(missing)} as well",
                hint=f"run it with {_options(needed)} if that is what you mean",
            )


def _options(hosts: tuple[str, ...]) -> str:
    return " ".join(f"--yes-target {host}" for host in hosts)


def _is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _ask(test: Test, hosts: NamedHosts) -> None:
    try:
        click.echo("\n".join(_question(test, hosts)), err=True, nl=False)
        # Bytes: what somebody types may be no text.
        answer = sys.stdin.buffer.readline().decode(errors="replace").strip()
    except KeyboardInterrupt:
        click.echo(err=True)
        raise Interrupted("interrupted before the load") from None
    if answer.lower() != hosts.target:
        said = f"{answer!r} is not {hosts.target}" if answer else "that is no answer"
        raise InvalidConfiguration(
            f"{said}: nothing was sent", hint=f"type {hosts.target} if that is what you mean"
        )


def _question(test: Test, hosts: NamedHosts) -> Iterator[str]:
    yield f"{test.test} says `confirm: {test.confirm}`. It is about to load"
    yield f"  {hosts.target}  ({test.target})"
    for host in hosts.urls:
        yield f"  {host}  (a step's whole URL)"
    for address in hosts.fixed:
        yield f"  {address}  (fixed by `hosts`)"
    for host in hosts.proxies:
        yield f"  {host}  (a proxy)"
    if hosts.made_up:
        yield "  and what only the run knows: URLs out of templates or functions"
    yield "Type the name of the target's host to go on: "
