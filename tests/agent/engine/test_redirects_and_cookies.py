"""Redirects, each hop a request of its own, and the cookies that a VU keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from groundswell_agent.engine.cookies import Jar
from groundswell_agent.http.request import Origin
from tests.agent.engine.played import get, once, per_vu, play
from tests.agent.engine.site import serving

if TYPE_CHECKING:
    from tests.agent.engine.played import Step
    from tests.agent.engine.site import Site


@pytest.mark.parametrize(
    ("status", "method", "then"),
    [
        (301, "POST", "GET"), (302, "POST", "GET"), (303, "POST", "GET"),
        (307, "POST", "POST"), (308, "POST", "POST"),
        (301, "PUT", "PUT"), (302, "DELETE", "DELETE"), (303, "PUT", "GET"),
        (302, "GET", "GET"), (303, "HEAD", "HEAD"), (308, "HEAD", "HEAD"),
    ],
)  # fmt: skip
async def test_a_redirect_asks_for_the_next_request_as_browsers_do(
    site: Site, status: int, method: str, then: str
) -> None:
    step: Step = {
        method.lower(): f"/to/{status}?at=/echo?x=1",
        "name": "step",
        "headers": {"X-A": "a"},
    }
    if method in ("POST", "PUT"):
        step["json"] = {"a": 1}
    run = await play(site.url, once({**step, "check": {"status": 200}}))
    first, last = site.asked
    assert (first.method, last.method, last.path, last.query) == (method, then, "/echo", "x=1")
    kept = then == method
    assert last.body == (first.body if kept else "")
    assert ("content-type" in last.headers) is (kept and "content-type" in first.headers)
    assert last.headers["x-a"] == "a"
    # Each is a sample, and the check is on the last.
    assert run.count("http_reqs", name="step", status=str(status), method=method) == 1
    assert run.count("http_reqs", name="step", status="200", method=then) == 1
    assert run.rate("http_req_failed") == (0, 2)
    assert run.rate("checks") == (1, 1)


async def test_redirects_may_be_relative_and_many(site: Site) -> None:
    run = await play(site.url, once(get("/again/3", name="a", check={"body": "there"})))
    assert site.paths() == ["/again/3", "/again/2", "/again/1", "/again/0"]
    assert run.rate("checks") == (1, 1)
    assert run.trend("http_req_response_time").count == 4


async def test_ten_redirects_are_followed_and_the_eleventh_is_an_error(site: Site) -> None:
    run = await play(site.url, once(get("/again/10", name="ten", check={"status": 200})))
    assert len(site.asked) == 11
    assert run.rate("checks") == (1, 1)
    site.asked.clear()
    run = await play(site.url, once(get("/again/11", name="eleven", check={"status": 200})))
    assert len(site.asked) == 11
    assert run.rate("checks") == (0, 1)
    assert run.rate("http_req_failed") == (1, 11)
    assert run.count("http_reqs", status="302", error="redirects") == 1


async def test_redirects_0_gives_the_redirect_itself(site: Site) -> None:
    step = get(
        "/again/1", redirects=0, check={"status": 302}, capture={"to": {"header": "location"}}
    )
    run = await play(site.url, once(step, get("/again/{{ to }}", name="b")))
    assert site.paths() == ["/again/1", "/again/0"]
    assert run.rate("checks") == (2, 2)


async def test_a_followed_redirect_is_expected_whatever_the_step_expects(site: Site) -> None:
    run = await play(site.url, once(get("/again/1", name="a", expect_status=200)))
    assert run.rate("http_req_failed") == (0, 2)
    assert {tags["expected_response"] for tags in run.tags("http_reqs")} == {"true"}


@pytest.mark.parametrize(
    "location",
    [
        "ftp://x/",
        "http://[",
        "//:0/",
        "file:///etc/passwd",
        "javascript:0",
        "data:,x",
        f"//{'a' * 254}/",
    ],
)
async def test_a_redirect_to_nowhere_is_the_response(site: Site, location: str) -> None:
    run = await play(site.url, once(get("/to/302", name="a", query={"at": location})))
    assert run.count("http_reqs", status="302") == len(site.asked) == 1


async def test_a_redirect_to_another_host_takes_no_credentials_along(site: Site) -> None:
    async with serving() as other:
        step = get(
            "/to/302",
            name="a",
            query={"at": f"{other.url}/echo"},
            auth={"bearer": "t"},
            headers={"X-A": "a"},
        )
        await play(site.url, once(step, get("/to/302?at=/echo", name="b", auth={"bearer": "t"})))
        assert "authorization" not in other.only().headers
        assert other.only().headers["x-a"] == "a"
        assert other.only().headers["host"] == other.url.removeprefix("http://")
    assert site.asked[-1].headers["authorization"] == "Bearer t"


async def test_a_hop_that_fails_is_the_failure_of_the_step(site: Site) -> None:
    step = get("/to/302", name="a", query={"at": "http://127.0.0.1:1/"}, check={"status": 200})
    run = await play(site.url, once(step))
    assert run.count("http_reqs", status="302") == 1
    assert run.count("http_reqs", error="refused") == 1
    assert run.rate("checks") == (0, 1)


async def test_cookies_go_back_in_the_same_iteration(site: Site) -> None:
    steps = [
        get("/set?sid=a&x=1"),
        get("/echo"),
        get("/set?sid=b"),
        get("/echo"),
        get("/set?x=;Max-Age=0"),
        get("/echo"),
    ]
    await play(site.url, per_vu(1, 2, steps=steps))
    cookies = [asked.headers.get("cookie") for asked in site.asked]
    assert cookies == 2 * [None, "sid=a; x=1", "sid=a; x=1", "sid=b; x=1", "sid=b; x=1", "sid=b"]


async def test_cookies_of_a_redirect_go_with_the_next_hop(site: Site) -> None:
    await play(site.url, once(get("/to/302?at=/echo")))
    assert site.asked[-1].headers["cookie"] == "hop=1"


@pytest.mark.parametrize(
    ("cookies", "seen"),
    [("iteration", [None, None]), ("keep", [None, "sid=a"]), ("off", [None, None])],
)
async def test_how_long_cookies_are_kept(site: Site, cookies: str, seen: list[str | None]) -> None:
    steps = [get("/echo"), get("/set?sid=a")]
    await play(site.url, per_vu(1, 2, steps=steps, cookies=cookies))
    assert [a.headers.get("cookie") for a in site.asked if a.path == "/echo"] == seen


async def test_cookies_off_send_nothing_back(site: Site) -> None:
    await play(site.url, once(get("/set?a=1"), get("/echo"), cookies="off"))
    assert "cookie" not in site.asked[-1].headers


async def test_a_cookie_header_of_the_step_goes_alone(site: Site) -> None:
    await play(site.url, once(get("/set?a=1"), get("/echo", headers={"Cookie": "own=1"})))
    assert site.asked[-1].headers["cookie"] == "own=1"


async def test_cookies_go_with_templated_requests_and_bodies_too(site: Site) -> None:
    body: Step = {"post": "/echo", "json": {"vu": "{{ vu }}"}}
    await play(
        site.url, once(get("/set?a=1"), get("/item/{{ vu }}"), body, {"post": "/echo", "body": "x"})
    )
    assert [asked.headers.get("cookie") for asked in site.asked[1:]] == ["a=1"] * 3
    assert [asked.body for asked in site.asked[2:]] == ['{"vu":1}', "x"]


HTTP, HTTPS = Origin.at("http", "shop.test"), Origin.at("https", "shop.test")


@pytest.mark.parametrize(
    ("line", "asked", "origin", "path", "goes"),
    [
        ("a=1", "/x/y", HTTP, "/x/z", True),
        ("a=1", "/x/y", HTTP, "/z", False),
        ("a=1", "/x/y", HTTP, "/xy", False),
        ("a=1; Path=/", "/x/y", HTTP, "/z?q=/x", True),
        ("a=1; path=/shop", "/", HTTP, "/shop", True),
        ("a=1; path=/shop", "/", HTTP, "/shop/1", True),
        ("a=1; path=/shop", "/", HTTP, "/shopping", False),
        ("a=1; path=/shop/", "/", HTTP, "/shop/x", True),
        ("a=1; Path=relative", "/x/y", HTTP, "/x/z", True),
        ("a=1; Domain=shop.test", "/", Origin.at("http", "www.shop.test"), "/", True),
        ("a=1; Domain=.SHOP.test", "/", Origin.at("http", "www.shop.test"), "/", True),
        ("a=1", "/", Origin.at("http", "www.shop.test"), "/", False),
        ("a=1; Domain=other.test", "/", HTTP, "/", False),
        ("a=1; Domain=test", "/", HTTP, "/", False),
        ("a=1; Domain=", "/", HTTP, "/", True),
        ("a=1; Secure", "/", HTTP, "/", False),
        ("a=1; Max-Age=100", "/", HTTP, "/", True),
        ("a=1; Max-Age=0", "/", HTTP, "/", False),
        ("a=1; Max-Age=-1", "/", HTTP, "/", False),
        ("a=1; Max-Age=soon", "/", HTTP, "/", True),
        ("a=1; Expires=Wed, 21 Oct 2015 07:28:00 GMT", "/", HTTP, "/", False),
        ("a=1; Expires=Wed, 21-Oct-2015 07:28:00 GMT", "/", HTTP, "/", False),
        ("a=1; Expires=Wed, 21 Oct 2099 07:28:00 GMT", "/", HTTP, "/", True),
        ("a=1; Expires=soon", "/", HTTP, "/", True),
        ("a=1; Expires=Wed, 21 Oct 2015 07:28:00 GMT; Max-Age=9", "/", HTTP, "/", True),
        ("a=1; HttpOnly; SameSite=Strict; Odd", "/", HTTP, "/", True),
        ("a", "/", HTTP, "/", False),
        ("=1", "/", HTTP, "/", False),
        ("a=\x01", "/", HTTP, "/", False),
    ],
)
def test_which_requests_a_cookie_goes_with(
    line: str, asked: str, origin: Origin, path: str, goes: bool
) -> None:
    jar = Jar()
    jar.take([line], HTTP, asked)
    assert jar.header_for(origin, path) == ("a=1" if goes else "")


def test_a_secure_cookie_goes_over_tls_only() -> None:
    jar = Jar()
    jar.take(["a=1; Secure"], HTTPS, "/")
    assert jar.header_for(HTTPS, "/") == "a=1"
    assert jar.header_for(HTTP, "/") == ""


def test_an_address_has_no_subdomains() -> None:
    jar = Jar()
    jar.take(["a=1; Domain=0.0.1"], Origin.at("http", "127.0.0.1"), "/")
    assert not jar.cookies


def test_longer_paths_go_first_and_jars_have_an_end() -> None:
    jar = Jar()
    jar.take(["a=1; Path=/", "b=2; Path=/x"], HTTP, "/x/y")
    assert jar.header_for(HTTP, "/x/y") == "b=2; a=1"
    jar.take([f"c{n}=1" for n in range(1000)], HTTP, "/")
    assert len(jar.cookies) == 180


def test_no_word_of_a_cookie_is_longer_than_any() -> None:
    jar = Jar()
    long = "/x" * 600
    jar.take([f"a=1; Path={long}", f"b={'y' * 5000}"], HTTP, "/")
    assert [(one.name, one.path) for one in jar.cookies.values()] == [("a", "/")]
    jar.take(["c=1"], HTTP, f"{long}/")
    assert len(jar.cookies) == 1
