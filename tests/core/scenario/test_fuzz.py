"""Whatever is thrown at the loader, it gives a test or the problems; never another exception."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from groundswell.errors import InvalidTest
from groundswell.scenario.loader import TestSource, load
from tests.core.scenario.test_problems import FILES, SCENARIOS, STEPS, TOP
from tests.core.scenario.writing import with_scenario, with_steps, with_top

if TYPE_CHECKING:
    from groundswell.scenario.model import Test

VALID = [
    path.read_text() for path in sorted((Path(__file__).parents[3] / "examples").glob("*.yaml"))
] + [
    with_scenario(
        "executor: ramping-arrival-rate\nmax_vus: 9\ntime_unit: 1m\nstart_rate: 5\n"
        "stages: [{duration: 1m, target: 60}]\ntags: {a: b}\nenv: {C: d}"
    ),
    with_steps(
        "- &a {post: '/{{ env.X | default(\"y\") }}', json: {a: [1, ~, .5], b: {c: d}}}\n"
        "- {<<: *a, name: b, headers: {A: 1}, check: [{status: [2xx, 304]}]}\n- pause: 1s..2s"
    ),
    with_top(
        "defaults: {timeout: 5s}\nthresholds:\n  http_req_duration{name:x}:\n"
        "    - {threshold: p(95) < 1s, abort_on_fail: true, over: 5s}"
    ),
]
SNIPPETS = [
    *("{{ env.X }}", "{{ x }}", "{", "}", "[", "]", ": ", "- ", "\n", "\t", " #", "&a ", "*a"),
    *("!!str ", "'", '"', "---\n", "? ", "| ", "> ", "~", ".nan", ".inf", "-1", "1e999", "9" * 400),
    *("1e-99999999999", "\x00", "\x85", "\u2028", "\ufeff", "\ud7ff", "ü", "500/s", "1s", "null"),
    *("<<: *a", "%", "http://[", "http://", "@", "//", "::", ",", "=", "0x", "0o7", "\\ud800"),
    *("\r", "\r\n"),
]  # fmt: skip
QUICK = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


def gives_a_test_or_problems(text: bytes, env: dict[str, str] | None = None) -> None:
    outcome = outcome_of(text, env or {})
    if isinstance(outcome, InvalidTest):
        places = [(problem.line, problem.column) for problem in outcome.problems]
        assert places == sorted(places)
        assert places
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
    st.sampled_from(["~", "5", "-1", "1s", "500/s", "x", "''", "/a", "2xx", "true", ".nan", "*s"]),
    lambda inner: st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
    | st.dictionaries(st.sampled_from(["a", "status", "duration", "get"]), inner, max_size=3)
    .map(lambda pairs: "{" + ", ".join(f"{key}: {value}" for key, value in pairs.items()) + "}"),
    max_leaves=5,
)  # fmt: skip
KEYS = (
    *("test", "target", "defaults", "warmup", "scenarios", "thresholds", "generator_limits"),
    *("executor", "vus", "duration", "stages", "rate", "max_vus", "time_unit", "steps", "tags"),
    *("env", "timeout", "headers", "get", "pause", "json", "check", "expect_status", "name"),
)


@settings(QUICK, max_examples=300)
@given(st.sampled_from(VALID), st.sampled_from(KEYS), VALUES)
def test_any_value_for_any_key(text: str, key: str, value: str) -> None:
    lines = text.replace("steps:", "steps: &s", 1).splitlines()
    changed = [
        line[: line.index(f"{key}:")] + f"{key}: {value}" if f"{key}:" in line else line
        for line in lines
    ]
    gives_a_test_or_problems("\n".join(changed).encode())


def test_every_mistake_of_the_tables_at_once() -> None:
    for text, _ in FILES:
        gives_a_test_or_problems(text if isinstance(text, bytes) else text.encode())
    steps = with_steps("\n".join(text for text, _ in STEPS))
    tops = "\n".join(text.replace("thresholds", f"t{n}") for n, (text, _) in enumerate(TOP))
    gives_a_test_or_problems((steps + "\n" + tops).encode())
    for text, _ in SCENARIOS:
        gives_a_test_or_problems((with_scenario(text) + tops).encode())


def test_a_test_of_500_steps_is_read_at_once() -> None:
    step = (
        "- get: /products/{n}\n  name: p{n}\n  headers: {{X-A: '{{{{ env.X }}}}', X-B: {n}}}\n"
        "  query: {{a: 1}}\n  check: [{{status: 2xx}}, {{name: fine, status: [200, 304]}}]\n"
    )
    text = with_steps("".join(step.format(n=n) for n in range(500))).encode()
    started = time.process_time()
    test = load(TestSource("t.yaml", text, {"X": "x"}))
    # A quarter of this on the machine it was written on; agents read the test at every start.
    assert time.process_time() - started < 1
    assert len(test.scenarios["s"].steps) == 500
