"""Fake data on one agent and on two: the same people visit the target."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from tests.agent.engine.site import serving as serving_site
from tests.integration.real_agents import new_agent, serving
from tests.integration.site import running_site

if TYPE_CHECKING:
    from pathlib import Path

TEST = """
test: visitors
target: {url}
locale: fr
scenarios:
  sign-up:
    executor: per-vu-iterations
    vus: 5
    iterations: 3
    steps:
      - post: /echo
        json: {{mail: "{{{{ fake.email }}}}", name: "{{{{ fake.full_name }}}}", price: "{{{{ fake.price }}}}"}}
        check: {{$.body.mail: "{{{{ fake.email }}}}", $.body.price: "> 0"}}
"""


async def test_the_same_seed_gives_the_same_visitors_on_one_agent_and_on_two(
    tmp_path: Path,
) -> None:
    visitors: list[list[str]] = []
    async with (
        # The library is imported in the loop of the test: longer than the others' short leases.
        running_site(tmp_path, lease_s=5.0) as site,
        serving_site() as web,
        AsyncExitStack() as agents,
    ):
        for count in (1, 2):
            await agents.enter_async_context(serving(new_agent(site.address, f"agent-{count}")))
            web.asked.clear()
            run = await site.submit(TEST.format(url=web.url), agents=count, seed=11)
            summary = await run.summary()
            assert [(one.passes, one.fails) for one in summary.checks] == [(15, 0), (15, 0)]
            visitors.append(sorted(asked.body for asked in web.asked))
    one, two = visitors
    assert one == two
    assert len(set(one)) == 15
