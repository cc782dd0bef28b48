"""Steps with digest authentication against a server that checks each digest by itself."""

from __future__ import annotations

import json

import pytest
from aiohttp import web

from groundswell_agent.engine.engine import Engine
from groundswell_agent.engine.phases import Kind
from tests.agent.engine.guarded import ANN, HASHES, guarding
from tests.agent.engine.played import Step, get, once, play, preparation


@pytest.mark.parametrize("algorithm", HASHES)
async def test_one_challenge_then_digests_with_its_nonce(algorithm: str) -> None:
    async with guarding(algorithm) as server:
        post: Step = {"post": "/b", "auth": ANN, "body": "text"}
        steps = [get("/a?x=1", auth=ANN), post]
        run = await play(server.url, {**once(*steps), "iterations": 3})
    statuses = [status for _, _, status in server.asked]
    assert statuses == [401] + [200] * 6
    assert server.counts == [1, 2, 3, 4, 5, 6]
    assert server.bodies == ["", "text"] * 3
    # The target's count is ours; being asked is no failure, as being led on is none.
    assert run.count("http_reqs") == 7
    assert run.count("http_reqs", status="401", expected_response="true") == 1
    assert run.rate("http_req_failed") == (0, 7)


async def test_a_stale_nonce_is_replaced_without_a_failure() -> None:
    async with guarding(uses=2) as server:
        run = await play(server.url, {**once(get("/a", auth=ANN)), "iterations": 5})
    assert [status for _, _, status in server.asked] == [401, 200, 200, 401, 200, 200, 401, 200]
    assert server.counts == [1, 2, 1, 2, 1]
    assert run.rate("http_req_failed") == (0, 8)


async def test_a_wrong_password_is_asked_for_once_and_has_failed() -> None:
    wrong = {"digest": {"user": "Ann", "password": "guessed"}}
    async with guarding() as server:
        step = get("/a", auth=wrong, check={"status": 200})
        run = await play(server.url, {**once(step), "iterations": 2})
    assert [status for _, _, status in server.asked] == [401, 401] * 2
    assert run.rate("http_req_failed") == (2, 4)
    assert run.rate("checks") == (0, 2)


async def test_users_of_templates_have_nonces_of_their_own() -> None:
    auth = {"digest": {"user": "{{ who }}", "password": "{{ password }}"}}
    steps: list[Step] = [
        {"get": "/who?to=/x", "auth": ANN, "redirects": 0, "expect_status": [302],
         "capture": {"who": {"header": "X-Who", "default": "Bob"},
                     "password": {"header": "X-P", "default": "hidden"}}},
        get("/a", auth=auth), get("/b", auth=auth),
    ]  # fmt: skip
    async with guarding() as server:
        run = await play(server.url, once(*steps))
    assert server.users == ["Ann", "Bob", "Bob"]
    assert server.counts == [1, 1, 2]
    assert run.rate("http_req_failed") == (0, 5)


async def test_a_redirect_is_signed_anew_at_the_same_origin_and_nowhere_else() -> None:
    async with guarding() as one, guarding() as other:
        run = await play(one.url, once(get("/a?to=/b?y=2", auth=ANN)))
        assert [path for _, path, status in one.asked if status != 401] == [
            "/a?to=/b?y=2",
            "/b?y=2",
        ]
        assert one.counts == [1, 2]
        assert run.rate("http_req_failed") == (0, 3)

        run = await play(one.url, once(get(f"/a?to={other.url}/c", auth=ANN)))
    assert other.users == []
    assert other.asked == [("GET", "/c", 401)]
    assert run.rate("http_req_failed") == (1, 3)


async def test_what_the_challenge_sets_goes_with_the_answer() -> None:
    async with guarding() as server:
        cookies: list[str | None] = []
        check = server.check

        def noting(request: web.Request) -> web.Response | None:
            cookies.append(request.headers.get("Cookie"))
            return check(request)

        server.check = noting  # type: ignore[method-assign]  # it listens in
        await play(server.url, once(get("/a", auth=ANN), get("/b", auth=ANN)))
        assert cookies == [None, "seen=1", "seen=1"]
        cookies.clear()
        await play(server.url, once(get("/a", auth=ANN), cookies="off"))
        assert cookies == [None, None]


async def test_a_server_that_asks_for_something_else_is_believed() -> None:
    async def refusing(request: web.Request) -> web.Response:
        return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="x"'})

    app = web.Application()
    app.router.add_get("/", refusing)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        run = await play(url, once(get("/", auth=ANN)))
    finally:
        await runner.cleanup()
    assert run.count("http_reqs", status="401") == 1
    assert run.rate("http_req_failed") == (1, 1)


@pytest.mark.parametrize("connections", ["per-vu", "new", {"shared": 1}])
async def test_setup_signs_and_connects_as_the_load_does(connections: object) -> None:
    async with guarding() as server:
        prepare = preparation({"s": once(get("/a"))}, server.url)
        test = json.loads(prepare.source.text)
        test["http"] = {"connections": connections}
        test["setup"] = [get("/a", auth=ANN, capture={"said": {"regex": "y.s", "group": 0}})]
        prepare.source.text = json.dumps(test).encode()
        engine = Engine.build(prepare, incarnation="i")
        done = await engine.phases.performance(Kind.SETUP).run()
        assert json.loads(done.result) == {"said": "yes"}
        assert done.requests == 2
        engine.connectors.close()
    assert [status for _, _, status in server.asked] == [401, 200]
