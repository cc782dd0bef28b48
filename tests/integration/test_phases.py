"""Setup and teardown of real agents, held against what the target was asked."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from groundswell.v1 import agent_pb2
from groundswell_coordinator.history.rejudge import judge_again
from groundswell_coordinator.run.events import StopMode
from tests.agent.engine.site import serving as serving_site
from tests.integration.line import line_to
from tests.integration.real_agents import new_agent, serving
from tests.integration.scripted_agent import attached, eventually
from tests.integration.site import lasting_site, running_site

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from groundswell_coordinator.report.summary import Summary
    from tests.agent.engine.site import Site as WebSite
    from tests.integration.line import Line
    from tests.integration.site import Site, Watched

# Iterations that are done whenever they can be: a busy machine drops none of them.
SHORT = "executor: shared-iterations, vus: 4, iterations: 12"
LOAD = """
scenarios:
  browse:
    steps:
      - get: /text?body={{ setup.id }}
        name: load
        check: {body: "{{ setup.id }}"}
      - pause: 50ms
"""


def for_so_long(duration: str) -> str:
    return f"executor: constant-vus, vus: 2, duration: {duration}"


SETUP = """
setup:
  - get: /item/s3cr3t-token
    capture: {id: $.id, number: $.number}
"""
TEARDOWN = """
teardown:
  - post: /echo
    json: {gone: "{{ setup.id }}", number: "{{ setup.number }}"}
    check: {$.body.number: 7}
