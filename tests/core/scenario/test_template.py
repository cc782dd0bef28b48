"""`{{ env.X }}` in every value: from the client, a default, the scenario; in no message."""

from __future__ import annotations

from fractions import Fraction

import pytest

from groundswell.scenario.loader import TestSource, mentioned_env
from groundswell.scenario.model import ConstantArrivalRate, ConstantVus, RequestStep
from tests.core.scenario.writing import loaded, problems, with_scenario, with_steps, with_top


def step(text: str, **env: str) -> RequestStep:
    (only,) = loaded(with_steps(text), env).scenarios["s"].steps
    assert isinstance(only, RequestStep)
    return only


def test_a_variable_is_filled_into_any_text() -> None:
    assert step("- get: /p/{{ env.SKU }}/x", SKU="7").path == "/p/7/x"


def test_a_default_stands_where_the_variable_is_not_set() -> None:
    text = '- get: "/{{ env.A | default(\'a\') }}/{{env.B|default(\\"b\\")}}"'
    assert step(text).path == "/a/b"
    assert step(text, A="x").path == "/x/b"
    assert step(text, A="").path == "//b"


def test_a_request_is_named_by_its_path_before_templates_are_filled_in() -> None:
    assert step("- get: /p/{{ env.SKU }}", SKU="7").name == "/p/{{ env.SKU }}"


def test_numbers_rates_and_durations_come_from_the_environment() -> None:
    text = with_scenario(
        "executor: constant-arrival-rate\n"
        'rate: "{{ env.RATE }}"\n'
        "duration: \"{{ env.LONG | default('2') }}m\"\n"
        'max_vus: "{{ env.VUS }}"'
    )
    scenario = loaded(text, {"RATE": "500/s", "VUS": "20"}).scenarios["s"]
    assert isinstance(scenario, ConstantArrivalRate)
    assert (scenario.rate, scenario.duration) == (Fraction(500), Fraction(120))
    assert scenario.max_vus == 20


def test_the_environment_is_text_in_json_and_headers() -> None:
    request = step(
        "- post: /a\n  json: {v: '{{ env.V }}'}\n  headers: {X: '{{ env.V }}'}", V="1.10"
    )
    assert request.body == b'{"v":"1.10"}'
    assert request.headers["X"] == "1.10"


def test_a_scenario_has_an_environment_of_its_own() -> None:
    text = with_scenario(
        "executor: constant-vus\nduration: 1m\n"
        'env: {VUS: "{{ env.ALL }}0", LEFT: there}\nvus: "{{ env.VUS }}"'
    ).replace("/a", "'/{{ env.LEFT }}/{{ env.RIGHT }}'")
    scenario = loaded(text, {"ALL": "3", "VUS": "7", "RIGHT": "here"}).scenarios["s"]
    assert isinstance(scenario, ConstantVus)
    assert scenario.vus == 30
    assert [each.path for each in scenario.steps if isinstance(each, RequestStep)] == [
        "/there/here"
    ]


def test_an_alias_in_two_scenarios_sees_the_environment_of_each() -> None:
    text = (
        "test: t\ntarget: http://x\nscenarios:\n"
        "  a: {executor: per-vu-iterations, env: {P: a}, steps: &s [{get: '/{{ env.P }}'}]}\n"
        "  b: {executor: per-vu-iterations, env: {P: b}, steps: *s}\n"
    )
    paths = [each.steps[0] for each in loaded(text).scenarios.values()]
    assert [each.path for each in paths if isinstance(each, RequestStep)] == ["/a", "/b"]


def test_a_given_target_needs_no_variable_of_the_files_own() -> None:
    text = with_top("").replace("http://shop.test", "'{{ env.BASE_URL }}'")
    assert loaded(text, target="http://other:8080/base/").target == "http://other:8080/base"


def test_a_wrong_given_target_is_told_by_the_name_of_the_option() -> None:
    (line,) = problems(with_top(""), target="other")
    assert line.startswith("--target: `target` 'other' is not http://")


