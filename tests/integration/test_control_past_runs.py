"""Past runs, asked of a coordinator: what it has in its store and not in its memory."""

from __future__ import annotations

import json
from contextlib import aclosing
from typing import TYPE_CHECKING

import pytest

from groundswell.errors import GroundswellError, ProtocolViolation, StoreFailed, UnknownRun
from groundswell.scenario.source import TestSource
from groundswell_coordinator.history.answers import Part
from tests.integration.scripted_agent import ScriptedAgent, start_together
from tests.integration.site import TEST, running_site
from tests.integration.test_control_service import carried_out

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from groundswell_coordinator.client import ControlClient
    from tests.integration.site import Site


async def exported(client: ControlClient, run: str) -> list[bytes]:
    async with aclosing(client.export(run)) as chunks:
        return [chunk async for chunk in chunks]


async def pieces(*data: bytes) -> AsyncGenerator[bytes]:
    for piece in data:
        yield piece


async def test_a_run_of_an_earlier_life_is_watched_and_submitted_as_if_it_were_of_this_one(
    tmp_path: Path,
) -> None:
    async with running_site(tmp_path) as site:
        ended = await (await carried_out(site, "20260304-050607-1f3a9c")).ended()
    async with running_site(tmp_path) as site:
        for name in ("20260304-050607-1f3a9c", "2026", "last"):
            late = site.watch(name)
            assert await late.ended() == ended
            assert late.events[0].opened.run_id == "20260304-050607-1f3a9c"
        again = await site.submit(run_id="20260304-050607-1f3a9c")
        assert await again.ended() == ended
        with pytest.raises(GroundswellError, match="has ended already: PASS"):
            await site.client.stop("20260304-050607-1f3a9c", abort=False, cause="operator")


async def test_a_run_that_never_started_ends_with_its_reason_in_a_later_life_too(
    tmp_path: Path,
) -> None:
    async with running_site(tmp_path) as site:
        run = await site.submit(wait_s=0.1)
        first = await run.ended()
    async with running_site(tmp_path) as site:
        later = await site.watch(run.run_id).ended()
    assert (first.exit_code, later.exit_code) == (102, 102)
    assert first.error in later.error


async def test_the_summary_is_that_of_the_end_and_is_found_by_any_name(site: Site) -> None:
    run = await carried_out(site, "20260304-050607-1f3a9c")
    for name in (run.run_id, "2026", "last"):
        assert await site.client.summary(name) == await run.summary()


async def test_a_part_of_a_run_is_summed_up_from_its_seconds(site: Site) -> None:
    async with ScriptedAgent(site.address) as agent:
        run = await site.submit()
        await start_together(agent)
        for interval, count in enumerate((1, 20, 300)):
            agent.report(interval, {"http_reqs": count}, last=interval == 2)
        await run.summary()

    async def requests(part: Part) -> float:
        summary = await site.client.summary("last", part)
        assert summary.verdict is None
        return summary.metrics["http_reqs"].values["count"]

    assert await requests(Part(1, 2)) == 20
    assert await requests(Part(1)) == 320
    assert await requests(Part(0, 2)) == 21
    with pytest.raises(GroundswellError, match="are not all of the run"):
        await requests(Part(1, 9))
    with pytest.raises(ProtocolViolation, match="no time at all"):
        await requests(Part(2, 1))


async def test_a_run_that_goes_on_has_no_summary_no_verdict_and_no_file_yet(site: Site) -> None:
    async with ScriptedAgent(site.address) as agent:
        run = await site.submit()
        await start_together(agent)
        with pytest.raises(GroundswellError, match="goes on"):
            await site.client.summary(run.run_id)
        with pytest.raises(GroundswellError, match="goes on"):
            await site.client.judge(run.run_id, {})
        with pytest.raises(StoreFailed, match="has not ended"):
            await exported(site.client, run.run_id)
        with pytest.raises(StoreFailed, match="has not ended") as caught:
            await site.client.delete(run.run_id)
        assert caught.value.hint == "stop it first"
        agent.report(0, {"http_reqs": 2}, last=True)
        assert (await run.summary()).verdict == "PASS"


async def test_the_verdict_is_worked_out_anew_and_is_the_same(site: Site) -> None:
    run = await carried_out(site)
    judged = await site.client.judge("last", {})
    assert judged.summary == await run.summary()
    assert judged.stored_verdict == "PASS"
    assert judged.agrees