"""


def written(web: WebSite, setup: str = SETUP, teardown: str = TEARDOWN, load: str = SHORT) -> str:
    test = f"test: phases\ntarget: {web.url}\ngenerator_limits: {{send_lag: 60s, loop_lag: 60s}}"
    executor = "\n".join(f"    {one}" for one in load.split(", "))
    scenarios = LOAD.replace("    steps", f"{executor}\n    steps", 1)
    judged = "thresholds: {checks: [rate == 1]}\n"
    return f"{test}\n{setup}{teardown}{scenarios}{judged}"


@pytest.fixture
async def site(tmp_path: Path) -> AsyncGenerator[Site]:
    """With leases that a busy machine does not run out of: nobody is lost here."""
    async with running_site(tmp_path, lease_s=5.0) as site:
        yield site


@pytest.fixture
async def web() -> AsyncGenerator[WebSite]:
    async with serving_site() as web:
        yield web


@asynccontextmanager
async def two_agents(address: str) -> AsyncGenerator[None]:
    async with AsyncExitStack() as stack:
        for name in ("agent-1", "agent-2"):
            await stack.enter_async_context(serving(new_agent(address, name)))
        yield


@asynccontextmanager
async def far_and_near(tmp_path: Path, *, lease_s: float) -> AsyncGenerator[tuple[Site, Line]]:
    """Two agents: the first, by whom setup and teardown are done, is at the end of a line."""
    async with (
        running_site(tmp_path, lease_s=lease_s) as site,
        line_to(site.address) as line,
        serving(new_agent(line.address, "a-far")),
        serving(new_agent(site.address, "near")),
    ):
        yield site, line


async def in_teardown(site: Site, web: WebSite, query: str) -> Watched:
    """A run of two agents whose teardown has just sent its only request."""
    teardown = f"teardown:\n  - get: /text?{query}\n"
    run = await site.submit(written(web, teardown=teardown), agents=2)
    await run.state("tearing_down")
    await eventually(lambda: web.asked[-1].query == query)
    return run


def requests_of(summary: Summary) -> int:
    assert summary.setup is not None
    assert summary.teardown is not None
    load = int(summary.metrics["http_reqs"].values["count"])
    return load + summary.setup.requests + summary.teardown.requests


async def test_what_one_agent_sets_up_all_agents_know_and_one_tears_it_down(
    site: Site, web: WebSite
) -> None:
    async with two_agents(site.address):
        run = await site.submit(written(web), agents=2)
        summary = await run.summary()
    paths = web.paths()
    assert (paths[0], paths[-1]) == ("/item/s3cr3t-token", "/echo")
    assert (paths.count("/item/s3cr3t-token"), paths.count("/echo")) == (1, 1)
    assert {asked.query for asked in web.asked[1:-1]} == {"body=s3cr3t-token"}
    # Both have sent some of it.
    assert len({asked.peer for asked in web.asked[1:-1]}) >= 2
    assert web.asked[-1].body == '{"gone":"s3cr3t-token","number":7}'
    assert requests_of(summary) == len(web.asked)
    assert (summary.verdict, summary.exit_code) == ("PASS", 0)
    states = ["setting_up", "starting", "running", "tearing_down", "closed"]
    assert run.states[-5:] == states
    assert [notice.code for notice in run.notices][:2] == ["setup", "teardown"]


async def test_the_store_tells_the_same_and_knows_nothing_of_what_setup_gave(
    site: Site, web: WebSite, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    setup = SETUP + "  - get: /page\n    capture: {csrf: {field: csrf}}\n"
    teardown = "teardown: [{get: '/text?body={{ setup.csrf }}'}]\n"
    async with two_agents(site.address):
        run = await site.submit(written(web, setup, teardown), agents=2)
        summary = await run.summary()
    assert web.asked[-1].query == "body=to&ken"
    again = judge_again(site.stored_run(run.run_id), site.stored_intervals(run.run_id), {})
    assert (again.setup, again.teardown) == (summary.setup, summary.teardown)
    assert again.exit_code == summary.exit_code
    kept = {path.name: path.read_bytes() for path in sorted(tmp_path.iterdir())}  # noqa: ASYNC240
    assert any(b"/text?body" in content for content in kept.values())
    assert [name for name, content in kept.items() if b"to&ken" in content] == []
    said = " ".join(map(str, run.events)) + caplog.text + summary.to_json()
    assert "to&ken" not in said


@pytest.mark.parametrize(
    ("setup", "more", "said"),
    [
        ("get: /text?status=503", "", "GET /text?status=503: it answered 503 (after 1 request)"),
        ("get: /text", "capture: {id: $.id}", "it answered 200, and id is not in the response"),
        ("get: /text", "check: {body: x}", "the check '/text: body x' failed, with status 200"),
        ("get: http://127.0.0.1:9/", "", "no response (refused) (after 0 requests)"),
        ("get: /text?slow=30", "", "it did not end within 300ms: it was at GET /text?slow=30"),
        ("get: /big?kib=1100", "capture: {id: $.text}", "KiB of JSON, and goes to every agent"),
    ],
)
async def test_a_setup_that_fails_is_told_with_its_step_and_there_is_no_load(
    site: Site, web: WebSite, setup: str, more: str, said: str
) -> None:
    capture = "" if "id" in more else "  - {get: /item/1, capture: {id: $.id}}\n"
    steps = f"setup_timeout: 300ms\nsetup:\n  - {setup}\n    {more}\n{capture}"
    if "kib" in setup:
        steps = steps.replace("300ms", "30s")
    teardown = "teardown: [{get: /page}]\n"
    async with two_agents(site.address):
        run = await site.submit(written(web, steps, teardown), agents=2)
        ended = await run.ended()
        assert said in ended.error
        assert ended.error.startswith("setup failed on agent-1: ")
        assert ended.exit_code == 100
        assert len(web.asked) == ("127.0.0.1:9" not in setup)
        # Both are free for the next run.
        for name in ("agent-1", "agent-2"):
            await site.agent(name, lambda one: one.state == "free")


async def test_a_request_of_setup_may_fail_where_the_test_says_so(site: Site, web: WebSite) -> None:
    steps = "setup:\n  - {get: /text?status=404, on_fail: continue}\n" + SETUP.removeprefix(
        "\nsetup:\n"
    )
    async with two_agents(site.address):
        summary = await (await site.submit(written(web, steps), agents=2)).summary()
    assert summary.setup is not None
    assert summary.setup.requests == 2


@pytest.mark.parametrize("mode", StopMode)
async def test_teardown_follows_a_load_that_is_stopped(
    site: Site, web: WebSite, mode: StopMode
) -> None:
    async with two_agents(site.address):
        run = await site.submit(written(web, load=for_so_long("30s")), agents=2)
        await run.until(lambda: bool(run.progress))
        await site.client.stop(run.run_id, abort=mode is StopMode.ABORT, cause="interrupted")
        summary = await run.summary()
    assert summary.exit_code == 105
    assert web.paths().count("/echo") == 1
    assert web.paths()[-1] == "/echo"


async def test_teardown_follows_a_threshold_that_aborts(site: Site, web: WebSite) -> None:
    test = written(web, load=for_so_long("30s")).replace(
        "thresholds: {checks: [rate == 1]}",
        "thresholds: {http_reqs: [{threshold: count < 5, abort_on_fail: true}]}",
    )
    async with two_agents(site.address):
        summary = await (await site.submit(test, agents=2)).summary()
    assert (summary.verdict, summary.exit_code) == ("FAIL", 99)
    assert web.paths()[-1] == "/echo"


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("get: /text?status=500", "GET /text?status=500: it answered 500"),
        ("get: /text?slow=30", "it did not end within 300ms: it was at GET /text?slow=30"),
    ],
)
async def test_a_teardown_that_fails_leaves_the_verdict_and_has_an_exit_code(
    site: Site, web: WebSite, step: str, said: str
) -> None:
    teardown = f"teardown_timeout: 300ms\nteardown:\n  - {step}\n"
    async with two_agents(site.address):
        run = await site.submit(written(web, teardown=teardown), agents=2)
        summary = await run.summary()
    assert (summary.verdict, summary.exit_code) == ("PASS", 101)
    assert summary.teardown is not None
    assert (summary.teardown.requests, summary.teardown.failure) == (
        1,
        "timeout" if "slow" in step else "failed",
    )
    warnings = {one.code: one.message for one in summary.warnings}
    assert warnings["teardown_failed"] == f"teardown failed on agent-1: {said}"
    assert requests_of(summary) == len(web.asked)
    again = judge_again(site.stored_run(run.run_id), site.stored_intervals(run.run_id), {})
    assert (again.exit_code, again.warnings) == (101, summary.warnings)


@pytest.mark.slow
async def test_whoever_did_setup_may_be_lost_another_tears_down_with_what_it_gave(
    tmp_path: Path, web: WebSite
) -> None:
    async with far_and_near(tmp_path, lease_s=2.0) as (site, line):
        run = await site.submit(written(web, load=for_so_long("3s")), agents=2)
        await run.until(lambda: bool(run.progress))
        await line.cut()
        summary = await run.summary()
    assert summary.setup is not None
    assert summary.teardown is not None
    assert (summary.setup.agent, summary.teardown.agent) == ("a-far", "near")
    assert web.asked[-1].body == '{"gone":"s3cr3t-token","number":7}'


async def test_a_teardown_whose_agent_falls_silent_is_not_done_again(
    tmp_path: Path, web: WebSite
) -> None:
    async with far_and_near(tmp_path, lease_s=2.0) as (site, line):
        run = await in_teardown(site, web, "slow=30")
        await line.cut()
        summary = await run.summary()
    assert summary.teardown is not None
    assert (summary.teardown.agent, summary.teardown.failure) == ("a-far", "unknown")
    assert summary.exit_code == 101
    assert [asked.query for asked in web.asked].count("slow=30") == 1


async def test_a_broken_stream_in_the_middle_of_teardown_costs_nothing(
    tmp_path: Path, web: WebSite
) -> None:
    async with far_and_near(tmp_path, lease_s=5.0) as (site, line):
        run = await in_teardown(site, web, "slow=0.6")
        await line.cut()
        await asyncio.sleep(0.7)
        await line.mend()
        summary = await run.summary()
    assert summary.teardown is not None
    assert (summary.teardown.agent, summary.teardown.failure) == ("a-far", None)
    assert summary.exit_code == 0


async def test_what_setup_did_is_undone_where_the_load_never_begins(
    site: Site, web: WebSite
) -> None:
    async with (
        serving(new_agent(site.address, "a")),
        attached(site.address, "b") as (silent,),
    ):
        run = await site.submit(written(web), agents=2)
        await silent.prepare()
        ended = await run.ended()
    assert "no common start" in ended.error
    # What a busy machine sends in between, because it hears of the end after T, is not judged here.
    assert (web.paths()[0], web.paths()[-1]) == ("/item/s3cr3t-token", "/echo")
    assert web.paths().count("/echo") == 1


async def test_the_next_coordinator_tears_down_what_the_one_before_set_up(
    tmp_path: Path, web: WebSite
) -> None:
    async with AsyncExitStack() as agents:
        async with lasting_site(tmp_path, lease_s=5.0) as first:
            address = first.address
            await agents.enter_async_context(serving(new_agent(address, "a")))
            run = await first.submit(written(web, load=for_so_long("2s")), run_id="long")
            await run.until(lambda: bool(run.progress))
        async with lasting_site(tmp_path, lease_s=5.0, address=address) as second:
            summary = await second.watch("long").summary()
    assert (summary.verdict, summary.exit_code) == ("PASS", 0)
    assert web.asked[-1].body == '{"gone":"s3cr3t-token","number":7}'
    assert requests_of(summary) == len(web.asked)


async def test_a_teardown_that_was_ordered_before_a_restart_is_not_done_twice(
    tmp_path: Path, web: WebSite
) -> None:
    teardown = "teardown:\n  - get: /text?slow=0.5\n"
    async with AsyncExitStack() as agents:
        async with lasting_site(tmp_path, lease_s=5.0) as first:
            address = first.address
            await agents.enter_async_context(serving(new_agent(address, "a")))
            run = await first.submit(written(web, teardown=teardown), run_id="long")
            await run.state("tearing_down")
            await eventually(lambda: web.asked[-1].query == "slow=0.5")
        async with lasting_site(tmp_path, lease_s=5.0, address=address) as second:
            summary = await second.watch("long").summary()
    assert summary.teardown is not None
    assert (summary.teardown.requests, summary.teardown.failure) == (1, None)
    assert summary.exit_code == 0
    assert [asked.query for asked in web.asked].count("slow=0.5") == 1


async def test_a_coordinator_that_ends_between_setup_and_start_says_what_is_left(
    tmp_path: Path, web: WebSite
) -> None:
    setup = SETUP + "  - get: /text?slow=30\n"
    async with AsyncExitStack() as agents:
        async with lasting_site(tmp_path, lease_s=5.0) as first:
            address = first.address
            await agents.enter_async_context(serving(new_agent(address, "a")))
            run = await first.submit(written(web, setup), run_id="long")
            await run.state("setting_up")
            await eventually(lambda: len(web.asked) == 2)
        async with lasting_site(tmp_path, lease_s=5.0, address=address) as second:
            ended = await second.watch("long").ended()
    # Mostly the second finds it so; the first may just have seen the agent's stream end with its own.
    assert "after setup had begun" in ended.error or "lost while it did setup" in ended.error


async def test_an_agent_that_speaks_of_a_setup_that_is_not_its_own_is_sent_away(
    site: Site, web: WebSite
) -> None:
    async with attached(site.address, "a", "b") as (a, b):
        run = await site.submit(written(web), agents=2)
        for agent in (a, b):
            await agent.prepare()
        await run.state("setting_up")
        b.send(
            performed=agent_pb2.Performed(
                run_id=run.run_id, phase=agent_pb2.PHASE_SETUP, result=b"{}"
            )
        )
        ended = await run.ended()
    assert "b was lost during setup" in ended.error
