"""Whatever is thrown at the loader, it gives a test or the problems; never another exception."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from groundswell.errors import InvalidTest
from groundswell.scenario.loader import TestSource, load, read_source
from tests.core.scenario.test_problems import FILES, SCENARIOS, STEPS, TOP
from tests.core.scenario.writing import with_scenario, with_steps, with_top

if TYPE_CHECKING:
    from groundswell.scenario.model import Test

VALID = [
    # With the files that they include, as they travel.
    read_source(str(path)).text.decode()
    for path in sorted((Path(__file__).parents[3] / "examples").glob("*.yaml"))
] + [
    with_scenario(
        "executor: ramping-arrival-rate\nmax_vus: 9\ntime_unit: 1m\nstart_rate: 5\n"
        "stages: [{duration: 1m, target: 60}]\ntags: {a: b}\nenv: {C: d}"
    ),
    with_steps(
        "- &a {post: '/{{ env.X | default(\"y\") }}', json: {a: [1, ~, .5], b: {c: d}}}\n"
        "- {<<: *a, name: b, headers: {A: 1}, check: [{status: [2xx, 304]}]}\n- pause: 1s..2s"
    ),
    with_steps(
        "- {get: '/{{ vu }}', capture: {a: $.a, b: {regex: 'x(y)', group: 1, default: 5}, c: {header: X},"
        " d: {cookie: e}, f: {field: g}, h: '$.x[?@.y > 1]'}, check: {$.a: '> 1', body: '~ a',"
        " header.X: [a, b], size: < 5KiB, duration: < 1s}, on_fail: end-iteration, redirects: 3}\n"
        "- {if: a > 1 and not (b == 'x' or c ~ 'd'), then: [{pause: {normal: 1s, deviation: 2s}}],"
        " else: [{post: '/', form: {a: '{{ a | urlencode }}'}, auth: {bearer: '{{ secret.T }}'}}]}\n"
        "- {while: a != null, max: 3, steps: [{repeat: '{{ a }}', steps: [{pace: 1s}]}]}\n"
        "- {group: g, steps: [{weighted: [{weight: 1, steps: [{get: /}]}]}]}\n"
        '- {parallel: [{get: /, json: ["{{ random(1, 6) }}"]}, [{get: "{{ now(\'unix\') }}"}]]}'
    ),
    with_top(
        "defaults: {timeout: 5s, auth: {basic: {user: a, password: b}}, cookies: keep}\n"
        "thresholds:\n  http_req_duration{name:x}:\n"
        "    - {threshold: p(95) < 1s, abort_on_fail: true, over: 5s}"
    ),
]
SNIPPETS = [
    *("{{ env.X }}", "{{ x }}", "{", "}", "[", "]", ": ", "- ", "\n", "\t", " #", "&a ", "*a"),
    *("!!str ", "'", '"', "---\n", "? ", "| ", "> ", "~", ".nan", ".inf", "-1", "1e999", "9" * 400),
    *("1e-99999999999", "\x00", "\x85", "\u2028", "\ufeff", "\ud7ff", "ü", "500/s", "1s", "null"),
    *("<<: *a", "%", "http://[", "http://", "@", "//", "::", ",", "=", "0x", "0o7", "\\ud800"),
    *("\r", "\r\n", "#%include ", "{{ vu }}", "{{ a.b[0] }}", "{{ random(1, 6) }}", " | json", "'", "$.a"),
    *("$..a[?@.b]", "> 1", "contains ", "~ (", "and ", "or ", "not ", "(", ")", "steps:", "include: a"),
]  # fmt: skip
QUICK = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


def gives_a_test_or_problems(text: bytes, env: dict[str, str] | None = None) -> None:
    outcome = outcome_of(text, env or {})
    if isinstance(outcome, InvalidTest):
        problems = outcome.problems
        assert problems
        for file in {problem.file for problem in problems}:
            places = [(one.line, one.column) for one in problems if one.file == file]
            assert places == sorted(places)
            assert all(line > 0 and column > 0 for line, column in places)


def outcome_of(text: bytes, env: dict[str, str]) -> Test | InvalidTest:
    try:
        return load(TestSource("t.yaml", text, env))
    except InvalidTest as error:
        return error


@st.composite
def mutated(draw: st.DrawFn) -> str:
    text = draw(st.sampled_from(VALID))
    for _ in range(draw(st.integers(min_value=1, max_value=4))):
        start = draw(st.integers(min_value=0, max_value=len(text)))
        length = draw(st.sampled_from((0, 0, 1, 3, 20)))
        new = draw(st.sampled_from(SNIPPETS) | st.text(max_size=4))
        text = text[:start] + new + text[start + length :]
    return text


@QUICK
@given(st.binary())
def test_any_bytes(data: bytes) -> None:
    gives_a_test_or_problems(data)


@QUICK
@given(st.text() | st.lists(st.sampled_from(SNIPPETS)).map("".join))
@example("a: \ufeff")
@example("- \u2028- {")
def test_any_text(text: str) -> None:
    gives_a_test_or_problems(text.encode("utf-8", "replace"))


@settings(QUICK, max_examples=400)
@given(mutated(), st.dictionaries(st.just("X"), st.text(st.characters())))
def test_valid_files_with_a_few_changes(text: str, env: dict[str, str]) -> None:
    gives_a_test_or_problems(text.encode("utf-8", "replace"), env)


VALUES = st.recursive(
    st.sampled_from(
        ["~", "5", "-1", "1s", "500/s", "x", "''", "/a", "2xx", "true", ".nan", "*s", "$.a", "'> 1'",
         "'{{ vu }}'", "'/{{ a }}'", "'{{ env.X }}'", "'{{ a | json }}'", "vu == 1", "a ~ '('", "$..a"]
    ),
    lambda inner: st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
    | st.dictionaries(
        st.sampled_from(["a", "status", "duration", "get", "$.a", "steps", "regex"]), inner, max_size=3
    )
    .map(lambda pairs: "{" + ", ".join(f"{key}: {value}" for key, value in pairs.items()) + "}"),
    max_leaves=5,
)  # fmt: skip
KEYS = (
    *(
        "test",
        "target",
        "confirm",
        "defaults",
        "warmup",
        "scenarios",
        "thresholds",
        "generator_limits",
    ),
    *("executor", "vus", "duration", "stages", "rate", "max_vus", "time_unit", "steps", "tags"),
    *("env", "timeout", "headers", "get", "pause", "json", "check", "expect_status", "name"),
    *("capture", "if", "then", "else", "while", "max", "repeat", "weighted", "parallel", "group"),
    *("pace", "form", "auth", "on_fail", "redirects", "include", "query", "cookies", "body"),
)


@settings(QUICK, max_examples=300)
@given(st.sampled_from(VALID), st.sampled_from(KEYS), VALUES)
def test_any_value_for_any_key(text: str, key: str, value: str) -> None:
    put_value_at_key(text, key, value)


def put_value_at_key(text: str, key: str, value: str) -> None:
    lines = text.replace("steps:", "steps: &s", 1).splitlines()
    changed = [
        line[: line.index(f"{key}:")] + f"{key}: {value}" if f"{key}:" in line else line
        for line in lines
    ]
    gives_a_test_or_problems("\n".join(changed).encode())


@pytest.mark.slow
@settings(QUICK, max_examples=5_000)
@given(mutated(), st.dictionaries(st.just("X"), st.text(st.characters())))
def test_five_thousand_files_with_a_few_changes(text: str, env: dict[str, str]) -> None:
    gives_a_test_or_problems(text.encode("utf-8", "replace"), env)


@pytest.mark.slow
@settings(QUICK, max_examples=5_000)
@given(st.sampled_from(VALID), st.sampled_from(KEYS), VALUES)
def test_five_thousand_files_with_any_value_for_any_key(text: str, key: str, value: str) -> None:
    put_value_at_key(text, key, value)


EXPRESSIONS = st.lists(
    st.sampled_from(
        [*"abc.|()[]'\",01 {}", "{{", "}}", "vu", "env", "secret", "uuid(", "now('", "random(", "json",
         "default(", " == ", " and ", " or ", "not ", "~", "contains", "-1", "1.5", "null", "é"]
    ),
    max_size=12,
).map("".join)  # fmt: skip


@settings(QUICK, max_examples=400)
@given(EXPRESSIONS)
def test_any_template_and_any_condition(text: str) -> None:
    quoted = text.replace("'", "''")
    gives_a_test_or_problems(
        with_steps(
            f"- get: '/{{{{ {quoted} }}}}'\n  capture: {{a: $.a, b: '$.{quoted}'}}\n"
            f"  check: {{$.a: '{quoted}'}}\n- if: '{quoted}'\n  then: [{{get: /}}]"
        ).encode()
    )


def test_every_mistake_of_the_tables_at_once() -> None:
    for text, _ in FILES:
        gives_a_test_or_problems(text if isinstance(text, bytes) else text.encode())
    steps = with_steps("\n".join(text for text, _ in STEPS))
    tops = "\n".join(text.replace("thresholds", f"t{n}") for n, (text, _) in enumerate(TOP))
    gives_a_test_or_problems((steps + "\n" + tops).encode())
    for text, _ in SCENARIOS:
        gives_a_test_or_problems((with_scenario(text) + tops).encode())


def test_a_test_of_500_steps_is_read_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    step = (
        "- post: /products/{n}/{{{{ id }}}}\n  name: p{n}\n"
        "  headers: {{X-A: '{{{{ env.X }}}}', X-B: '{{{{ vu }}}}'}}\n  query: {{a: 1}}\n"
        "  json: {{a: [1, '{{{{ id }}}}'], b: {{c: d}}}}\n"
        "  capture: {{id: $.id, t: {{regex: 'a(b)'}}}}\n"
        "  check: [{{status: 2xx}}, {{name: fine, $.a: '> 1'}}]\n"
    )
    first = "- get: /\n  capture: {id: $.id}\n"
    text = with_steps(first + "".join(step.format(n=n) for n in range(499))).encode()
    started = time.process_time()
    test = load(TestSource("t.yaml", text, {"X": "x"}))
    took = time.process_time() - started
    with capsys.disabled():
        print(f"\n500 steps in {took * 1000:.0f} ms")
    assert len(test.scenarios["s"].steps) == 500
