"""Templates in every place of a request: what goes out, with its type, and what never does."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from groundswell_agent.engine.secrets import DIRECTORY_VARIABLE, MissingSecret
from tests.agent.engine.played import build, get, once, per_vu, play, played, preparation

if TYPE_CHECKING:
    from pathlib import Path

    from tests.agent.engine.played import Step
    from tests.agent.engine.site import Site


ITEM = get("/item/7", capture={"id": "$.id", "number": "$.number", "by": "$.by", "none": "$.none"})


async def sent(site: Site, step: Step, *before: Step) -> tuple[str, str, dict[str, str], str]:
    """What came of a step: path, query, headers, body."""
    await play(site.url, once(*before, step))
    asked = site.asked[-1]
    return asked.path, asked.query, asked.headers, asked.body


async def test_a_capture_goes_into_the_path_the_query_a_header_and_the_body(site: Site) -> None:
    step: Step = {
        "post": "/echo?id={{ id }}",
        "query": {"n": "{{ number }}", "who": "{{ by.name }} & co"},
        "headers": {"X-Id": "id-{{ id }}", "X-All": "{{ by | json }}"},
        "body": "{{ id }}/{{ number }}/{{ by.next[0] }}/{{ none }}/{{ by.gone }}",
    }
    _, query, headers, body = await sent(site, step, ITEM)
    assert query == "id=7&n=7&who=Ann%20%26%20co"
    assert headers["x-id"] == "id-7"
    assert json.loads(headers["x-all"]) == {"name": "Ann", "next": ["x", {"deep": 1}]}
    assert body == "7/7/x//"


async def test_a_value_of_one_template_keeps_its_type_in_json(site: Site) -> None:
    step: Step = {
        "post": "/echo",
        "json": {
            "id": "{{ id }}",
            "number": "{{ number }}",
            "text": "n {{ number }}",
            "by": ["{{ by }}", "{{ by.next[1].deep }}"],
            "none": "{{ none }}",
            "default": "{{ none | default(5) }}",
            "as": "{{ number | json }}",
        },
    }
    _, _, headers, body = await sent(site, step, ITEM)
    assert headers["content-type"] == "application/json"
    assert headers["content-length"] == str(len(body))
    assert json.loads(body) == {
        "id": "7",
        "number": 7,
        "text": "n 7",
        "by": [{"name": "Ann", "next": ["x", {"deep": 1}]}, 1],
        "none": None,
        "default": 5,
        "as": "7",
    }


async def test_a_whole_body_may_be_one_template(site: Site) -> None:
    _, _, _, body = await sent(site, {"post": "/echo", "json": "{{ by }}"}, ITEM)
    assert json.loads(body) == {"name": "Ann", "next": ["x", {"deep": 1}]}


async def test_a_form_is_encoded_with_what_is_filled_in(site: Site) -> None:
    step: Step = {"post": "/echo", "form": {"a b": "1 + 1", "by": "{{ by.name }} ü&", "e": ""}}
    _, _, headers, body = await sent(site, step, ITEM)
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert body == "a+b=1+%2B+1&by=Ann+%C3%BC%26&e="


async def test_filters_and_functions(site: Site) -> None:
    text = (
        "{{ by.name | base64 }} {{ by | json | urlencode }} {{ gone | default('x y') | urlencode }}"
        " {{ vu }} {{ iteration }} {{ scenario }}"
    )
    step: Step = {"post": "/echo", "body": text}
    before = get("/item/1", capture={"gone": {"header": "X-No", "default": None}})
    _, _, _, body = await sent(site, step, ITEM, before)
    encoded = "%7B%22name%22%3A%22Ann%22%2C%22next%22%3A%5B%22x%22%2C%7B%22deep%22%3A1%7D%5D%7D"
    assert body == f"QW5u {encoded} x%20y 1 0 s"


async def test_moments_and_chance_are_of_their_kinds(site: Site) -> None:
    kinds = ["uuid()", "now()", "now('unix')", "now('unix_ms')", "now('%Y')", "random(3, 5)",
             "random(0.5, 1)"]  # fmt: skip
    step: Step = {"post": "/echo", "json": [f"{{{{ {kind} }}}}" for kind in kinds]}
    _, _, _, body = await sent(site, step)
    made = json.loads(body)
    assert UUID(made[0]).version == 4
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", made[1])
    assert made[2] == made[3] // 1000 or made[2] + 1 == made[3] // 1000
    assert made[4] == made[1][:4]
    assert made[5] in (3, 4, 5)
    assert 0.5 <= made[6] <= 1


async def test_iterations_count_from_0_for_each_vu(site: Site) -> None:
    await play(site.url, per_vu(2, 3, steps=[get("/echo?{{ vu }}.{{ iteration }}")]))
    assert sorted(asked.query for asked in site.asked) == [
        f"{vu}.{iteration}" for vu in (1, 2) for iteration in (0, 1, 2)
    ]


async def of_seed(site: Site, seed: int) -> list[str]:
    site.asked.clear()
    step: Step = {
        "post": "/echo",
        "body": "{{ vu }} {{ iteration }} {{ uuid() }} {{ random(1, 9) }}",
    }
    await played(preparation({"s": per_vu(3, 3, steps=[step])}, site.url, seed=seed))
    return sorted(asked.body for asked in site.asked)


async def test_the_same_seed_gives_the_same_run(site: Site) -> None:
    first = await of_seed(site, 5)
    assert await of_seed(site, 5) == first
    assert await of_seed(site, 6) != first
    assert len({body.split()[2] for body in first}) == 9


async def test_one_agent_and_three_agents_make_the_same_run(site: Site) -> None:
    first = await of_seed(site, 5)
    site.asked.clear()
    step: Step = {
        "post": "/echo",
        "body": "{{ vu }} {{ iteration }} {{ uuid() }} {{ random(1, 9) }}",
    }
    shares = {"a": 1, "b": 1, "c": 1}
    scenario = {"s": per_vu(3, 3, steps=[step])}
    await played(
        *(preparation(scenario, site.url, agent=one, shares=shares, seed=5) for one in shares)
    )
    assert sorted(asked.body for asked in site.asked) == first


CRLF = get(
    "/text?body=a%0d%0aX-Evil:+1%0d%0a%0d%0aGET+/evil",
    name="evil",
    capture={"x": {"regex": "(?s).*"}},
)


@pytest.mark.parametrize(
    "step",
    [
        get("/echo/{{ x }}", name="n"),
        get("{{ x }}", name="n"),
        get("/echo", name="n", headers={"X": "{{ x }}"}),
        get("/echo", name="n", auth={"bearer": "{{ x }}"}),
    ],
    ids=["path", "whole path", "header", "auth"],
)
async def test_a_line_end_never_makes_two_requests_of_one(site: Site, step: Step) -> None:
    run = await play(
        site.url, once(CRLF, {**step, "check": {"status": 200}}, get("/echo", name="next"))
    )
    assert site.paths() == ["/text", "/echo"]
    assert run.count("http_reqs", name="n", error="unsendable") == 1
    assert run.rate("http_req_failed", name="n") == (1, 1)
    assert run.rate("checks") == (1, 2)
    assert run.count("data_sent", name="n") == 0
    assert run.count("iterations") == 1
    run.assert_balanced()


async def test_a_line_end_is_data_in_a_query_a_form_and_json(site: Site) -> None:
    step: Step = {"post": "/echo", "query": {"x": "{{ x }}"}, "form": {"x": "{{ x }}"}}
    await play(site.url, once(CRLF, step, {"post": "/echo", "json": ["{{ x }}"]}))
    _, form, body = site.asked
    assert form.query.startswith("x=a%0D%0AX-Evil")
    assert form.body.startswith("x=a%0D%0AX-Evil")
    assert json.loads(body.body) == ["a\r\nX-Evil: 1\r\n\r\nGET /evil"]


async def test_a_header_beyond_latin_1_is_not_sent(site: Site) -> None:
    before = get("/text?body=%E2%82%AC", capture={"x": {"regex": ".*"}})
    run = await play(site.url, once(before, get("/echo", name="n", headers={"X": "{{ x }}"})))
    assert run.count("http_reqs", name="n", error="unsendable") == 1


async def test_a_path_is_escaped_where_it_must_be(site: Site) -> None:
    before = get("/text?body=a%20b/%C3%BC%3Fq%3D1%23f", capture={"x": {"regex": ".*"}})
    await play(site.url, once(before, get("/echo?{{ x }}"), get("/item/{{ x | urlencode }}")))
    assert site.asked[1].query == "a%20b/%C3%BC?q=1%23f"
    assert site.asked[2].path == "/item/a b/ü?q=1#f"


async def test_a_path_that_is_a_template_may_be_a_url_or_a_path(site: Site) -> None:
    links = [get(f"/text?body={link}", capture={"x": {"regex": ".*"}}) for link in
             (f"{site.url}/echo%3Fa%3D1%23top", "/echo%3Fb%3D2", "echo")]  # fmt: skip
    follow = get("{{ x }}", name="link", query={"c": "{{ vu }}"})
    run = await play("http://127.0.0.1:1", once(*(s for link in links for s in
                     ({**link, "get": f"{site.url}{link['get']}"}, follow))))  # fmt: skip
    assert [asked.query for asked in site.asked if asked.path == "/echo"] == ["a=1&c=1"]
    # The second is below the target, where nobody listens; the third is neither path nor URL.
    assert run.count("http_reqs", name="link", error="refused") == 1
    assert run.count("http_reqs", name="link", error="unsendable") == 1


async def test_headers_of_defaults_wait_for_what_they_name(site: Site) -> None:
    test = {
        "test": "t",
        "target": site.url,
        "defaults": {"auth": {"bearer": "{{ id }}"}, "headers": {"X-Vu": "{{ vu }}"}},
        "scenarios": {
            "s": once(ITEM, get("/echo"), get("/echo", headers={"Authorization": "own"}))
        },
    }
    prepare = preparation({}, site.url)
    prepare.source.text = json.dumps(test).encode()
    await played(prepare)
    assert [asked.headers.get("authorization") for asked in site.asked] == [None, "Bearer 7", "own"]
    assert [asked.headers.get("x-vu") for asked in site.asked] == ["1"] * 3


async def test_basic_auth_is_what_rfc_7617_says(site: Site) -> None:
    await play(
        site.url,
        once(
            get("/echo", auth={"basic": {"user": "Aladdin", "password": "open sesame"}}),
            get("/item/sesame", capture={"id": "$.id"}),
            get("/echo", auth={"basic": {"user": "Aladdin", "password": "open {{ id }}"}}),
        ),
    )
    expected = "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    assert [a.headers.get("authorization") for a in site.asked] == [expected, None, expected]


async def test_a_secret_comes_from_the_agents_machine(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "FROM_FILE").write_text("of a file\n")
    monkeypatch.setenv(DIRECTORY_VARIABLE, str(tmp_path))
    monkeypatch.setenv("FROM_ENV", "a&b")
    step = get(
        "/echo",
        headers={"X-A": "{{ secret.FROM_FILE }}", "X-B": "{{ secret.FROM_ENV }}"},
        query={"q": "{{ secret.FROM_ENV }}"},
    )
    _, query, headers, _ = await sent(site, step)
    assert (headers["x-a"], headers["x-b"], query) == ("of a file", "a&b", "q=a%26b")


async def test_a_missing_secret_is_told_before_the_load(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("NO_SUCH", raising=False)
    step = get("/", headers={"X": "{{ secret.NO_SUCH }}"})
    with pytest.raises(MissingSecret, match="the secret NO_SUCH is not here"):
        build(preparation({"s": once(step)}, "http://127.0.0.1:1"))
