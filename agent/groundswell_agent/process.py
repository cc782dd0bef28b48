"""This process as one agent: its hello, its signals, and the pipe to its parent where it has one."""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import uvloop

from groundswell import __version__
from groundswell.credentials import Remote
from groundswell.ending import when_told_to_end
from groundswell.exit_codes import ExitCode
from groundswell.load_guard import NO_GUARD, LoadGuard
from groundswell.schedule.share_loads import guard_to_wire
from groundswell.targets import OWN_NETWORK, Targets
from groundswell.v1 import agent_pb2
from groundswell.wire import PROTOCOL
from groundswell_agent.agent import Agent
from groundswell_agent.http.guard import Guard, guard_of
from groundswell_agent.ready_file import ReadyFile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from groundswell.scenario.model import Test


def serve_as_agent(
    coordinator: Remote | None,
    name: str,
    labels: Mapping[str, str],
    weight: int,
    *,
    tethered: bool,
    scripts: bool = True,
    allowed: Sequence[str] = (),
    one_run: bool = False,
    load_guard: LoadGuard = NO_GUARD,
    ready_file: Path | None = None,
) -> ExitCode:
    """Returns when the agent has left in order. Raises CoordinatorUnreachable where it is refused,
    InvalidConfiguration where its ready file cannot be made.

    `allowed` are patterns of targets; none of them: loopback and private addresses.
    Without a coordinator, its address is the first line of standard input (none, if that just ends), and what may be
    loaded is what the test names, and `allowed`; so it is with `one_run`, whose coordinator
    takes tests from the client that started both.
    """
    is_own = one_run or coordinator is None
    guard = partial(guard_of, also=allowed) if is_own else _guard(allowed)
    if coordinator is None:
        address = sys.stdin.readline().strip()
        if not address:
            return ExitCode.OK
        coordinator = Remote.of(address)
    hello = agent_pb2.Hello(
        protocol=PROTOCOL,
        name=name,
        incarnation=secrets.token_hex(8),
        weight=weight,
        labels=labels,
        version=__version__,
        pid=os.getpid(),
        guard=guard_to_wire(load_guard),
    )
    ready = None if ready_file is None else ReadyFile(ready_file)
    agent = Agent(
        coordinator, hello, scripts=scripts, guard=guard, load_guard=load_guard, ready=ready
    )
    uvloop.run(_serve(agent, coordinator, tethered=tethered))
    return ExitCode.OK


def _guard(allowed: Sequence[str]) -> Callable[[Test], Guard]:
    guard = Guard(Targets.of(allowed) if allowed else OWN_NETWORK)
    return lambda _: guard


async def _serve(agent: Agent, coordinator: Remote, *, tethered: bool) -> None:
    when_told_to_end(agent.drain)
    if tethered:
        leave = partial(_leave_with_parent, coordinator)
        asyncio.get_running_loop().add_reader(sys.stdin.fileno(), leave)
    await agent.run()
    if agent.is_stubborn:
        os._exit(ExitCode.SCRIPT_EXCEPTION)


def _leave_with_parent(coordinator: Remote) -> None:
    """The pipe to the process that started this agent has ended: whatever is running, stop at once.

    Nobody is left to report to, and load without an owner must not go on for even one more request.
    """
    if not os.read(sys.stdin.fileno(), 1):
        if (socket := coordinator.socket) is not None:
            # Of a client that was killed, nobody else takes it away.
            with suppress(OSError):
                socket.unlink()
                socket.parent.rmdir()
        os._exit(ExitCode.COORDINATOR_UNREACHABLE)
