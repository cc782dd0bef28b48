"""One request: what goes out, and the series that it becomes."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from groundswell.metrics.catalog import REQUEST_TRENDS
from tests.agent.engine.played import constant, get, per_vu, play, played, preparation

if TYPE_CHECKING:
    from tests.agent.engine.played import Scenario, Step
    from tests.agent.engine.target import Target


def once(*steps: Step, tags: dict[str, str] | None = None) -> Scenario:
    """One VU, one iteration."""
    return per_vu(1, 1, steps=list(steps), tags=tags or {})


@pytest.fixture
def nobody() -> str:
    """Where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


async def test_a_request_goes_out_as_it_is_written(target: Target) -> None:
    step: Step = {
        "post": "/cart",
        "query": {"sku": "a b", "n": "2"},
        "headers": {"X-Trace": "abc", "Accept": "text/plain"},
        "body": "hello, wörld",
    }
    run = await play(target.url + "/shop", once(step, {"put": "/things", "json": {"a": [1, None]}}))
    post, put = target.arrivals
    assert (post.method, post.path, post.query) == ("POST", "/shop/cart", "sku=a%20b&n=2")
    assert post.headers["x-trace"] == "abc"
    assert post.headers["accept"] == "text/plain"
    assert post.headers["host"] == f"127.0.0.1:{target.port}"
    assert post.body == "hello, wörld".encode()
    assert (put.method, put.headers["content-type"]) == ("PUT", "application/json")
    assert put.body.replace(b" ", b"") == b'{"a":[1,null]}'
    assert run.count("data_sent", name="/cart") == post.size
    assert run.count("data_sent", name="/things") == put.size


async def test_a_url_of_its_own_goes_to_its_own_host(target: Target, nobody: str) -> None:
    run = await play(nobody, once(get(f"{target.url}/elsewhere", name="elsewhere")))
    assert target.count("/elsewhere") == 1
    assert run.rate("http_req_failed", name="elsewhere") == (0, 1)


async def test_every_series_of_an_answered_request_has_its_tags(target: Target) -> None:
    step = get("/ok?page=1", name="page", tags={"kind": "own"}, check={"status": 200})
    run = await play(target.url, once(step, tags={"team": "t"}))
    scenario = {"scenario": "s", "team": "t"}
    tags = {
        **scenario,
        "kind": "own",
        "name": "page",
        "method": "GET",
        "status": "200",
        "expected_response": "true",
    }
    for metric in ("http_reqs", "http_req_failed", "data_sent", "data_received", *REQUEST_TRENDS):
        assert run.tags(metric) == [tags], metric
    for metric in REQUEST_TRENDS:
        assert run.trend(metric).count == 1
    assert run.tags("checks") == [{**scenario, "kind": "own", "check": "page: status 200"}]
    for metric in ("iterations", "iteration_duration", "dropped_iterations"):
        assert run.tags(metric) == [scenario]
    assert run.tags("vus") == run.tags("vus_max") == run.tags("agent_loop_lag") == [{}]


async def test_a_name_defaults_to_the_path(target: Target) -> None:
    run = await play(target.url, once(get("/ok"), {"delete": "/ok/7"}))
    assert [(tags["name"], tags["method"]) for tags in run.tags("http_reqs")] == [
        ("/ok", "GET"),
        ("/ok/7", "DELETE"),
    ]


async def test_what_failed_goes_by_what_was_expected(target: Target) -> None:
    run = await play(
        target.url,
        once(
            get("/status/404", name="lost"),
            get("/status/404", name="awaited", expect_status=[200, 404]),
            get("/status/200", name="unwanted", expect_status="4xx"),
            get("/status/302", name="moved"),
        ),
    )
    failed = {
        name: run.rate("http_req_failed", name=name) for name in _names(run.tags("http_reqs"))
    }
    assert failed == {"lost": (1, 1), "awaited": (0, 1), "unwanted": (1, 1), "moved": (0, 1)}
    expected = {tags["name"]: tags["expected_response"] for tags in run.tags("http_reqs")}
    assert expected == {"lost": "false", "awaited": "true", "unwanted": "false", "moved": "true"}
    # An answer is an answer, whatever it says.
    assert run.trend("http_req_duration", expected_response="false").count == 2


