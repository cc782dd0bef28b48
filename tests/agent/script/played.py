"""A function played by a real engine: one scenario `s`, once on one VU unless it says otherwise."""

from __future__ import annotations

from textwrap import dedent, indent
from typing import TYPE_CHECKING

from groundswell.v1 import agent_pb2
from tests.agent.engine.played import RUN_ID, played
from tests.core.script.writing import source_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from groundswell_agent.engine.engine import Engine
    from tests.agent.engine.played import Measured

ONCE = "per_vu_iterations()"


def script(body: str, *, executor: str = ONCE, more: str = "", test: str = "") -> str:
    """A file whose scenario does this; `more` stands before it, `test` are arguments of Test."""
    return (
        "import asyncio\nimport time\nfrom groundswell import *\n"
        f"{dedent(more)}\n"
        f'test = Test("t", target="http://replaced.test", {test})\n'
        f"@test.scenario({executor})\n"
        "async def s(vu: VU) -> None:\n"
        f"{indent(dedent(body), '    ')}\n"
    )


async def play(
    text: str,
    target: str,
    env: Mapping[str, str] | None = None,
    *,
    modules: Mapping[str, str] | None = None,
    during: Callable[[Engine, float], None] | None = None,
) -> Measured:
    source = source_of(text, env, target, modules)
    prepare = agent_pb2.Prepare(
        run_id=RUN_ID,
        source=agent_pb2.TestSource(
            name=source.name, text=source.text, env=dict(source.env), target=target
        ),
        shares=agent_pb2.ShareTable(entries=[agent_pb2.ShareEntry(agent="a", weight=1)]),
        agent="a",
        seed=1,
    )
    (run,) = await played(prepare, during=during)
    return run
