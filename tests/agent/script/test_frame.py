"""Requests that are filled into a frame are those that are written the long way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from groundswell_agent.http.request import Origin, prepare
from groundswell_agent.script.frame import Frame
from tests.agent.script.played import play, script

if TYPE_CHECKING:
    from groundswell_agent.http.request import PreparedRequest
    from tests.agent.engine.site import Site

_ORIGIN = Origin.at("http", "shop.test", 8080)
_NAMES = st.sampled_from(("X-A", "accept", "User-Agent", "Host", "Content-Type", "Cookie"))
_VALUES = st.text(st.characters(codec="latin-1", exclude_characters="\r\n\0"), max_size=8)
_PATHS = st.text(st.sampled_from("/ab7?&=.%20-#ü "), max_size=12).map(lambda text: f"/{text}")


async def _nothing(vu: object) -> None:
    """A site is not called here."""


def _prepared(
    method: str, path: str, headers: dict[str, str], body: bytes, base: str
) -> PreparedRequest:
    static = {"X-Static": "s", "Content-Type": "application/json"}
    own = {name.lower() for name in headers}
    kept = {name: value for name, value in static.items() if name.lower() not in own}
    return prepare(method, _ORIGIN, base + path, headers={**kept, **headers}, body=body)


def _parts(payload: bytes) -> tuple[bytes, list[bytes], bytes]:
    """The first line, the headers in any order, and the body."""
    head, _, body = payload.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    return first, sorted(lines), body


@given(
    st.sampled_from(("GET", "POST", "PUT", "DELETE", "HEAD")),
    st.sampled_from(("", "/base")),
    _PATHS,
    st.binary(max_size=20),
    st.dictionaries(_NAMES, st.tuples(_VALUES, _VALUES), max_size=3),
    st.binary(max_size=20),
)
def test_a_filled_frame_is_the_request_itself_or_nothing(
    method: str,
    base: str,
    path: str,
    body: bytes,
    headers: dict[str, tuple[str, str]],
    first_body: bytes,
) -> None:
    before = {name: "first" if name != "Host" else "first.test" for name in headers}
    own = {name: value for name, (value, _) in headers.items()}
    model = _prepared(method, "/first", before, first_body, base)
    filled = Frame(_nothing, model, base, before).request(path, own, body)
    if filled is None:
        return
    written = _prepared(method, path, own, body, base)
    assert _parts(filled.payload) == _parts(written.payload)
    assert filled.size == len(filled.payload)
    assert filled.origin is written.origin
    assert filled.method == method


async def test_every_iteration_sends_its_own_values(site: Site) -> None:
    body = """
        n = vu.iteration
        r = await vu.http.post(f"/item/{n}", name="add", headers={"X-N": str(n)}, json={"n": "ü" * n},
                               query={"q": f"a b {n}"})
        vu.check("answered", r.status == 200)
        await vu.http.get(f"/item/{n}?a=1", name="get", headers={"X-N": f"ä{n}"})
        await vu.http.delete(f"/item/ä{n}", name="delete")
        """
    run = await play(script(body, executor="per_vu_iterations(4)"), f"{site.url}")
    posted = [asked for asked in site.asked if asked.method == "POST"]
    for n, asked in enumerate(posted):
        assert (asked.path, asked.query) == (f"/item/{n}", f"q=a%20b%20{n}")
        assert (asked.headers["x-n"], asked.body) == (str(n), '{"n":"' + "ü" * n + '"}')
        assert asked.headers["content-type"] == "application/json"
    got = [asked for asked in site.asked if asked.method == "GET"]
    assert [asked.query for asked in got] == ["a=1"] * 4
    assert [asked.path for asked in site.asked if asked.method == "DELETE"] == [
        f"/item/ä{n}" for n in range(4)
    ]
    assert run.rate("checks") == (4, 4)
    assert len(posted) == len(got) == 4
    # One name is one series, whatever the path.
    assert {tags["name"] for tags in run.tags("http_reqs")} == {"add", "get", "delete"}


async def test_a_target_may_have_a_path_of_its_own(site: Site) -> None:
    body = 'await vu.http.get(f"/{vu.iteration}", name="x")'
    await play(script(body, executor="per_vu_iterations(3)"), f"{site.url}/item/")
    assert site.paths() == [f"/item/{n}" for n in range(3)]


async def test_paths_without_end_are_kept_to_a_bound(site: Site) -> None:
    body = """
        for n in range(600):
            await vu.http.get(f"/text?n={n}", name="one")
        vu.check("bounded", len(vu.scope.sites.known) <= 300)
        """
    run = await play(script(body), site.url)
    assert run.rate("checks") == (1, 1)
    assert run.count("http_reqs", name="one") == 600


async def test_every_form_with_files_says_its_own_boundary(site: Site) -> None:
    body = 'await vu.http.post("/echo", name="up", multipart={"n": str(vu.iteration)})'
    await play(script(body, executor="per_vu_iterations(3)"), site.url)
    for n, asked in enumerate(site.asked):
        boundary = asked.headers["content-type"].partition("boundary=")[2]
        assert asked.body.startswith(f"--{boundary}\r\n")
        assert f"\r\n\r\n{n}\r\n--{boundary}--" in asked.body
    assert len(site.asked) == 3
