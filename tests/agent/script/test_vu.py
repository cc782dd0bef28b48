"""What else a VU does for its function: checks, pauses, timers, groups; and how an iteration ends."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import pytest

from groundswell.errors import InvalidTest
from groundswell.v1 import agent_pb2
from groundswell_agent.engine.engine import Engine
from groundswell_agent.events import HaltMode
from groundswell_agent.script.script import ScriptsRefused
from tests.agent.engine.played import RUN_ID, at, build
from tests.agent.script.played import play, script
from tests.core.script.writing import source_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from groundswell_agent.script.note import Note
    from tests.agent.engine.site import Site


async def test_what_a_vu_knows_of_itself(site: Site) -> None:
    body = """
        seen = vu.number, vu.iteration, vu.scenario, vu.env["A"], vu.env.get("B"), vu.target
        vu.check(repr(seen), True)
        vu.check("secret", vu.secret("HOME").startswith("/"))
    """
    executor = "per_vu_iterations(2, vus=2, env={'A': 'own'})"
    more = "env.get('A'), env.get('B')"
    run = await play(script(body, executor=executor, more=more), site.url, {"A": "a", "B": "b"})
    seen = {tags["check"] for tags in run.tags("checks")} - {"secret"}
    assert seen == {repr((n, i, "s", "own", "b", site.url)) for n in (1, 2) for i in (0, 1)}
    assert run.rate("checks", check="secret") == (4, 4)


async def test_chance_is_the_vus_own_and_the_seeds(site: Site) -> None:
    text = script("vu.check(str(vu.random.random()), True)", executor="per_vu_iterations(3, vus=2)")
    first, second = [await play(text, site.url) for _ in range(2)]
    drawn = {tags["check"] for tags in first.tags("checks")}
    assert len(drawn) == 6
    assert drawn == {tags["check"] for tags in second.tags("checks")}


async def test_a_pause_is_fixed_or_between_two_lengths(site: Site) -> None:
    body = """
        began = time.monotonic()
        await vu.pause(0.05)
        fixed = time.monotonic() - began
        await vu.pause(0.01, 0.02)
        vu.check("fixed", 0.049 < fixed)
        vu.check("between", 0.009 < time.monotonic() - began - fixed)
        await vu.pace(0.2)
        vu.check("pace", 0.199 < time.monotonic() - began)
    """
    run = await play(script(body), site.url)
    assert run.rate("checks") == (3, 3)


async def test_a_timer_is_a_trend_and_a_group_a_tag(site: Site) -> None:
    body = """
        async with vu.group("outer"):
            await vu.http.get("/echo", name="one")
            async with vu.group("inner"):
                vu.check("in", True)
                async with vu.timer("search_index", kind="deep"):
                    await asyncio.sleep(0.03)
        await vu.http.get("/echo", name="two")
        try:
            async with vu.timer("search_index"), vu.group("broken"):
                raise ValueError
        except ValueError:
            pass
        vu.check("out", True)
    """
    run = await play(script(body, executor="per_vu_iterations(tags={'team': 'x'})"), site.url)
    assert run.count("http_reqs", name="one", group="outer") == 1
    assert run.rate("checks", check="in", group="outer::inner", team="x") == (1, 1)
    (two,) = [tags for tags in run.tags("http_reqs") if tags["name"] == "two"]
    (out,) = [tags for tags in run.tags("checks") if tags["check"] == "out"]
    assert "group" not in two | out
    timed = run.trend("search_index", kind="deep", scenario="s", group="outer::inner")
    assert (timed.count, run.trend("search_index").count) == (1, 1)
    assert 29 < timed.max_ms < 1000
    assert run.trend("group_duration", group="outer").count == 1
    assert run.trend("group_duration", group="broken").count == 0


async def test_an_iteration_may_end_early_and_counts(site: Site) -> None:
    run = await play(script("vu.end_iteration()\nraise ValueError"), site.url)
    assert (run.count("iterations"), run.count("failed_iterations")) == (1, 0)


def _notes_into(notes: list[Note]) -> Callable[[Engine, float], None]:
    def listen(engine: Engine, start: float) -> None:
        assert engine.script is not None
        engine.script.on_note = notes.append

    return listen


async def test_an_exception_is_told_once_a_line_and_counted_each_time(site: Site) -> None:
    body = """
        if vu.iteration % 2:
            helper.work(vu.iteration)
        async with asyncio.TaskGroup() as group:
            group.create_task(fail())
    """
    more = (
        "import helper\nasync def fail():\n    await asyncio.sleep(0)\n    raise KeyError('gone')"
    )
    text = script(body, more=more, executor="shared_iterations(20, vus=2)")
    modules = {"helper.py": "def work(n):\n    return 1 / 0\n"}
    notes: list[Note] = []
    run = await play(text, site.url, modules=modules, during=_notes_into(notes))

    assert run.count("iterations") == run.count("failed_iterations") == 20
    divided = run.count("failed_iterations", exception="ZeroDivisionError", at="helper.py:2")
    gone = run.count("failed_iterations", exception="KeyError", at="t.py:7")
    assert (divided + gone, divided > 0, gone > 0) == (20, True, True)
    run.assert_balanced()
    assert sorted(note.place for note in notes) == ["helper.py:2", "t.py:7"]
    told = {note.place: note.message for note in notes}
    begin = "helper.py:2: ZeroDivisionError: division by zero (scenario s, VU "
    assert told["helper.py:2"].startswith(begin)
    assert told["helper.py:2"].endswith(", its iteration 1)")


async def test_what_an_exception_says_never_holds_the_environment(site: Site) -> None:
    notes: list[Note] = []
    text = script("raise ValueError(f'refused: {vu.env[\"TOKEN\"]}')")
    await play(text, site.url, {"TOKEN": "a long secret"}, during=_notes_into(notes))
    (note,) = notes
    assert "refused: {{ env.TOKEN }}" in note.message


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("raise SystemExit(3)", "SystemExit"),
        ("raise asyncio.CancelledError", "CancelledError"),
        ("task = asyncio.create_task(asyncio.sleep(9)); task.cancel(); await task", "CancelledError"),
        ("assert vu.number == 7, 'seven'", "AssertionError"),
        ("await asyncio.wait_for(asyncio.sleep(9), 0.01)", "TimeoutError"),
        ("async with asyncio.timeout(0.01): await vu.http.get('/text?slow=9')", "TimeoutError"),
    ],
)  # fmt: skip
async def test_whatever_a_function_raises_ends_one_iteration(
    site: Site, body: str, kind: str
) -> None:
    run = await play(script(body, executor="per_vu_iterations(2)"), site.url)
    assert run.count("failed_iterations", exception=kind) == 2, run.tags("failed_iterations")
    assert (run.count("iterations"), run.account().interrupted) == (2, 0)


async def test_what_the_engine_cancels_is_interrupted_and_may_clean_up(site: Site) -> None:
    body = """
        try:
            await vu.http.get("/text?slow=30", name="slow")
        finally:
            vu.check("cleaned up", True)
    """
    run = await play(
        script(body, executor="constant_vus(2, duration='30s')"),
        site.url,
        during=lambda engine, start: at(start, 0.2, engine.halt, HaltMode.ABORT),
    )
    assert (run.account().interrupted, run.count("failed_iterations")) == (2, 0)
    assert run.rate("checks", check="cleaned up") == (2, 2)
    assert run.count("http_reqs", name="slow") == 2


async def test_the_response_time_leaves_out_what_the_function_did_itself(site: Site) -> None:
    body = """
        await vu.http.get("/echo", name="first")
        await asyncio.sleep(1)
        await vu.http.get("/echo", name="after")
    """
    run = await play(script(body), site.url)
    assert run.trend("http_req_response_time", name="after").max_ms < 900


async def test_the_response_time_holds_how_late_the_agent_was(site: Site) -> None:
    """The first of ten arrivals holds the loop, and the others start late by that."""
    body = """
        if vu.number == 1 and vu.iteration == 0:
            time.sleep(0.4)
        await vu.http.get("/echo")
    """
    executor = "arrival_rate('20/s', duration='0.5s', max_vus=20)"
    run = await play(script(body, executor=executor), site.url)
    assert run.trend("http_req_response_time").max_ms > 300
    assert run.trend("http_req_duration").max_ms < run.trend("http_req_response_time").max_ms


async def test_code_that_cannot_be_run_here_is_refused_by_its_line(site: Site) -> None:
    source = source_of(script("pass"))
    broken = b"import only_there\n" + source.text
    prepare = agent_pb2.Prepare(
        run_id=RUN_ID,
        source=agent_pb2.TestSource(name="t.py", text=broken),
        shares=agent_pb2.ShareTable(entries=[agent_pb2.ShareEntry(agent="a", weight=1)]),
        agent="a",
    )
    with pytest.raises(InvalidTest, match=r"t\.py:1:1: there is no module 'only_there'"):
        build(prepare)


async def test_many_lines_that_raise_are_bounded(site: Site) -> None:
    lines = "\n".join(f"    if n == {n}: raise ValueError(n)" for n in range(60))
    more = f"def fail(n):\n{lines}"
    run = await play(
        script("fail(vu.iteration)", more=more, executor="per_vu_iterations(60)"), site.url
    )
    assert run.count("failed_iterations") == 60
    assert len(run.tags("failed_iterations")) <= 21
    assert run.count("failed_iterations", at="other") == 40


async def test_an_agent_may_refuse_all_code(site: Site) -> None:
    source = source_of(script("pass"))
    prepare = agent_pb2.Prepare(
        run_id=RUN_ID,
        source=agent_pb2.TestSource(name="t.py", text=source.text),
        shares=agent_pb2.ShareTable(entries=[agent_pb2.ShareEntry(agent="a", weight=1)]),
        agent="a",
    )
    with pytest.raises(ScriptsRefused, match="this agent runs no tests in Python"):
        Engine.build(prepare, incarnation="i", scripts=False)


_SHARED = """
    from contextlib import asynccontextmanager
    opened, closed = [], []

    @asynccontextmanager
    async def pool():
        opened.append(1)
        await asyncio.sleep(0.02)
        if len(opened) < FAILS:
            raise OSError("not yet")
        yield {"in": asyncio.current_task()}
        closed.append(1)
        beside.closed.append(1)

    import beside
    """


async def test_what_vus_share_is_opened_once_and_closed_after_the_load(site: Site) -> None:
    body = "a, b = await asyncio.gather(vu.shared(pool), vu.shared(pool))\nvu.check('one', a is b)"
    text = script(
        body + "\nvu.check(str(len(opened)), not closed)",
        more=_SHARED.replace("FAILS", "1"),
        executor="per_vu_iterations(3, vus=5)",
    )
    run = await play(text, site.url, modules={"beside.py": "closed = []"})
    assert run.rate("checks", check="one") == (15, 15)
    assert run.rate("checks", check="1") == (15, 15)
    assert sys.modules["beside"].closed == [1]


async def test_what_cannot_be_opened_is_an_exception_until_it_can(site: Site) -> None:
    text = script(
        "await vu.shared(pool)\nvu.check('there', True)",
        more=_SHARED.replace("FAILS", "3"),
        executor="per_vu_iterations(5)",
    )
    run = await play(text, site.url, modules={"beside.py": "closed = []"})
    assert run.count("failed_iterations", exception="OSError") == 2
    assert run.rate("checks", check="there") == (3, 3)


async def test_a_test_without_a_target_sends_to_whole_urls(site: Site) -> None:
    body = f"""
        vu.check("none", vu.target == "")
        r = await vu.http.get("{site.url}/echo")
        vu.check("sent", r.status == 200)
        await vu.http.get("/echo")
        """
    text = script(body).replace(', target="http://replaced.test"', "")
    run = await play(text, "")
    assert run.rate("checks") == (2, 2)
    assert run.count("failed_iterations", exception="InvalidRequest") == 1


async def test_code_that_holds_the_loop_is_told_by_the_line_of_the_test(site: Site) -> None:
    notes: list[Note] = []
    body = "if vu.iteration == 0:\n    helper.hold()\nelse:\n    await asyncio.sleep(0.3)"
    modules = {"helper.py": "import time\n\ndef hold():\n    time.sleep(0.5)\n"}
    text = script(body, more="import helper", executor="per_vu_iterations(2)")
    await play(text, site.url, modules=modules, during=_notes_into(notes))
    (note,) = notes
    assert (note.code, note.place) == ("blocked", "helper.py:4")
    assert "hold held the event loop for more than 100 ms" in note.message


async def test_code_that_takes_no_cancellation_is_given_up_and_the_run_ends(site: Site) -> None:
    body = """
        while not stop:
            try:
                await asyncio.sleep(0.05)
            except BaseException:
                pass
    """
    notes: list[Note] = []
    engines: list[Engine] = []

    def during(engine: Engine, start: float) -> None:
        engines.append(engine)
        _notes_into(notes)(engine, start)
        at(start, 0.1, engine.halt, HaltMode.ABORT)

    text = script(body, more="stop = []", executor="constant_vus(2, duration='30s')")
    run = await play(text, site.url, during=during)
    sys.modules["groundswell_test"].stop.append(True)
    assert (run.account().interrupted, run.count("interrupted_iterations")) == (2, 2)
    assert run.reports[-1].last
    assert engines[0].is_stubborn
    assert [note.code for note in notes] == ["cancellation_ignored"]
    await asyncio.sleep(0.1)


async def test_what_comes_after_a_failed_response_is_no_fault_of_the_code(site: Site) -> None:
    body = """
        if vu.iteration == 0:
            await vu.http.get("/text?status=503", name="down")
        elif vu.iteration == 1:
            await vu.http.get("/text?status=503", name="down", expect_status=503)
        raise KeyError("price")
    """
    run = await play(script(body, executor="per_vu_iterations(3)"), site.url)
    assert run.count("failed_iterations", exception="KeyError") == 3
    assert run.count("failed_iterations", cause="response") == 1