async def test_the_variables_of_a_test_are_asked_for_and_not_taken_from_the_coordinator(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = """
test: wave
target: http://127.0.0.1:9
scenarios:
  browse:
    executor: constant-vus
    vus: "{{ env.VUS }}"
    duration: 1s
    steps: [{get: /}]
"""
    async with ScriptedAgent(site.address) as agent:
        source = TestSource("wave.yaml", test.encode(), {"VUS": "2"})
        await site.client.submit("vus", source, agents=1, labels={}, seed=1, wait_s=5)
        run = site.watch("vus")
        await start_together(agent)
        agent.report(0, {"http_reqs": 2}, last=True)
        summary = await run.summary()
    monkeypatch.setenv("VUS", "2")
    with pytest.raises(GroundswellError, match=r"env\.VUS"):
        await site.client.judge(run.run_id, {})
    assert (await site.client.judge(run.run_id, {"VUS": "2"})).summary == summary


async def test_a_deleted_run_is_gone_and_takes_its_whole_id_to_go(site: Site) -> None:
    run = await carried_out(site, "20260304-050607-1f3a9c")
    for name in ("2026", "last"):
        with pytest.raises(UnknownRun, match="not the whole id"):
            await site.client.delete(name)
    await site.client.delete(run.run_id)
    assert await site.client.lines() == []
    with pytest.raises(UnknownRun):
        await site.client.summary(run.run_id)
    with pytest.raises(UnknownRun):
        await site.client.delete(run.run_id)


async def test_a_run_is_carried_from_one_coordinator_to_another(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    async with running_site(tmp_path / "here") as here:
        run = await carried_out(here)
        summary = await run.summary()
        file = b"".join(await exported(here.client, "last"))
    async with running_site(tmp_path / "there") as there:
        for _ in range(2):
            assert await there.client.import_run(pieces(file[:100], file[100:])) == run.run_id
        assert await there.client.summary(run.run_id) == summary
        assert (await there.client.judge(run.run_id, {})).agrees
        assert len(await there.client.lines()) == 1


@pytest.mark.parametrize("data", [b"", b"no run", b"\x1f\x8b\x08\x00" + bytes(100)])
async def test_what_is_no_run_is_not_taken_in(site: Site, data: bytes) -> None:
    with pytest.raises(StoreFailed, match="the file ") as caught:
        await site.client.import_run(pieces(data))
    assert "/tmp" not in str(caught.value)
    assert await site.client.lines() == []


async def test_a_run_that_nobody_knows_is_known_to_no_question(site: Site) -> None:
    for question in (site.client.summary("no"), site.client.judge("no", {})):
        with pytest.raises(UnknownRun, match="there is no run 'no'"):
            await question
    for name in ("no", "last"):
        with pytest.raises(UnknownRun):
            await exported(site.client, name)


async def test_the_labels_of_a_run_are_in_the_list_and_in_its_summary(site: Site) -> None:
    await carried_out(site)
    (line,) = await site.client.lines()
    assert dict(line.labels) == {"branch": "main"}
    assert json.loads((await site.client.summary("last")).to_json())["labels"] == {"branch": "main"}


async def test_a_verdict_says_of_which_variables_it_had_to_take_the_defaults(site: Site) -> None:
    test = TEST.replace("rate: 10/s", "rate: \"{{ env.RATE | default('10/s') }}\"")
    test = test.replace("http://127.0.0.1:9", "\"{{ env.URL | default('http://127.0.0.1:9') }}\"")
    async with ScriptedAgent(site.address) as agent:
        run = await site.submit(test)
        await start_together(agent)
        agent.report(0, {"http_reqs": 2}, last=True)
        await run.summary()
    assert (await site.client.judge("last", {})).not_given == ("RATE",)
    assert (await site.client.judge("last", {"RATE": "10/s"})).not_given == ()


async def test_a_baseline_is_set_listed_moved_and_removed(site: Site) -> None:
    first = await carried_out(site, "20260304-050607-1f3a9c")
    second = await carried_out(site, "20260304-050608-1f3a9c")
    assert await site.client.set_baseline("v1", ["last"]) == (second.run_id,)
    assert await site.client.set_baseline("v1", [first.run_id, "last"]) == (
        first.run_id,
        second.run_id,
    )
    found = await site.client.baselines()
    assert [(one.name, one.run_id) for one in found] == [
        ("v1", first.run_id),
        ("v1", second.run_id),
    ]
    with pytest.raises(StoreFailed, match="is the baseline 'v1'"):
        await site.client.delete(first.run_id)
    await site.client.remove_baseline("v1")
    assert await site.client.baselines() == ()
    with pytest.raises(UnknownRun, match="there is no baseline 'v1'"):
        await site.client.remove_baseline("v1")


@pytest.mark.parametrize(
    ("name", "runs"), [("", ["last"]), ("a\nb", ["last"]), ("x" * 129, ["last"]), ("v1", [])]
)
async def test_a_baseline_needs_a_name_and_a_run(site: Site, name: str, runs: list[str]) -> None:
    with pytest.raises(ProtocolViolation, match="baseline"):
        await site.client.set_baseline(name, runs)
