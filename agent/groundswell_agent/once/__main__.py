"""`python -m groundswell_agent.once WISHES`: an agent's part of `groundswell run --once`.

WISHES is JSON. Standard input has eight bytes with the length of a Prepare, the Prepare, and nothing more: its
end says that nobody is left who would read. Standard output gets the events; what the test's own code
prints goes to standard error.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys

import msgspec
import uvloop

from groundswell.errors import GroundswellError
from groundswell.telling import Event, Refusal, encoded
from groundswell.v1 import agent_pb2
from groundswell_agent.files import RunFiles
from groundswell_agent.once.once import Once
from groundswell_agent.once.wishes import Wishes

_LENGTH_BYTES = 8


def _own_stdout() -> int:
    """What is printed from now on goes to standard error; returns where events go."""
    events = os.dup(1)
    os.dup2(2, 1)
    return events


async def _go(prepare: agent_pb2.Prepare, wishes: Wishes, events: int) -> int:
    def tell(event: Event) -> None:
        line = encoded(event) + b"\n"
        while line:
            line = line[os.write(events, line) :]

    loop = asyncio.get_running_loop()
    # Whoever has started us is gone, and nobody would know what is still sent.
    loop.add_reader(0, lambda: os._exit(1) if not os.read(0, 1) else None)
    files = await RunFiles().hold_what_is_here(prepare.source)
    try:
        once = Once(prepare, wishes, tell, files)
    except GroundswellError as error:
        tell(Refusal(error.message, error.hint, int(error.exit_code)))
        return int(error.exit_code)
    loop.add_signal_handler(signal.SIGINT, once.interrupt)
    return int(await once.run())


def main() -> None:
    events = _own_stdout()
    length = int.from_bytes(sys.stdin.buffer.read(_LENGTH_BYTES), "big")
    prepare = agent_pb2.Prepare.FromString(sys.stdin.buffer.read(length))
    wishes = msgspec.json.decode(sys.argv[1], type=Wishes)
    sys.exit(uvloop.run(_go(prepare, wishes, events)))


if __name__ == "__main__":
    main()
