"""The JSON schema and the loader come from the same shapes, and say the same."""

# One row of a table is one line.
# ruff: noqa: E501

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import jsonschema
import pytest

from groundswell.scenario.nodes import Mapping, Node, Scalar, Sequence
from groundswell.scenario.problems import Problems
from groundswell.scenario.schema import test_schema as schema_of_tests
from groundswell.scenario.yaml_source import parse
from tests.core.scenario.test_problems import FILES, SCENARIOS, STEPS, TOP
from tests.core.scenario.writing import problems, with_scenario, with_steps, with_top

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = sorted((Path(__file__).parents[3] / "examples").glob("*.yaml"))
# Its own types stop short of what it takes.
VALIDATOR: Any = jsonschema.Draft202012Validator(schema_of_tests())


def plain(node: Node) -> Any:  # noqa: ANN401
    """What an editor's YAML reader gives to a schema."""
    match node:
        case Scalar():
            return node.value
        case Sequence():
            return [plain(item) for item in node.items]
        case Mapping():
            return {key.text: plain(value) for key, value in node.pairs}


def accepts(text: str) -> bool:
    node = parse(text.encode(), Problems("t.yaml"))
    assert node is not None
    return bool(VALIDATOR.is_valid(plain(node)))


def refuses(text: str) -> bool:
    node = parse(text.encode(), Problems("t.yaml"))
    return node is None or not VALIDATOR.is_valid(plain(node))


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(schema_of_tests())


def test_every_key_is_described() -> None:
    assert not list(undescribed(schema_of_tests(), ""))


def undescribed(form: Any, path: str) -> Iterator[str]:  # noqa: ANN401
    if not isinstance(form, dict):
        return
    form = cast("dict[str, Any]", form)
    for name, inner in form.get("properties", {}).items():
        if "description" not in inner:
            yield f"{path}/{name}"
    for key, inner in form.items():
        # A condition repeats keys that their record describes.
        if key not in ("if", "then", "else") or "additionalProperties" in inner:
            yield from undescribed(inner, f"{path}/{key}")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_the_examples_are_what_the_schema_says(path: Path) -> None:
    assert EXAMPLES
    node = parse(path.read_bytes(), Problems(path.name))
    assert node is not None
    VALIDATOR.validate(plain(node))


