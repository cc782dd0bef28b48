"""A test gone through once: what is told of it, held against what the target was asked."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

import pytest

from groundswell.exit_codes import ExitCode
from groundswell.files.places import UNSEEN, Beside
from groundswell.telling import (
    Begin,
    Body,
    End,
    Event,
    Note,
    Request,
    Response,
    Step,
    Summary,
    decoded,
    encoded,
)
from groundswell.v1 import agent_pb2
from groundswell_agent.once.once import Once, UnknownScenario
from groundswell_agent.once.wishes import Wishes
from tests.agent.engine.site import Site, serving
from tests.integration.scripted_agent import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from groundswell.files.places import Files

E = TypeVar("E", bound=Event)

SCENARIO = "{executor: constant-vus, duration: 1s, steps: STEPS}"


@pytest.fixture
async def site() -> AsyncGenerator[Site]:
    async with serving() as site:
        yield site


class Told(list[Event]):
    """Each as it comes out of the other end of the pipe."""

    def take(self, event: Event) -> None:
        self.append(decoded(encoded(event)))

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self if isinstance(event, kind)]

    @property
    def notes(self) -> list[str]:
        return [note.text for note in self.of(Note)]


def prepared(
    site: Site,
    steps: str,
    top: str = "",
    wishes: Wishes | None = None,
    *,
    seed: int = 1,
    files: Files = UNSEEN,
) -> tuple[Once, Told]:
    test = f"test: t\ntarget: {site.url}\n{top}\nscenarios: {{a: {SCENARIO}}}\n"
    source = agent_pb2.TestSource(name="t.yaml", text=test.replace("STEPS", steps).encode())
    shares = agent_pb2.ShareTable(entries=[agent_pb2.ShareEntry(agent="once", weight=1)])
    prepare = agent_pb2.Prepare(
        run_id="once", source=source, shares=shares, agent="once", seed=seed
    )
    told = Told()
    return Once(prepare, wishes or Wishes(), told.take, files), told


async def test_requests_and_responses_are_told_as_they_were(site: Site) -> None:
    steps = "[{post: '/echo?a=b', name: say, json: {n: 7}, headers: {X-Mine: yes}}]"
    once, told = prepared(site, steps)
    assert await once.run() is ExitCode.OK
    (request,), (response,) = told.of(Request), told.of(Response)
    assert (request.name, request.method) == ("say", "POST")
    assert request.url == f"{site.url}/echo?a=b"
    asked = site.only()
    # Every header that came, and no other.
    assert {name.lower(): value for name, value in request.headers} == asked.headers
    assert request.body == Body(bytes=7, text='{"n":7}')
    assert (response.status, response.reason, response.error) == (200, "OK", None)
    assert response.body is not None
    assert response.body.text == '{"method": "POST", "path": "/echo?a=b", "body": {"n": 7}}'
    assert dict(response.headers)["Content-Length"] == str(response.body.bytes)
    ms = response.ms
    parts = ms.blocked + ms.sending + ms.waiting + ms.receiving
    assert ms.total == pytest.approx(parts, abs=0.01)
    assert ms.connecting > 0
    assert response.is_new_connection


async def test_captures_and_checks_are_told_with_what_they_found(site: Site) -> None:
    steps = (
        "[{get: /item/5, capture: {id: $.id, lost: {json: $.lost, default: 3}},"
        " check: {status: 200, $.price: '> 20', $.lost: exists}}]"
    )
    once, told = prepared(site, steps)
    assert await once.run() is ExitCode.FAIL
    (step,) = told.of(Step)
    assert [(one.name, one.value, one.found) for one in step.captures] == [
        ("id", "5", True),
        ("lost", 3, False),
    ]
    assert [
        (one.name.partition(": ")[2], one.passed, one.value, one.missing) for one in step.checks
    ] == [
        ("status 200", True, 200, False),
        ("$.price > 20", False, 14.5, False),
        ("$.lost exists", False, None, True),
    ]
    (summary,) = told.of(Summary)
    assert (summary.ok, summary.requests, summary.failed_requests) == (False, 1, 0)
    assert (summary.checks_passed, summary.checks_failed, summary.captures) == (1, 2, 2)


async def test_every_hop_of_a_redirect_is_told(site: Site) -> None:
    once, told = prepared(site, "[{get: /again/2, check: {body: there}}]")
    assert await once.run() is ExitCode.OK
    assert [(one.hop, one.url.removeprefix(site.url)) for one in told.of(Request)] == [
        (0, "/again/2"),
        (1, "/again/1"),
        (2, "/again/0"),
    ]
    assert [one.status for one in told.of(Response)] == [302, 302, 200]
    assert site.paths() == ["/again/2", "/again/1", "/again/0"]


async def test_what_gets_no_response_is_told_with_its_reason(site: Site) -> None:
    steps = "[{get: 'http://127.0.0.1:9/'}, {get: '/text?slow=5', timeout: 100ms}]"
    once, told = prepared(site, steps)
    assert await once.run() is ExitCode.FAIL
    assert [one.error for one in told.of(Response)] == ["refused", "timeout"]
    assert [one.error for one in told.of(Step)] == ["refused", "timeout"]
    (summary,) = told.of(Summary)
    assert summary.failed_requests == 2


async def test_a_request_that_cannot_be_sent_is_told_with_its_reason(site: Site) -> None:
    steps = (
        "[{get: '/text?body=a%0d%0ab', capture: {line: {regex: '(?s).*', group: 0}}},"
        " {get: /echo, headers: {X-Line: '{{ line }}'}}]"
    )
    once, told = prepared(site, steps)
    assert await once.run() is ExitCode.FAIL
    assert len(told.of(Request)) == len(site.asked) == 1
    error = told.of(Step)[-1].error
    assert error is not None
    assert error.startswith("unsendable: a value for a header")


async def test_the_way_through_the_flow_is_told(site: Site) -> None:
    steps = (
        "[{get: /item/1, capture: {n: $.number}}, {group: g, steps: ["
        "{if: n > 5, then: [{get: /a}], else: [{get: /b}]},"
        "{repeat: 2, steps: [{pause: 10s}]},"
        "{while: n == 8, max: 3, steps: [{get: /c}]},"
        "{weighted: [{weight: 3, steps: [{get: /d}]}]},"
        "{parallel: [{get: /e}, {get: /f}]}, {pace: 1m}]}]"
    )
    once, told = prepared(site, steps)
    await once.run()
    notes = told.notes
    assert notes[:8] == [
        "group g",
        "if n > 5: n is 7: it holds",
        "repeat: pass 1",
        "pause: 10s, skipped",
        "repeat: pass 2",
        "pause: 10s, skipped",
        "while n == 8: n is 7: ended after 0",
        "weighted: 3 of 3",
    ]
    assert notes[8] == "parallel: 2 branches"
    assert notes[9].startswith("pace: ")
    assert site.paths() == ["/item/1", "/a", "/d", "/e", "/f"]
    (summary,) = told.of(Summary)
    assert summary.skipped_ms > 70_000


async def test_pauses_are_waited_for_where_that_is_wished(site: Site) -> None:
    once, told = prepared(site, "[{pause: 30ms}]", wishes=Wishes(unhurried=True))
    await once.run()
    assert told.notes[0].startswith("pause: waited ")
    (summary,) = told.of(Summary)
    assert summary.skipped_ms == 0
    assert summary.ms >= 29


async def test_with_the_same_seed_the_same_is_sent(site: Site) -> None:
    steps = "[{pause: 1s..9s}, {get: '/text?body={{ uuid() }}-{{ random(1, 999999) }}'}]"
    for seed in (7, 7, 8):
        once, _ = prepared(site, steps, seed=seed)
        await once.run()
    first, second, other = (asked.query for asked in site.asked)
    assert first == second != other


async def test_an_iteration_that_ends_early_says_so(site: Site) -> None:
    once, told = prepared(site, "[{get: /page, capture: {x: $.x}}, {get: /never}]")
    assert await once.run() is ExitCode.FAIL
    assert told.of(Step)[0].ends_iteration
    assert [(end.scenario, end.outcome) for end in told.of(End)] == [("a", "ended")]
    assert site.paths() == ["/page"]


PHASES = """
setup: [{get: /item/9, capture: {id: $.id}}]
teardown: [{get: '/text?body={{ setup.id }}'}]
"""


async def test_setup_and_teardown_are_gone_through_too(site: Site) -> None:
    once, told = prepared(site, "[{get: '/item/{{ setup.id }}'}]", PHASES)
    assert await once.run() is ExitCode.OK
    assert [(one.phase, one.scenario) for one in told.of(Begin)] == [
        ("setup", None),
        ("scenario", "a"),
        ("teardown", None),
    ]
    assert [end.outcome for end in told.of(End)] == ["complete"] * 3
    assert [asked.path for asked in site.asked] == ["/item/9", "/item/9", "/text"]


@pytest.mark.parametrize(
    ("top", "code", "paths"),
    [
        (PHASES.replace("/item/9", "/text?status=500"), 100, ["/text"]),
        (PHASES.replace("/text?", "/text?status=500&"), 101, ["/item/9", "/echo", "/text"]),
        ("setup_timeout: 100ms\n" + PHASES.replace("/item/9", "/text?slow=9"), 100, ["/text"]),
    ],
)
async def test_a_phase_that_fails_has_the_exit_code_of_a_run(
    site: Site, top: str, code: int, paths: list[str]
) -> None:
    once, told = prepared(site, "[{get: /echo}]", top)
    assert await once.run() == code
    assert site.paths() == paths
    (failed,) = [end for end in told.of(End) if end.message]
    assert failed.outcome in ("failed", "timeout")


async def test_an_interrupt_ends_what_goes_on_and_teardown_follows(site: Site) -> None:
    steps = "[{get: '/text?slow=9'}, {get: /never}]"
    once, told = prepared(site, steps, PHASES)
    run = asyncio.create_task(once.run())
    await eventually(lambda: len(site.asked) == 2)
    once.interrupt()
    assert await run is ExitCode.INTERRUPTED
    assert [end.outcome for end in told.of(End)] == ["complete", "interrupted", "complete"]
    assert told.of(Response)[1].error == "cut off"
    assert site.paths()[-1] == "/text"


async def test_one_scenario_may_be_chosen_and_must_be_there(site: Site) -> None:
    once, told = prepared(site, "[{get: /echo}]", wishes=Wishes(scenario="a"))
    await once.run()
    assert [one.scenario for one in told.of(Begin)] == ["a"]
    with pytest.raises(UnknownScenario, match="no scenario `b`"):
        prepared(site, "[{get: /echo}]", wishes=Wishes(scenario="b"))


async def test_secrets_are_told_nowhere(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINE", 'p"ss w/rd')
    steps = (
        "[{post: '/echo?q={{ secret.MINE | urlencode }}', json: {s: '{{ secret.MINE }}'},"
        " auth: {basic: {user: me, password: '{{ secret.MINE }}'}},"
        " capture: {back: $.body.s}, check: {$.body.s: nothing}}]"
    )
    once, told = prepared(site, steps, wishes=Wishes(whole=True))
    await once.run()
    text = b"".join(map(encoded, told)).decode()
    # It was sent, and it came back.
    assert "p%22ss%20w%2Frd" in site.only().query
    for form in ("ss w/rd", "ss%20w%2Frd", "w/rd", "bWU6cC"):
        assert form not in text
    assert text.count("***") >= 5


async def test_large_bodies_are_cut_and_binary_ones_are_only_named(site: Site) -> None:
    steps = "[{get: '/big?kib=9'}, {get: '/text?body=hello&gzip=1', capture: {t: {regex: .*, group: 0}}}]"
    once, told = prepared(site, steps, wishes=Wishes(most=1000))
    await once.run()
    big, small = (one.body for one in told.of(Response))
    assert big is not None
    assert small is not None
    assert (big.truncated, len(big.text or "")) == (True, 1000)
    assert big.bytes > 9 * 1024
    # Without its coding, as the test reads it.
    assert small.text == "hello"
    assert told.of(Step)[1].captures[0].value == "hello"


async def test_certificates_that_nobody_looks_at_are_told(site: Site) -> None:
    setup = "setup: [{get: /text}]"
    once, told = prepared(site, "[{get: /text}]", f"http: {{tls: {{verify: false}}}}\n{setup}")
    assert await once.run() is ExitCode.OK
    assert sum("NOT verified" in note for note in told.notes) == 2
    once, told = prepared(site, "[{get: /text}]", f"http: {{connections: {{shared: 1}}}}\n{setup}")
    assert await once.run() is ExitCode.OK
    assert told.notes == []


async def test_a_row_is_told_and_what_its_columns_call_secret_is_not(
    site: Site, tmp_path: Path
) -> None:
    rows = "email,password\nann@example.com,open sesame\nbob@example.com,other one\n"
    (tmp_path / "users.csv").write_text(rows, encoding="utf-8")
    steps = "[{post: /echo, form: {e: '{{ users.email }}', p: '{{ users.password }}'}}]"
    data = "data: {users: {file: users.csv, pick: unique}}"
    once, told = prepared(site, steps, data, files=Beside(tmp_path))
    assert await once.run() is ExitCode.OK
    assert told.notes == ['row of users: {"email":"ann@example.com","password":"***"}']
    assert site.only().body == "e=ann%40example.com&p=open+sesame"
    assert "sesame" not in b"".join(map(encoded, told)).decode()
