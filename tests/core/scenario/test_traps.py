"""Where YAML reads something else than was meant, the hint says what to quote."""

from __future__ import annotations

import pytest

from groundswell.scenario.model import RequestStep
from tests.core.scenario.writing import loaded, problems, with_steps, with_top


@pytest.mark.parametrize(
    ("steps", "place", "hint"),
    [
        (
            "- get: /a\n  capture: {id: $.items[0].id}",
            "9:30",
            'quote a path that holds brackets: "$.items[0].id"',
        ),
        (
            "- get: /a\n  check:\n    - {name: has a price, $.price: > 0}",
            "10:42",
            'quote a comparison: "> 0"',
        ),
        ("- get: /a\n  check:\n    $.price: > 0", "10:22", 'quote a comparison: "> 0"'),
        ("- get: /a\n  check:\n    $.price: >= 100", "10:21", 'quote a comparison: ">= 100"'),
        ("- get: /a\n  check:\n    status: != 500", "10:19", 'quote a comparison: "!= 500"'),
        ("- get: /a\n  json:\n    sku: {{ x }}", "10:17", 'quote a template: "{{ x }}"'),
        ("- get: /a\n  json: {a: 1, sku: {{ x }}}", "9:28", 'quote a template: "{{ x }}"'),
        ("- get: {{ x }}", "8:15", 'quote a template: "{{ x }}"'),
        ("- get: /a\n  {{ x }}: 1", "9:10", 'quote a template: "{{ x }}"'),
        ("- get: /a #b", "8:14", "quote it all, or write `# b` for a comment"),
        ("- get: /a\n  name: step #1", "9:15", "quote it all, or write `# 1` for a comment"),
        (
            "- post: /a\n  json: {a: b #1\n    }",
            "9:19",
            "quote it all, or write `# 1` for a comment",
        ),
        (
            "- {get: /a #b}",
            "9:1",
            "a space and # start a comment: quote a value that holds them",
        ),
        ("- get: @x", "8:14", 'quote a value that starts with @: "@x"'),
        ("- get: /a: b", "8:16", "quote a value that holds a colon and a space: '/a: b'"),
        ("- get: /a\n\tname: b", "9:7", "indent with spaces, not with tabs"),
    ],
)
def test_a_trap_in_a_step_has_a_hint_of_its_own(steps: str, place: str, hint: str) -> None:
    (line,) = problems(with_steps(steps))
    assert line.startswith(f"t.yaml:{place}: ")
    assert line.endswith(f"({hint})")


def test_a_template_with_something_behind_it_is_to_be_quoted_whole() -> None:
    lines = problems(with_steps("- get: {{ x }}/y\n  name: q"))
    assert lines[-1].endswith('(quote a value that starts with a template: "{{ x }}/y")')


@pytest.mark.parametrize(
    "thresholds",
    [
        "thresholds:\n  http_req_duration{name: x}: [p(95) < 1s]",
        "thresholds: {http_req_duration{name:x}: [p(95) < 1s]}",
    ],
)
def test_a_selection_that_yaml_does_not_take_as_a_key(thresholds: str) -> None:
    (line,) = problems(with_top(thresholds))
    assert line.endswith(
        '(write a selection of tags without spaces, or quote it: "http_req_duration{name:x}")'
    )


def test_a_comment_with_a_space_is_a_comment() -> None:
    (step,) = loaded(with_steps("- get: /a # the start page")).scenarios["s"].steps
    assert isinstance(step, RequestStep)
    assert step.path == "/a"


def test_a_comment_behind_a_quoted_path_is_a_comment() -> None:
    assert not problems(with_steps("- get: '/a' #b"))


def test_a_selection_without_a_space_needs_no_quotes() -> None:
    test = loaded(with_top("thresholds:\n  http_req_duration{name:x,status:200}: [p(95) < 1s]"))
    assert list(test.thresholds) == ["http_req_duration{name:x,status:200}"]