def _names(tags: list[dict[str, str]]) -> list[str]:
    return [one["name"] for one in tags]


async def test_checks_pass_by_status_and_fail_without_an_answer(target: Target) -> None:
    checks = [{"status": "2xx"}, {"name": "teapot", "status": 418}]
    steps = (
        get("/ok", name="fine", check=checks),
        get("/status/418", name="tea", check=checks),
        get("/reset", name="gone", check=checks),
    )
    run = await play(target.url, once(*steps))
    assert run.rate("checks", check="fine: status 2xx") == (1, 1)
    assert run.rate("checks", check="tea: status 2xx") == (0, 1)
    assert run.rate("checks", check="gone: status 2xx") == (0, 1)
    assert run.rate("checks", check="teapot") == (1, 3)


async def test_requests_without_an_answer_are_counted_and_timed_but_have_no_duration(
    target: Target, nobody: str
) -> None:
    steps = {
        "timeout": get("/hang", timeout="0.1s"),
        "refused": get(f"{nobody}/", name="/hang"),
        "reset": get("/reset", name="/hang"),
    }
    runs = await played(
        *(preparation({"s": per_vu(2, 2, steps=[step])}, target.url) for step in steps.values())
    )
    for run, error in zip(runs, steps, strict=True):
        run.assert_balanced()
        tags = {"scenario": "s", "name": "/hang", "method": "GET"}
        tags |= {"error": error, "expected_response": "false"}
        for metric in ("http_reqs", "http_req_failed", "http_req_response_time"):
            assert run.tags(metric) == [tags], metric
        assert run.count("http_reqs") == 4
        assert run.rate("http_req_failed") == (4, 4)
        assert run.trend("http_req_response_time").count == 4
        assert run.trend("http_req_duration").count == 0
        # An error ends no iteration, and no VU.
        assert run.count("iterations") == 4
    assert runs[0].trend("http_req_response_time").min_ms >= 99
    assert runs[1].count("data_sent") == 0
    assert runs[2].count("data_sent") > 0


async def test_a_retried_request_is_one_sample(target: Target) -> None:
    # The connection is gone before the next iteration: found out before a byte is written.
    run = await play(target.url, per_vu(2, 3, steps=[get("/reset"), get("/ok")]))
    run.assert_balanced()
    assert run.count("http_reqs") == len(target.arrivals) == 12
    assert run.rate("http_req_failed") == (6, 12)


async def test_a_new_connection_is_timed_and_a_kept_one_is_not(target: Target) -> None:
    run = await play(target.url, per_vu(2, 5))
    connecting = run.trend("http_req_connecting")
    assert connecting.count == 10
    buckets, counts = connecting.buckets()
    assert (buckets[0], counts[0]) == (0, 8)
    assert run.trend("http_req_tls_handshaking").max_ns == 0


async def test_the_parts_of_a_duration_add_up(target: Target) -> None:
    run = await play(target.url, constant(4, 0.3, "/slow/0.02"))
    parts = ("http_req_sending", "http_req_waiting", "http_req_receiving")
    assert sum(run.trend(part).sum_ns for part in parts) == run.trend("http_req_duration").sum_ns
    assert run.trend("http_req_waiting").min_ms >= 18
    assert run.trend("http_req_response_time").sum_ns >= run.trend("http_req_duration").sum_ns
    assert run.count("data_received") == run.count("http_reqs") * len(
        b"HTTP/1.1 200 X\r\nContent-Length: 2\r\n\r\nok"
    )


async def test_a_later_request_is_due_when_the_one_before_has_ended(target: Target) -> None:
    steps = (get("/slow/0.4"), get("/ok"), get("/hang", timeout="0.4s"), get("/ok", name="last"))
    run = await play(target.url, once(*steps))
    assert run.trend("http_req_response_time", name="/slow/0.4").min_ms >= 399
    assert run.trend("http_req_response_time", name="/hang").min_ms >= 399
    for name in ("/ok", "last"):
        assert run.trend("http_req_response_time", name=name).max_ms < 300
