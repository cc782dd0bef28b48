"""`groundswell agent`: attach to a coordinator and generate load for it."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import signal
import socket
import sys

import click
import uvloop

from groundswell import __version__
from groundswell.exit_codes import ExitCode
from groundswell.v1 import agent_pb2
from groundswell.wire import PROTOCOL
from groundswell_agent.agent import Agent


@click.command(name="agent")
@click.option("--coordinator", metavar="HOST:PORT", help="Where to attach.")
@click.option("--name", default=socket.gethostname, help="How reports call this agent.")
@click.option("--label", "labels", multiple=True, metavar="K=V", help="A label to select it by.")
@click.option("--weight", default=1, type=click.IntRange(1, 1000), help="Its part of a run.")
# Started by `run`: the address comes as the first line of standard input, and the input's end is the client's.
@click.option("--tethered", is_flag=True, hidden=True)
def command(
    coordinator: str | None, name: str, labels: tuple[str, ...], weight: int, tethered: bool
) -> None:
    """Attach to a coordinator and generate load for it, until told to stop.

    \b
    Example:
      groundswell agent --coordinator load.internal:9700 --label zone=a
    """
    if tethered:
        coordinator = sys.stdin.readline().strip()
        if not coordinator:
            return
    if coordinator is None:
        raise click.UsageError("--coordinator HOST:PORT is missing")
    logging.basicConfig(level=logging.WARNING, format=f"{name}: %(message)s")
    hello = agent_pb2.Hello(
        protocol=PROTOCOL,
        name=name,
        incarnation=secrets.token_hex(8),
        weight=weight,
        labels=dict(_label(label) for label in labels),
        version=__version__,
        pid=os.getpid(),
    )
    uvloop.run(_serve(Agent(coordinator, hello), tethered=tethered))


def _label(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not (key and equals):
        raise click.BadParameter(f"{text!r} is not K=V", param_hint="--label")
    return key, value


async def _serve(agent: Agent, *, tethered: bool) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, agent.drain)
    if tethered:
        loop.add_reader(sys.stdin.fileno(), _leave_with_parent)
    await agent.run()


def _leave_with_parent() -> None:
    """The pipe to the client that started this agent has ended: whatever is running, stop at once.

    Nobody is left to report to, and load without an owner must not go on for even one more request.
    """
    if not os.read(sys.stdin.fileno(), 1):
        os._exit(ExitCode.COORDINATOR_UNREACHABLE)
