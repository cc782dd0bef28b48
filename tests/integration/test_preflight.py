"""What agents find out before the load: told to whoever watches, stored, and in the summary."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

from groundswell.v1 import agent_pb2
from groundswell_agent.preflight import machine
from groundswell_agent.preflight.check import error
from groundswell_coordinator.history.rejudge import judge_again
from tests.integration.real_agents import load_on, new_agent, serving
from tests.integration.scripted_agent import ScriptedAgent, attached
from tests.integration.site import running_site
from tests.integration.target import Target

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from groundswell_agent.preflight.check import Check
    from tests.integration.site import Site, Watched

REFUSED = agent_pb2.Finding(code="target_unreachable", message="shop.test:443 refused it")
FAST = agent_pb2.Finding(code="rate_above_speed", message="too much", hint="use more agents")

WARNINGS = [
    ("target_unreachable", "on both agents: shop.test:443 refused it", None),
    ("rate_above_speed", "b: too much (use more agents)", "b"),
]


async def prepared(agent: ScriptedAgent, *findings: agent_pb2.Finding) -> None:
    await agent.expect_share()
    agent.send(prepared=agent_pb2.Prepared(run_id=agent.run_id, findings=findings))


async def played(site: Site) -> Watched:
    """A run of two agents with their findings, to its end."""
    async with attached(site.address, "a", "b") as (first, second):
        run = await site.submit(agents=2)
        await prepared(first, REFUSED)
        await prepared(second, REFUSED, FAST)
        await asyncio.gather(first.start(), second.start())
        for agent in (first, second):
            agent.report(0, last=True)
        await run.ended()
    return run


async def test_findings_are_told_live_and_summed_up(site: Site) -> None:
    run = await played(site)
    summary = await run.summary()
    assert [(one.code, one.message, one.agent) for one in summary.warnings] == WARNINGS
    told = [(one.code, one.message) for one in run.notices]
    assert told[:2] == [(code, message) for code, message, _ in WARNINGS]


async def test_a_run_that_is_judged_again_has_them_too(site: Site) -> None:
    run = await played(site)
    stored = site.stored_run(run.run_id)
    again = judge_again(stored, site.stored_intervals(run.run_id), {})
    assert again.warnings == (await run.summary()).warnings
    assert again == await run.summary()


async def test_a_real_agent_says_that_its_target_refuses_and_loads_it_nevertheless(
    site: Site,
) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        target = f"http://127.0.0.1:{port}"
        async with serving(new_agent(site.address)):
            run = await site.submit(load_on(Target(target)))
            summary = await run.summary()
    assert [(one.code, one.agent) for one in summary.warnings] == [("target_unreachable", "agent")]
    assert summary.warnings[0].message.startswith(f"127.0.0.1:{port} refused the connection")
    assert summary.metrics["http_req_failed"].values["passes"] > 0


async def test_a_target_that_is_well_is_worth_no_word_and_counts_no_request(
    site: Site, target: Target
) -> None:
    async with serving(new_agent(site.address)):
        run = await site.submit(load_on(target))
        summary = await run.summary()
    assert summary.warnings == ()
    assert summary.metrics["http_reqs"].values["count"] == target.requests


async def test_what_makes_a_run_senseless_ends_it_before_the_load(
    site: Site, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = error("files", "few_descriptors", "too few files", "raise ulimit -Hn", refuses=True)

    def descriptors(_: object) -> Check:
        return few

    monkeypatch.setattr(machine, "descriptors", descriptors)
    async with serving(new_agent(site.address)):
        run = await site.submit(load_on(target))
        ended = await run.ended()
        # It is free for the next one.
        monkeypatch.undo()
        summary = await (await site.submit(load_on(target))).summary()
    assert (ended.exit_code, ended.hint) == (104, "raise ulimit -Hn")
    assert ended.error == "agent refused its share: too few files"
    assert summary.verdict == "PASS"


async def test_a_defect_in_the_checks_is_said_and_does_not_keep_the_run_from_beginning(
    site: Site, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> None:
        raise RuntimeError("no such thing")

    monkeypatch.setattr(machine, "descriptors", broken)
    async with serving(new_agent(site.address)):
        summary = await (await site.submit(load_on(target))).summary()
    assert [(one.code, one.message) for one in summary.warnings] == [
        ("preflight_failed", "the checks before the load failed: RuntimeError: no such thing")
    ]
    assert summary.metrics["http_reqs"].values["count"] == target.requests


async def test_a_run_that_is_stopped_during_the_checks_leaves_nothing_behind(
    tmp_path: Path,
) -> None:
    """The site looks for tasks that are left, at its end."""
    async with running_site(tmp_path) as site:
        with socket.create_server(("127.0.0.1", 0)) as frozen:
            target = f"https://127.0.0.1:{frozen.getsockname()[1]}"
            async with serving(new_agent(site.address)):
                run = await site.submit(load_on(Target(target)))
                await run.state("preparing")
                await site.client.stop(run.run_id, abort=True, cause="interrupted")
                ended = await run.ended()
    assert ended.exit_code == 105