@pytest.mark.parametrize(
    ("path", "printed"),
    [
        (
            "/{{ env.X }}",
            "the environment variable X is not set "
            "(pass -e X=…, set it, or write {{ env.X | default('…') }})",
        ),
        ("/{{ env }}", "the template '{{ env }}' names no variable (write {{ env.NAME }})"),
        ("/{{ }}", "the template '{{ }}' is empty (write a name, such as {{ token }})"),
        ("/{{ 5 }}", "the template '{{ 5 }}' starts with '5', which is not a name"),
        ("/{{ a b }}", "the template '{{ a b }}' is not understood from 'b' on"),
        ("/{{ a. }}", "the template '{{ a. }}' has no name after a dot"),
        (
            "/{{ a[b] }}",
            "the template '{{ a[b] }}' has an index that is none (write [0], or ['a name'])",
        ),
        (
            "/{{ env.X | upper }}",
            "the template '{{ env.X | upper }}' has an unknown filter `upper` "
            "(known here: json, urlencode, base64, default)",
        ),
        (
            "/{{ a | default }}",
            "the template '{{ a | default }}' has a `default` with 0 arguments "
            "(there are json, urlencode, base64, default('…'))",
        ),
        (
            "/{{ uid() }}",
            "the template '{{ uid() }}' calls an unknown function `uid` (did you mean `uuid()`?)",
        ),
        (
            "/{{ uuid(1) }}",
            "the template '{{ uuid(1) }}' gives arguments to `uuid` (write uuid())",
        ),
        (
            "/{{ random(6, 1) }}",
            "the template '{{ random(6, 1) }}' gives `random` bounds that are the wrong way round "
            "(write random(1, 6))",
        ),
        (
            "/{{ random(x, 1) }}",
            "the template '{{ random(x, 1) }}' has 'x, 1)' where a constant must stand "
            "(a 'text' in quotes, a number, true, false or null)",
        ),
        (
            "/{{ now('soon') }}",
            "the template \"{{ now('soon') }}\" asks `now` for a form that it does not know "
            "(it knows 'iso', 'unix', 'unix_ms' or a format such as '%Y-%m-%d')",
        ),
        ("/{{ env.X", "a template is opened with {{ and never closed"),
    ],
)
def test_what_cannot_be_filled_in_is_the_only_problem_of_its_value(path: str, printed: str) -> None:
    assert problems(with_steps(f"- get: {path}")) == [f"t.yaml:8:14: {printed}"]


def test_a_template_cannot_stand_in_a_key() -> None:
    lines = problems(with_steps("- get: /a\n  query: {'{{ env.X }}': 1}"), {"X": "x"})
    assert lines == [
        "t.yaml:9:17: a template cannot stand in a key (templates work in values)",
    ]


def test_a_variable_that_is_no_text_is_refused() -> None:
    (line,) = problems(with_steps("- get: /{{ env.X }}"), {"X": "\udcff"})
    assert line.endswith("the environment variable X is not UTF-8 text")


SECRET = "s3cret value"
EVERYWHERE = [
    with_scenario(f'executor: constant-vus\nduration: 1m\n{key}: "{{{{ env.S }}}}"')
    for key in ("vus", "graceful_stop", "start_time", "tags", "env")
] + [
    with_scenario("executor: '{{ env.S }}'\nduration: 1m"),
    with_scenario("executor: constant-arrival-rate\nduration: 1m\nmax_vus: 1\nrate: '{{ env.S }}'"),
    with_scenario(
        "executor: constant-arrival-rate\nduration: 1m\nmax_vus: 1\nrate: 1/s\n"
        "arrivals: '{{ env.S }}'"
    ),
    with_steps("- get: '{{ env.S }}'"),
    with_steps("- pause: '{{ env.S }}'"),
    with_steps("- pause: '{{ env.S }}..1s'"),
    with_steps("- {get: /, timeout: '{{ env.S }}'}"),
    with_steps("- {get: /, check: {status: '{{ env.S }}'}}"),
    with_steps("- {get: /, expect_status: '{{ env.S }}'}"),
    with_steps("- '{{ env.S }}'"),
    with_top("warmup: '{{ env.S }}'"),
    with_top("thresholds: {checks: '{{ env.S }}'}"),
    with_top("thresholds: {checks: {threshold: 'rate > 1%', over: '{{ env.S }}'}}"),
    with_top("defaults: '{{ env.S }}'"),
    with_top("").replace("http://shop.test", "'http://{{ env.S }}'"),
    with_top("").replace("http://shop.test", "'http://x/?{{ env.S }}'"),
    "'{{ env.S }}'",
]


@pytest.mark.parametrize("text", EVERYWHERE)
def test_no_message_shows_what_the_environment_holds(text: str) -> None:
    lines = problems(text, {"S": SECRET})
    assert lines
    assert not any("s3cret" in line for line in lines)


def test_a_source_does_not_show_its_environment() -> None:
    assert "s3cret" not in repr(TestSource("t.yaml", b"", {"S": SECRET}))


def test_only_mentioned_variables_are_mentioned() -> None:
    text = b"a: '{{ env.A }}{{env.B|default(\"x\")}}' # {{ env.C }}\nb: env.D {{ user.E }}"
    assert mentioned_env(text) == {"A", "B", "C"}


def test_what_a_variable_holds_is_one_value_whatever_it_looks_like() -> None:
    request = step("- {get: /, headers: {X: '{{ env.X }}'}}", X="a, Y: b} # [")
    assert request.headers == {"X": "a, Y: b} # ["}
    assert request.timeout == Fraction(60)
