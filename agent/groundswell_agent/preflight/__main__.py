"""`python -m groundswell_agent.preflight`: the checks alone, for `groundswell doctor`.

Standard input is a Prepare of this agent's share; standard output gets the checks as JSON, or the
error that the share cannot be prepared for.
"""

from __future__ import annotations

import json
import sys
from functools import partial

import uvloop

from groundswell.errors import GroundswellError
from groundswell.v1 import agent_pb2
from groundswell_agent.engine.engine import Engine
from groundswell_agent.files import RunFiles
from groundswell_agent.http.guard import guard_of
from groundswell_agent.preflight.preflight import examine


async def _examine(prepare: agent_pb2.Prepare) -> list[dict[str, str | None]]:
    # The client is on this machine, and has lent us what the test names.
    files = await RunFiles().hold_what_is_here(prepare.source)
    # As the agents of a run that the client starts itself.
    guard = partial(guard_of, also=())
    engine = Engine.build(prepare, incarnation="doctor", files=files, guard=guard)
    found = await examine(
        engine.test, engine.shares, engine.connectors, len(prepare.shares.entries)
    )
    return [
        {
            "check": check.subject,
            "status": check.status.value,
            "code": check.code or None,
            "message": check.message,
            "hint": check.hint,
        }
        for check in found
    ]


def main() -> None:
    prepare = agent_pb2.Prepare.FromString(sys.stdin.buffer.read())
    answer: dict[str, object]
    try:
        answer = {"checks": uvloop.run(_examine(prepare))}
    except GroundswellError as error:
        failure = {"message": error.message, "hint": error.hint, "exit_code": int(error.exit_code)}
        answer = {"error": failure}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
