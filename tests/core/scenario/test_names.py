"""Which names a template or a condition may ask for, and where."""

from __future__ import annotations

import pytest

from groundswell.scenario.names import check_names
from groundswell.scenario.nodes import Mapping
from groundswell.scenario.problems import Problems
from groundswell.scenario.template import fill_test
from groundswell.scenario.yaml_source import parse
from tests.core.scenario.writing import problems, with_steps, with_top

CAPTURE = "{get: /, capture: {token: $.t}}"


@pytest.mark.parametrize(
    "steps",
    [
        f"- {CAPTURE}\n- get: /{{{{ token }}}}",
        "- {get: /, capture: {token: $.t}, check: {$.a: '{{ token }}'}}",
        f"- group: g\n  steps: [{CAPTURE}]\n- get: /{{{{ token }}}}",
        f"- if: vu == 1\n  then: [{CAPTURE}]\n- get: /{{{{ token }}}}",
        f"- if: vu == 1\n  then: [{{get: /}}]\n  else: [{CAPTURE}]\n- get: /{{{{ token }}}}",
        f"- weighted: [{{weight: 1, steps: [{CAPTURE}]}}]\n- get: /{{{{ token }}}}",
        f"- parallel: [{{get: /}}, {CAPTURE}]\n- get: /{{{{ token }}}}",
        f"- parallel: [[{CAPTURE}, {{get: '/{{{{ token }}}}'}}]]",
        f"- repeat: 2\n  steps: [{{get: '/{{{{ token }}}}'}}, {CAPTURE}]",
        f"- while: token == null\n  max: 2\n  steps: [{{get: '/{{{{ token }}}}'}}, {CAPTURE}]",
        f"- if: token == null\n  then: [{{get: /}}]\n- {CAPTURE}",
        f"- {CAPTURE}\n- repeat: '{{{{ token }}}}'\n  steps: [{{get: /}}]",
        "- get: /{{ vu }}/{{ iteration }}/{{ scenario }}/{{ secret.A_1 }}",
    ],
)
def test_a_name_that_is_there(steps: str) -> None:
    assert problems(with_steps(steps)) == []


@pytest.mark.parametrize(
    "steps",
    [
        f"- get: /{{{{ token }}}}\n- {CAPTURE}",
        "- {get: '/{{ token }}', capture: {token: $.t}}",
        f"- if: vu == 1\n  then: [{CAPTURE}]\n  else: [{{get: '/{{{{ token }}}}'}}]",
        f"- parallel: [{CAPTURE}, {{get: '/{{{{ token }}}}'}}]",
        f"- weighted: [{{weight: 1, steps: [{CAPTURE}]}}, {{weight: 1, steps: [{{get: '/{{{{ token }}}}'}}]}}]",
        f"- repeat: '{{{{ token }}}}'\n  steps: [{CAPTURE}]",
        f"- post: /\n  json: {{a: [{{b: '{{{{ token }}}}'}}]}}\n- {CAPTURE}",
    ],
)
def test_a_name_that_is_not_there_yet(steps: str) -> None:
    (line,) = problems(with_steps(steps))
    assert "`token` is not captured yet here (it is on line " in line


def test_names_of_another_scenario_are_not_known() -> None:
    text = with_top("").replace("{get: /a}", CAPTURE) + ("  \n  \n")
    text = text.replace(
        "scenarios:\n",
        "scenarios:\n  r: {executor: constant-vus, duration: 1m, steps: [{get: '/{{ token }}'}]}\n",
    )
    (line,) = problems(text)
    assert "nothing is known here by the name `token`" in line


def test_defaults_may_name_what_any_scenario_captures() -> None:
    text = with_top("defaults: {auth: {bearer: '{{ token }}'}, headers: {X: '{{ vu }}'}}")
    assert problems(text.replace("{get: /a}", CAPTURE)) == []
    (line,) = problems(text)
    assert "nothing is known here by the name `token`" in line


def of_namespaces(path: str) -> list[str]:
    found = Problems("t.yaml")
    root = parse(with_steps(f'- get: "/{{{{ {path} }}}}"').encode(), found)
    assert isinstance(root, Mapping)
    namespaces = {"users": frozenset(("email", "sku")), "fake": None}
    check_names(fill_test(root, {}, found), found, namespaces)
    return [] if not found else [str(problem) for problem in found.as_error().problems]


@pytest.mark.parametrize(
    ("path", "printed"),
    [
        ("users.email", []),
        ("users['email']", []),
        ("fake.anything", []),
        ("users", ["`users` is a row: name a field of it"]),
        ("users.mail", ["`users` has no field `mail` (did you mean `email`?)"]),
        ("users.x", ["`users` has no field `x` (there are email, sku)"]),
        ("user.email", ["nothing is known here by the name `user` (did you mean `users`?)"]),
    ],
)
def test_a_namespace_has_fields(path: str, printed: list[str]) -> None:
    assert of_namespaces(path) == [f"t.yaml:8:14: {line}" for line in printed]
