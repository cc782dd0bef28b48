"""What one step of the file becomes: the bytes, headers and names of a request."""

from __future__ import annotations

from fractions import Fraction

import pytest

from groundswell.scenario.expectations import Statuses
from groundswell.scenario.model import PauseStep, RequestStep, Step
from tests.core.scenario.writing import loaded, with_steps


def steps(text: str, top: str = "") -> tuple[Step, ...]:
    return loaded(with_steps(text) + "\n" + top).scenarios["s"].steps


def request(text: str, top: str = "") -> RequestStep:
    (step,) = steps(text, top)
    assert isinstance(step, RequestStep)
    return step


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "head", "options"])
def test_the_key_of_a_request_is_its_method(method: str) -> None:
    step = request(f"- {method}: /a")
    assert (step.method, step.path, step.name) == (method.upper(), "/a", "/a")
    assert (step.body, step.headers, step.query, step.tags, step.checks) == (b"", {}, {}, {}, ())
    assert step.timeout == 60
    assert step.expect_status == frozenset(range(200, 400))


@pytest.mark.parametrize(
    ("text", "shortest", "longest"),
    [("2s", 2, 2), ("1s..3s", 1, 3), ("500ms..1m", Fraction(1, 2), 60), ("0s", 0, 0)],
)
def test_a_pause_is_fixed_or_a_range(text: str, shortest: Fraction, longest: Fraction) -> None:
    assert steps(f"- pause: {text}") == (PauseStep(shortest=shortest, longest=longest),)


def test_a_json_body_is_compact_and_has_a_content_type() -> None:
    step = request(
        "- post: /a\n  json: {a: 1, b: [no, 010, 1.5, ~, true, '5'], c: {d: ü}, e: 2020-01-01}"
    )
    assert step.body == (
        '{"a":1,"b":["no",10,1.5,null,true,"5"],"c":{"d":"ü"},"e":"2020-01-01"}'.encode()
    )
    assert step.headers == {"Content-Type": "application/json"}


def test_a_json_body_may_be_any_value() -> None:
    assert request("- post: /a\n  json: ~").body == b"null"
    assert request("- post: /a\n  json: [1]").body == b"[1]"
    assert request("- post: /a\n  json: false").body == b"false"


def test_a_content_type_of_the_request_goes_before_that_of_json() -> None:
    step = request("- post: /a\n  json: {}\n  headers: {content-type: application/problem+json}")
    assert step.headers == {"content-type": "application/problem+json"}


def test_a_text_body_is_sent_in_utf_8() -> None:
    step = request("- post: /a\n  body: ü\n  headers: {X-Version: 1.10, X-On: true}")
    assert step.body == "ü".encode()
    assert step.headers == {"X-Version": "1.10", "X-On": "true"}


def test_headers_of_the_step_go_before_the_defaults_whatever_their_case() -> None:
    defaults = "defaults: {timeout: 5s, headers: {Accept: text/html, X-A: a}}"
    step = request("- get: /a\n  headers: {accept: application/json}", defaults)
    assert step.headers == {"X-A": "a", "accept": "application/json"}
    assert step.timeout == 5


def test_a_timeout_of_the_step_goes_before_the_default_even_if_it_is_60s() -> None:
    assert request("- get: /a\n  timeout: 60s", "defaults: {timeout: 5s}").timeout == 60


def test_defaults_do_not_touch_pauses() -> None:
    assert isinstance(steps("- pause: 1s", "defaults: {timeout: 5s}")[0], PauseStep)


def test_query_and_tags_are_text() -> None:
    step = request("- get: /a\n  query: {page: 2, q: a b, empty: ''}\n  tags: {team: 7}")
    assert step.query == {"page": "2", "q": "a b", "empty": ""}
    assert step.tags == {"team": "7"}


@pytest.mark.parametrize(
    ("text", "statuses"),
    [
        ("200", {200}),
        ("2xx", set(range(200, 300))),
        ("[200, 304]", {200, 304}),
        ("[2XX, 404]", {*range(200, 300), 404}),
    ],
)
def test_a_status_is_a_number_a_class_or_a_list(text: str, statuses: set[int]) -> None:
    step = request(f"- get: /a\n  expect_status: {text}\n  check: {{status: {text}}}")
    assert step.expect_status == statuses
    (check,) = step.checks
    assert check.expectation == Statuses(frozenset(statuses))
    assert check.name == f"/a: status {text}"


def test_checks_have_their_own_names_or_those_of_the_step() -> None:
    step = request(
        "- get: /a\n  name: product\n  check: [{status: 2xx}, {name: fine, status: 200}]"
    )
    assert [check.name for check in step.checks] == ["product: status 2xx", "fine"]


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/ü?q=ä&b=%20", "/%C3%BC?q=%C3%A4&b=%20"),
        ("/a?b=[1]&c={d}", "/a?b=[1]&c={d}"),
        ("HTTPS://other.test:8443/x?y=1", "https://other.test:8443/x?y=1"),
        ("http://[::1]:80/y", "http://[::1]:80/y"),
    ],
)
def test_a_path_is_sent_as_it_is_but_for_what_is_no_ascii(path: str, sent: str) -> None:
    assert request(f"- get: {path!r}").path == sent


def test_a_base_path_of_the_target_has_no_slash_at_its_end() -> None:
    text = with_steps("- get: /a").replace("http://shop.test", "https://shop.test/shop/v1/")
    assert loaded(text).target == "https://shop.test/shop/v1"


def test_a_step_that_merges_another_is_a_step() -> None:
    first, second = steps("- &a {get: /a, name: a}\n- {<<: *a, name: b}")
    assert isinstance(first, RequestStep)
    assert isinstance(second, RequestStep)
    assert (first.name, second.name, second.path) == ("a", "b", "/a")