VALID = [
    with_top(""),
    with_top("warmup: 0s"),
    with_top("confirm: production"),
    with_top("warmup: '{{ env.X | default(\"5s\") }}'"),
    with_top("defaults: {timeout: 5s, headers: {A: 1, B: true, C: ''}}"),
    with_top("thresholds: {checks: rate > 99%, http_reqs: [count > 1, {threshold: rate > 1}]}"),
    with_top("thresholds: {http_req_duration: {threshold: max < 1s, over: 5s}}"),
    with_top("generator_limits: {send_lag: 1ms, loop_lag: 2ms, cpu_throttled: 2%}"),
    with_top("generator_limits: {cpu_throttled: 0.05}"),
    with_top("").replace("http://shop.test", "https://shop.test:8443/base/"),
    with_steps("- {get: /, query: {a: 1}, tags: {b: c}, check: {status: 2xx}, expect_status: [4xx]}"),
    with_steps("- {post: /, json: [1, {a: ~}]}\n- {put: 'https://x/y?z', body: ''}\n- pause: 1s..2s"),
    with_steps("- pause: '{{ env.P | default(\"1s\") }}'"),
    with_steps("- {get: /, check: [{status: 200}, {name: x, status: [200, 3xx]}]}"),
    with_steps("- {get: /, check: {status: '< 400', duration: '< 1s', size: '> 1KiB', body: contains x, header.X-A: [a, 5], $.a: ~, '$.b[0]': [1, b]}}"),
    with_steps("- {get: /, capture: {a: $.a, b: {header: X}, c: {cookie: c}, d: {regex: 'a(b)', group: 1, default: 5}, e: {field: csrf, default: ~}, f: {json: '$..x'}}}"),
    with_steps("- {post: '/{{ vu }}', form: {a: '{{ uuid() }}'}, auth: {bearer: '{{ secret.T }}'}, redirects: 0, on_fail: end-iteration}"),
    with_steps("- {post: /, json: {a: '{{ iteration }}'}, query: {a: '{{ vu }}'}, headers: {X: '{{ now() }}'}, auth: {basic: {user: a, password: b}}}"),
    with_steps("- {group: g, steps: [{if: vu == 1, then: [{get: /}], else: [{pause: {normal: 1s, deviation: 100ms}}]}, {pace: 1s}]}"),
    with_steps("- {while: vu < 5, max: 3, steps: [{repeat: '{{ vu }}', steps: [{get: /}]}]}"),
    with_steps("- {weighted: [{weight: 1, steps: [{get: /}]}, {weight: 2, steps: [{get: /}]}]}\n- {parallel: [{get: /}, [{get: /}, {pause: 1s}]]}"),
    with_top("defaults: {auth: {bearer: '{{ secret.T }}'}, tags: {a: b}, cookies: keep}"),
    with_steps("- {get: /, auth: {digest: {user: '{{ vu }}', password: '{{ secret.P }}'}}}"),
    with_top("http: {connections: new, connect_timeout: 1s, dns_ttl: 0s, source_addresses: 10.0.0.7}"),
    with_top("http: {connections: {shared: 50}, hosts: {shop.test: 10.0.0.7, '*.test:443': ['[::1]:8443', '::1']}}"),
    with_top("http: {proxy: 'http://proxy.test', tls: {verify: false, server_name: shop.test}}"),
    with_top("http: {proxy: {url: 'http://proxy.test:8080/', user: '{{ secret.U }}', password: a, except: [localhost, '*.test', 10.0.0.0/8, 'shop.test:80', '::1']}}"),
    with_top("http: {tls: {ca: ca.pem, certificate: '{{ secret.CERTIFICATE }}', key: '{{ secret.KEY }}', key_password: '{{ secret.P }}'}}"),
    with_top("http: {hosts: {shop.test: 10.0.0.7}, proxy: {url: 'http://p.test', except: [shop.test]}, source_addresses: [10.0.0.0/28, '::1']}"),
    with_steps("- {post: /, multipart: {a: 5, b: ['{{ vu }}', {text: \"a\\nb\", type: text/plain, filename: ''}], c: {file: a.png, filename: '{{ vu }}.png'}}}"),
    with_steps("- {put: /, file: a.bin}\n- {put: /, file: {path: a.bin, type: 'text/csv; charset=utf-8'}}"),
    with_scenario("executor: constant-vus\nduration: 1m\nhttp: {connections: per-vu}"),
    with_scenario("executor: constant-vus\nduration: 1m\nvus: 5.0"),
    with_scenario("executor: constant-vus\nduration: 1d2h3m4s5ms6us\nvus: '{{ env.V | default(\"5\") }}'"),
    with_scenario("executor: ramping-vus\nstart_vus: 0\nstages: [{duration: 1m, target: 3}]"),
    with_scenario("executor: shared-iterations\nvus: 2\niterations: 5\nmax_duration: 1m"),
    with_scenario("executor: per-vu-iterations\ntags: {a: 1}\nenv: {B: c}"),
    with_scenario("executor: constant-arrival-rate\nrate: 5/s\nduration: 1m\nmax_vus: 1"),
    with_scenario("executor: constant-arrival-rate\nrate: 0.5\ntime_unit: 1s\nduration: 1m\npre_allocated_vus: 1"),
    with_scenario("executor: constant-arrival-rate\nrate: '{{ env.R | default(\"5/s\") }}'\nduration: 1m\nmax_vus: 1"),
    with_scenario("executor: constant-arrival-rate\ntime_unit: 1s\nrate: '{{ env.R | default(\"5\") }}'\nduration: 1m\nmax_vus: 1"),
    with_scenario("executor: ramping-arrival-rate\nstages: [{duration: 1m, target: 5/s}]\nmax_vus: 1\narrivals: poisson"),
    with_scenario("executor: ramping-arrival-rate\nstages: [{duration: 1m, target: 5}]\nmax_vus: 1\ntime_unit: 1m"),
]  # fmt: skip


@pytest.mark.parametrize("text", VALID)
def test_what_the_loader_reads_the_schema_accepts(text: str) -> None:
    assert problems(text) == []
    assert accepts(text)


# What values mean together, or what a text says inside, is beyond a schema.
ONLY_THE_LOADER = (
    *("is given twice", "fewer `iterations`", "all stages together", "no stage has a target"),
    *("must be more than 0", "is too high", "more than `max_vus`", "ends before it starts"),
    *("is not a URL", "user name or password", "is not a host name", "JSON has no number"),
    *("merges mappings", "cannot be a key", "a key is missing"),
    *("must be one line", "blank or a control", "YAML", "not a path into JSON", "compares with"),
    *("a pattern that is none", "stand in a list", "has no value (for null", "awaits a redirect"),
    *("holds a colon", "has no group", "the condition", "stands in braces", "is known here"),
    *("not captured yet", "has nothing in it", "a secret has one name", "not part of this test"),
    *("known before the run", "one template and nothing else", "(write /a/x"),
    *("is not an IP address", "which needs no other", "no port between", "holds more than"),
    *("starts with a dot", "neither a host nor", "looked up by the proxy", "needs a `"),
    *("is not the name of a host (such as shop.example.com)", "holds a user name", "has no use"),
    *(
        "is given, and no `setup`",
        "there is no `setup` that",
        "`setup` has no",
        "`setup` is all that",
    ),
    *("there is no fake", "`fake` is many", "`fake.email` has"),
    *("what an iteration knows", "is not a media type", "sets the Content-Type itself"),
)


def wrong() -> list[str]:
    tables = [(with_scenario, SCENARIOS), (with_steps, STEPS), (with_top, TOP)]
    texts = [(write(text), printed) for write, table in tables for text, printed in table]
    texts += [(text, printed) for text, printed in FILES if isinstance(text, str)]
    return [text for text, printed in texts if not any(part in printed for part in ONLY_THE_LOADER)]


@pytest.mark.parametrize("text", wrong())
def test_what_the_loader_refuses_the_schema_refuses(text: str) -> None:
    assert refuses(text)
