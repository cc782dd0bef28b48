"""What is taken out of responses, and what is expected of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.agent.engine.played import get, once, per_vu, play

if TYPE_CHECKING:
    from tests.agent.engine.played import Measured, Step
    from tests.agent.engine.site import Site


async def captured(site: Site, path: str, source: object) -> str:
    """What a capture from a response gives, as the query of a next request has it."""
    step = get(path, capture={"x": source})
    await play(site.url, once(step, {"post": "/echo", "json": "{{ x }}"}))
    return site.asked[-1].body


@pytest.mark.parametrize(
    ("path", "source", "found"),
    [
        ("/item/7", "$.id", '"7"'),
        ("/item/7", "$", None),
        ("/item/7", "$.price", "14.5"),
        ("/item/7", "$.sold", "false"),
        ("/item/7", "$.none", "null"),
        ("/item/7", "$.tags[1]", '"b"'),
        ("/item/7", "$['by']['next'][1].deep", "1"),
        ("/item/7", '$.by["name"]', '"Ann"'),
        ("/item/7", "$.parts[?@.ok == true].n", "2"),
        ("/item/7", "$..deep", "1"),
        ("/item/7", "$.tags[-1]", '"b"'),
        ("/item/7", "$.parts[*].n", "1"),
        ("/item/7", {"json": "$.id"}, '"7"'),
        ("/item/7", {"header": "x-REQUEST"}, '"r-7"'),
        ("/set?sid=abc", {"cookie": "sid"}, '"abc"'),
        ("/item/7", {"regex": '"number": ([0-9]+)'}, '"7"'),
        ("/item/7", {"regex": '"(n)umber": ([0-9]+)', "group": 2}, '"7"'),
        ("/item/7", {"regex": "numb.r"}, '"number"'),
        ("/page", {"field": "csrf"}, '"to&ken"'),
        ("/page", {"field": "note"}, '"hello"'),
        ("/page", {"field": "size"}, '"m"'),
        ("/item/7", {"json": "$.gone", "default": 5}, "5"),
        ("/item/7", {"json": "$.gone", "default": None}, "null"),
        ("/item/7", {"json": "$.none", "default": 5}, "null"),
        ("/item/7", {"json": "$.tags.x", "default": ""}, '""'),
        ("/item/7", {"json": "$.tags[9]", "default": ""}, '""'),
        ("/item/7", {"json": "$..gone", "default": ""}, '""'),
        ("/item/7", {"header": "X-Gone", "default": "d"}, '"d"'),
        ("/page", {"json": "$.a", "default": "no JSON"}, '"no JSON"'),
        ("/page", {"json": "$..a", "default": "no JSON"}, '"no JSON"'),
        ("/page", {"field": "gone", "default": "d"}, '"d"'),
        ("/text?body=abc&gzip=1", {"regex": "b."}, '"bc"'),
        ("/big?kib=700", "$.end", "5"),
        ("/text?body=%22a%22", "$", '"a"'),
        ("/text?body=%22a%22", {"json": "$..a", "default": "text"}, '"text"'),
        ("/text?body=%22{a%22", {"json": "$[0]", "default": "text"}, '"text"'),
        ("/text?body=5", {"json": "$..a", "default": "a number"}, '"a number"'),
        ("/text?body=[[1,2]]", "$[0][1]", "2"),
        ("/text?body=[", {"json": "$[0]", "default": "broken"}, '"broken"'),
        ("/text?body=", {"json": "$", "default": "empty"}, '"empty"'),
    ],
)
async def test_what_a_capture_finds(
    site: Site, path: str, source: object, found: str | None
) -> None:
    body = await captured(site, path, source)
    assert body == found if found is not None else body.startswith('{"id":"7"')


@pytest.mark.parametrize(
    "source",
    ["$.gone", "$.tags[2]", "$..gone", {"header": "X-Gone"}, {"cookie": "c"}, {"regex": "gone"},
     {"regex": "(gone)?number"}, {"field": "gone"}],
)  # fmt: skip
async def test_a_capture_that_finds_nothing_is_a_failed_check_and_ends_the_iteration(
    site: Site, source: object
) -> None:
    steps = [get("/item/7", name="item", capture={"x": source, "id": "$.id"}, check={"status": 200}),
             get("/echo")]  # fmt: skip
    run = await play(site.url, per_vu(1, 2, steps=steps))
    assert site.paths() == ["/item/7"] * 2
    assert run.rate("checks", check="item: capture x") == (0, 2)
    assert run.rate("checks", check="item: capture id") == (2, 2)
    assert run.rate("checks", check="item: status 200") == (2, 2)
    # It has ended early, and is one nevertheless.
    assert run.count("iterations") == 2
    run.assert_balanced()


async def test_captures_live_for_one_iteration(site: Site) -> None:
    steps: list[Step] = [
        {"if": "iteration == 0", "then": [get("/item/7", capture={"x": "$.id"})]},
        get("/echo?x={{ x | default('gone') }}"),
    ]
    await play(site.url, per_vu(1, 2, steps=steps))
    assert [asked.query for asked in site.asked if asked.path == "/echo"] == ["x=7", "x=gone"]


async def checked(site: Site, path: str, check: dict[str, object]) -> bool:
    run = await play(site.url, once(get("/item/7", capture={"id": "$.id"}), get(path, check=check)))
    passes, total = run.rate("checks", check=_name(run))
    assert total == 1
    return passes == 1


def _name(run: Measured) -> str:
    (name,) = (t["check"] for t in run.tags("checks") if "capture" not in t["check"])
    return name


@pytest.mark.parametrize(
    ("path", "check", "passes"),
    [
        ("/item/1", {"status": 200}, True),
        ("/item/1", {"status": "< 300"}, True),
        ("/item/1", {"status": ">= 300"}, False),
        ("/item/1", {"status": "!= 200"}, False),
        ("/item/1", {"status": ["4xx", 200]}, True),
        ("/item/1", {"duration": "< 30s"}, True),
        ("/text?slow=0.2", {"duration": "< 100ms"}, False),
        ("/text?body=abc", {"size": 3}, True),
        ("/text?body=abc&gzip=1", {"size": 3}, True),
        ("/text?body=abc", {"size": "< 3B"}, False),
        ("/text?body=abc", {"body": "abc"}, True),
        ("/text?body=abc", {"body": "contains b"}, True),
        ("/text?body=abc", {"body": "contains x"}, False),
        ("/text?body=abc", {"body": "~ ^a.c$"}, True),
        ("/text?body=abc", {"body": "!= abc"}, False),
        ("/text?body=abc", {"body": ["x", "abc"]}, True),
        ("/text?body=5", {"body": 5}, True),
        ("/text?body=7", {"body": "{{ id }}"}, True),
        ("/text?body=id-7", {"body": "contains -{{ id }}"}, True),
        ("/text?kind=a", {"header.X-KIND": "a"}, True),
        ("/item/1", {"header.X-Count": "> 11"}, True),
        ("/item/1", {"header.X-Count": 12}, True),
        ("/item/1", {"header.X-Gone": "exists"}, False),
        ("/item/1", {"header.X-Count": "exists"}, True),
        ("/item/1", {"$.number": 7}, True),
        ("/item/1", {"$.number": 7.0}, True),
        ("/item/1", {"$.number": "7"}, False),
        ("/item/1", {"$.number": "== 7"}, True),
        ("/item/1", {"$.number": "!= 7"}, False),
        ("/item/1", {"$.number": "> 6.5"}, True),
        ("/item/1", {"$.id": "> 0"}, True),
        ("/item/1", {"$.id": 1}, False),
        ("/item/1", {"$.id": "1"}, True),
        ("/item/7", {"$.id": "{{ id }}"}, True),
        ("/item/7", {"$.id": "!= {{ id }}"}, False),
        ("/item/1", {"$.sold": False}, True),
        ("/item/1", {"$.sold": 0}, False),
        ("/item/1", {"$.none": None}, True),
        ("/item/1", {"$.gone": None}, False),
        ("/item/1", {"$.none": "exists"}, True),
        ("/item/1", {"$.gone": "exists"}, False),
        ("/item/1", {"$.gone": "!= 1"}, True),
        ("/item/1", {"$.gone": "< 1"}, False),
        ("/item/1", {"$.none": "< 1"}, False),
        ("/item/1", {"$.tags": "contains b"}, True),
        ("/item/1", {"$.tags": "contains c"}, False),
        ("/item/1", {"$.by": "contains name"}, True),
        ("/item/1", {"$.by.name": ["Bob", "Ann"]}, True),
        ("/item/1", {"$.by.name": "~ ^A"}, True),
        ("/item/1", {"$.by.name": "== 'Ann'"}, True),
        ("/item/1", {"$..deep": 1}, True),
        ("/page", {"$.a": "exists"}, False),
    ],
)
async def test_a_check_passes_or_fails(
    site: Site, path: str, check: dict[str, object], passes: bool
) -> None:
    assert await checked(site, path, check) is passes


async def test_checks_have_the_names_that_reports_show(site: Site) -> None:
    step = get(
        "/item/7",
        name="item",
        check=[
            {"status": "2xx", "$.number": "> 0"},
            {"name": "has a price", "$.price": 14.5},
            {"$.tags[0]": ["a", "b"]},
        ],
    )
    run = await play(site.url, once(step))
    assert {tags["check"] for tags in run.tags("checks")} == {
        "item: status 2xx",
        "item: $.number > 0",
        "has a price",
        "item: $.tags[0] [a, b]",
    }
    assert run.rate("checks") == (4, 4)


async def test_checks_never_stop_a_vu_by_themselves(site: Site) -> None:
    steps = [get("/item/7", check=[{"status": 500}, {"$.id": "x"}]), get("/echo", name="next")]
    run = await play(site.url, once(*steps))
    assert run.count("http_reqs", name="next") == 1


@pytest.mark.parametrize(
    ("step", "ends"),
    [
        (get("/item/7", check={"status": 500}), True),
        (get("/item/7", check={"$.id": "x"}), True),
        (get("/text?status=500"), True),
        (get("/text?status=409", expect_status=[201, 409], check={"status": 201}), True),
        (get("/text?status=409", expect_status=[201, 409]), False),
        (get("/item/7", check={"status": 200, "$.id": "7"}), False),
        (get("http://127.0.0.1:1/", name="n"), True),
    ],
)
async def test_on_fail_ends_the_iteration_where_the_request_or_a_check_fails(
    site: Site, step: Step, ends: bool
) -> None:
    run = await play(site.url, once({**step, "on_fail": "end-iteration"}, get("/echo")))
    assert ("/echo" in site.paths()) is not ends
    assert run.count("iterations") == 1
    run.assert_balanced()


async def test_a_request_without_an_answer_fails_all_its_checks_and_captures(site: Site) -> None:
    gone = get(
        "http://127.0.0.1:1/",
        name="gone",
        check=[{"status": 200}, {"$.a": "exists"}],
        capture={"x": {"json": "$.x", "default": "d"}},
    )
    run = await play(site.url, once(gone, get("/echo?{{ x }}")))
    assert run.rate("checks") == (0, 2)
    assert site.only().query == "d"
    gone["capture"] = {"x": "$.x"}
    run = await play(site.url, once(gone, get("/echo?{{ x }}")))
    assert run.rate("checks") == (0, 3)
    assert len(site.asked) == 1
