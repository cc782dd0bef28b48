"""A client alone in a process, so that its memory can be looked at: `python -m tests.agent.http.besieged PORT…`.

It asks the server at each port in each way that differs, and prints in a line what came of it, and by how many bytes
its memory has at most grown so far.
"""

from __future__ import annotations

import json
import resource
import sys
from functools import partial

import uvloop

from groundswell_agent.http.client import Client
from groundswell_agent.http.connector import Connector
from groundswell_agent.http.request import Origin, prepare
from tests.agent.http.raw_server import OK, answering, serving

_TIMEOUT_S = 0.15
# Nothing of it is kept; the body is; headers are looked into; so they are with a connection for one request.
_WAYS = (
    prepare,
    partial(prepare, collects=True),
    partial(prepare, keep_headers=True, keep_body=True),
)


async def _ask(port: int) -> list[list[object]]:
    found: list[list[object]] = []
    client = Client(Connector())
    origin = Origin.at("http", "127.0.0.1", port)
    for way in _WAYS:
        exchange = await client.exchange(way("GET", origin, timeout=_TIMEOUT_S))
        found.append([exchange.error, exchange.end - exchange.asked, exchange.bytes_received])
    client.close()
    return found


async def _main(ports: list[int]) -> None:
    async with serving(answering(OK)) as server:
        await _ask(server.port)
    before = _highest()
    for port in ports:
        found = await _ask(port)
        print(json.dumps({"found": found, "grown": _highest() - before}), flush=True)


def _highest() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    uvloop.run(_main([int(port) for port in sys.argv[1:]]))
