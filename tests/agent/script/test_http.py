"""What `vu.http` sends, as the server sees it, and what it gives back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.agent.engine.guarded import guarding
from tests.agent.engine.receiving import receiving
from tests.agent.script.played import play, script

if TYPE_CHECKING:
    from tests.agent.engine.site import Site


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "options"])
async def test_every_method_is_a_request_and_a_sample(site: Site, method: str) -> None:
    body = f'r = await vu.http.{method}("/echo", name="it")\nvu.check("status", r.status == 200)'
    run = await play(script(body), site.url)
    assert (site.only().method, site.only().path) == (method.upper(), "/echo")
    assert run.count("http_reqs", name="it", method=method.upper(), status="200") == 1
    assert run.rate("checks", check="status") == (1, 1)


async def test_head_and_request(site: Site) -> None:
    await play(
        script('await vu.http.head("/echo")\nawait vu.http.request("put", "/echo")'), site.url
    )
    assert [asked.method for asked in site.asked] == ["HEAD", "PUT"]


@pytest.mark.parametrize(
    ("options", "body", "kind"),
    [
        ('json={"a": [1, None, "ü"]}', '{"a":[1,null,"ü"]}', "application/json"),
        ('form={"a": "b c", "n": 1, "t": True}', "a=b+c&n=1&t=true", "application/x-www-form-urlencoded"),
        ('body="grün"', "grün", None),
        ('body=b"bytes", headers={"content-TYPE": "x/y"}', "bytes", "x/y"),
        ('json=[], headers={"Content-Type": "my/json"}', "[]", "my/json"),
        ("", "", None),
    ],
)  # fmt: skip
async def test_a_body_is_sent_as_it_is_given(
    site: Site, options: str, body: str, kind: str | None
) -> None:
    await play(script(f'await vu.http.post("/echo", {options})'), site.url)
    asked = site.only()
    assert asked.body == body
    assert asked.headers.get("content-type") == kind
    assert asked.headers["content-length"] == str(len(body.encode()))


async def test_a_form_with_files() -> None:
    body = """
        image = bytes(range(256))
        await vu.http.post("/a", multipart={
            "title": "grün", "n": 5, "raw": b"\\x00", "photo": ("a.png", image),
            "more": [("b.bin", "x"), ("c", image, "image/x-own")],
        })
    """
    async with receiving() as uploads:
        run = await play(script(body), uploads.url)
    (one,) = uploads.received
    image = bytes(range(256))
    assert one.parts == [
        ("title", None, None, "grün".encode()),
        ("n", None, None, b"5"),
        ("raw", None, None, b"\x00"),
        ("photo", "a.png", "image/png", image),
        ("more", "b.bin", "application/octet-stream", b"x"),
        ("more", "c", "image/x-own", image),
    ]
    assert run.rate("http_req_failed") == (0, 1)


@pytest.mark.parametrize(
    ("part", "told"),
    [
        ("None", "is text or bytes, not NoneType"),
        ('("a.png",)', "(name, content) or (name, content, media type)"),
        ('("a.png", b"", "no type")', "is not a media type"),
        ('("a.png", {})', "is text or bytes, not dict"),
    ],
)
async def test_what_is_no_part_is_said(site: Site, part: str, told: str) -> None:
    body = f"""
        try:
            await vu.http.post("/echo", multipart={{"a": {part}}})
        except (TypeError, ValueError) as error:
            vu.check(str(error), True)
    """
    run = await play(script(body), site.url)
    assert site.asked == []
    (tags,) = run.tags("checks")
    assert told in tags["check"]


async def test_query_headers_and_defaults(site: Site) -> None:
    body = """
        await vu.http.get("/echo?a=1", query={"q": "a b", "on": True, "n": 1}, headers={"x-own": "o"})
        await vu.http.get("/echo", query={"on": 1}, headers={"X-Default": "mine"})
    """
    defaults = 'defaults={"headers": {"X-Default": "d", "X-Secret": "{{ secret.HOME }}"}}'
    await play(script(body, test=defaults), site.url)
    first, second = site.asked
    assert first.query == "a=1&q=a%20b&on=true&n=1"
    assert (first.headers["x-own"], first.headers["x-default"]) == ("o", "d")
    assert first.headers["x-secret"].startswith("/")
    # True and 1 are one key to Python, and not to a server.
    assert (second.query, second.headers["x-default"]) == ("on=1", "mine")


async def test_a_default_that_changes_is_new_in_every_request(site: Site) -> None:
    defaults = 'defaults={"headers": {"X-Id": "{{ uuid() }}"}}'
    await play(script('for _ in range(3): await vu.http.get("/echo")', test=defaults), site.url)
    assert len({asked.headers["x-id"] for asked in site.asked}) == 3


async def test_a_digest_of_the_defaults_and_a_header_of_the_request_s_own() -> None:
    defaults = 'defaults={"auth": {"digest": {"user": "Ann", "password": "secret"}}}'
    body = """
        r = await vu.http.get("/a")
        vu.check("signed", r.status == 200)
        await vu.http.post("/b", body="text")
        r = await vu.http.get("/c", headers={"Authorization": "own"}, expect_status=401)
        vu.check("own", r.status == 401)
    """
    async with guarding() as server:
        run = await play(script(body, test=defaults), server.url)
    assert server.asked == [
        ("GET", "/a", 401), ("GET", "/a", 200), ("POST", "/b", 200), ("GET", "/c", 401)
    ]  # fmt: skip
    assert run.rate("http_req_failed") == (0, 4)
    assert run.rate("checks") == (2, 2)


async def test_connections_are_as_the_test_says(site: Site) -> None:
    body = 'await asyncio.gather(*(vu.http.get("/echo") for _ in range(4)))'
    for policy, count in (('"new"', 4), ('{"shared": 1}', 1), ('"per-vu"', 4)):
        site.asked.clear()
        await play(script(body, test=f'http={{"connections": {policy}}}'), site.url)
        assert len(site.asked) == 4
        assert len({asked.peer for asked in site.asked}) == count
    assert {asked.headers.get("connection") for asked in site.asked} == {None}


async def test_a_path_may_be_a_whole_url_and_holds_what_it_holds(site: Site) -> None:
    body = f'await vu.http.get("{site.url}/echo/../item/ü b", name="x")'
    run = await play(script(body), "http://nowhere.test:1")
    assert site.only().path.endswith("ü b")
    assert run.count("http_reqs", name="x") == 1


async def test_what_a_response_gives(site: Site) -> None:
    body = """
        r = await vu.http.get("/item/7", name="item")
        seen = [r.status, r.ok, r.error, r.json()["by"]["name"], r.headers["x-request"],
                r.headers.get("X-NONE"), "x-count" in r.headers, r.text()[:5], r.body[:1],
                0 < r.duration < 5]
        vu.check(repr(seen), True)
        z = await vu.http.get("/text?gzip=1&body=" + "w" * 100)
        vu.check("unpacked", z.text() == "w" * 100 and len(z.body) == 100)
        big = await vu.http.get("/big?kib=64")
        vu.check("in many reads", big.json()["end"] == 5 and len(big.json()["text"]) == 64 * 1024)
        cookies = await vu.http.get("/set?a=1&b=2")
        vu.check("both", cookies.header_values("set-cookie") == ["a=1", "b=2"])
        none = await vu.http.get("/item/7", keep_body=False)
        vu.check("dropped", none.body == b"" and none.status == 200)
    """
    run = await play(script(body), site.url)
    expected = "[200, True, None, 'Ann', 'r-7', None, True, '{\"id\"', b'{', True]"
    assert run.rate("checks", check=expected) == (1, 1), run.tags("checks")
    for name in ("unpacked", "in many reads", "both", "dropped"):
        assert run.rate("checks", check=name) == (1, 1), name
    assert run.count("failed_iterations") == 0


async def test_statuses_that_are_expected(site: Site) -> None:
    body = """
        for expected in (404, "4xx", [200, 404], ["2xx", "404"]):
            r = await vu.http.get("/nothing", name="ok", expect_status=expected)
            vu.check("ok", r.ok)
        r = await vu.http.get("/nothing", name="bad")
        vu.check("not ok", not r.ok)
    """
    run = await play(script(body), site.url)
    assert run.rate("http_req_failed", name="ok") == (0, 4)
    assert run.rate("http_req_failed", name="bad") == (1, 1)
    assert run.rate("checks") == (5, 5)


async def test_cookies_and_redirects_are_those_of_a_test_file(site: Site) -> None:
    body = """
        await vu.http.get("/set?sid=7")
        r = await vu.http.get("/again/2", name="again")
        vu.check("there", r.text() == "there")
        await vu.http.post("/echo", json={"a": 1}, headers={"X": "y"})
        none = await vu.http.get("/again/2", redirects=1)
        vu.check("too many", (none.error, none.ok) == ("redirects", False))
        at = await vu.http.get("/to/302?at=/echo", redirects=0)
        vu.check("not followed", (at.status, at.headers["location"]) == (302, "/echo"))
    """
    run = await play(script(body, executor="per_vu_iterations(2)"), site.url)
    asked = [one for one in site.asked if one.path == "/echo"]
    # A redirect's cookies go only on, those of an iteration end with it.
    posted = [one for one in asked if one.method == "POST"]
    assert [(one.headers["cookie"], one.body) for one in posted] == [("sid=7", '{"a":1}')] * 2
    assert "cookie" not in site.asked[0].headers
    assert run.rate("checks") == (6, 6)


async def test_requests_side_by_side_each_have_a_connection_and_keep_it(site: Site) -> None:
    body = """
        for _ in range(3):
            await asyncio.gather(*(vu.http.get(f"/text?slow=0.05&n={n}", name="slow") for n in range(4)))
            await vu.http.get("/echo")
    """
    run = await play(script(body), site.url)
    peers = {str(asked.peer) for asked in site.asked}
    assert len(peers) == 4
    assert run.count("http_reqs", name="slow") == 12
    # At the same time, or they would take twelve times as long.
    assert run.trend("iteration_duration").max_ms < 500


async def test_a_target_that_refuses_is_a_response_without_a_status() -> None:
    body = """
        r = await vu.http.get("/")
        vu.check(f"{r.status} {r.error} {r.ok} {r.body} {r.text()} {dict(r.headers)}", True)
        vu.check("late", (await vu.http.get("/", timeout=0.001)).error in ("refused", "timeout"))
        r.json()
    """
    run = await play(script(body), "http://127.0.0.1:1")
    assert run.rate("checks", check="0 refused False b''  {}") == (1, 1)
    assert run.rate("checks", check="late") == (1, 1)
    assert run.count("http_reqs", error="refused") >= 1
    # What the target does is not the test's own fault.
    assert run.count("failed_iterations", cause="response") == 1


async def test_a_timeout_in_seconds_or_as_text(site: Site) -> None:
    body = """
        for timeout in (0.05, "50ms"):
            r = await vu.http.get("/text?slow=5", timeout=timeout, name="slow")
            vu.check("timeout", r.error == "timeout")
    """
    run = await play(script(body), site.url)
    assert run.rate("checks") == (2, 2)
    assert run.count("http_reqs", name="slow", error="timeout") == 2


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ('get("nope")', "InvalidRequest"),
        ('get("/", params={"a": 1})', "TypeError"),
        ('get("/", json=1, body="x")', "InvalidRequest"),
        ('get("/", json={1, 2}, timeout="soon")', "InvalidRequest"),
        ('get("/", headers={"A": "b\\nc"})', "InvalidRequest"),
        ('get("/", headers=["A"])', "TypeError"),
        ('get("/", expect_status="soon")', "InvalidRequest"),
        ('get("/", tags={"status": "1"})', "InvalidRequest"),
        ('request("BREW", "/")', "InvalidRequest"),
        ('post("/", json=object())', "TypeError"),
    ],
)
async def test_what_cannot_be_sent_is_an_exception_at_the_call(
    site: Site, call: str, told: str
) -> None:
    text = script(f"await vu.http.{call}")
    run = await play(text, site.url)
    line = text[: text.index("await vu")].count("\n") + 1
    assert run.count("failed_iterations", exception=told, at=f"t.py:{line}") == 1
    assert site.asked == []
