"""A draft as the text of a test. What comes out of here is a test that loads, or an error."""

from __future__ import annotations

import json
import textwrap
from dataclasses import replace
from typing import TYPE_CHECKING

from groundswell.errors import GroundswellError, InvalidTest
from groundswell.scenario.bundle import bundled
from groundswell.scenario.loader import TestSource, load
from groundswell.scenario.source import MAX_BYTES
from groundswell_coordinator.counted import counted
from groundswell_coordinator.importers.draft import (
    Draft,
    Group,
    Pause,
    Request,
    Weighted,
    requests_in,
    without,
)
from groundswell_coordinator.importers.yaml_text import comment, entry, flow, item

if TYPE_CHECKING:
    from collections.abc import Iterator

    from groundswell_coordinator.importers.draft import Step, Value

_NAME = "imported.yaml"
_STEP_DEPTH = 3
# Well below what a test may have: 200,000 values and 10 MiB.
_MOST_VALUES, _MOST_CHARACTERS = 150_000, 5 * 1024 * 1024
# How far lines are indented, about.
_WIDEST = 20
_WRAP = textwrap.TextWrapper(
    94,
    initial_indent="  - ",
    subsequent_indent="    ",
    break_long_words=False,
    break_on_hyphens=False,
)
_THRESHOLDS: dict[str, Value] = {
    "http_req_failed": ["rate < 1%"],
    "checks": ["rate > 99%"],
    "http_req_duration": ["p(95) < 500ms"],
}


def written(draft: Draft) -> str:
    """The test. Requests that no test can have are left out, and listed in `draft.lost`."""
    _fit(draft)
    problem = _problem_of(draft)
    if problem is not None and draft.http and _problem_of(replace(draft, http={})) is None:
        draft.lost.append(f"how connections are made: {problem}")
        draft.http, problem = {}, None
    while problem is not None and requests_in(draft.steps):
        # What is left out may have captured something for another.
        if not _leave_out_what_does_not_load(draft):
            raise GroundswellError(f"{draft.origin} makes no valid test: {problem}")
        problem = _problem_of(draft)
    draft.lost = list(dict.fromkeys(draft.lost))
    if not requests_in(draft.steps):
        reasons = "; ".join(draft.lost[:3]) or None
        raise GroundswellError(f"nothing becomes a request of {draft.origin}", hint=reasons)
    return rendered(draft)


def _fit(draft: Draft) -> None:
    """Leaves out what would make the test larger than one may be, from the end."""
    requests = requests_in(draft.steps)
    values = characters = 0
    for count, request in enumerate(requests):
        fields = dict(_fields(request))
        values += _values_in(fields)
        characters += len(json.dumps(fields, ensure_ascii=False)) + 2 * _WIDEST * len(fields)
        if values > _MOST_VALUES or characters > _MOST_CHARACTERS:
            left = counted(len(requests) - count, "request")
            draft.lost.append(f"the last {left}: the test would be too large")
            draft.steps = without(draft.steps, {id(one) for one in requests[count:]})
            return


def _values_in(value: Value) -> int:
    if isinstance(value, dict):
        return 1 + sum(1 + _values_in(each) for each in value.values())
    return 1 + sum(map(_values_in, value)) if isinstance(value, list) else 1


def _problem_of(draft: Draft) -> str | None:
    """Why it does not load, or None."""
    data = rendered(draft).encode()
    if len(data) > MAX_BYTES:
        return "the test would be larger than 10 MiB"
    files = {name: content.encode() for name, content in draft.files.items()}
    try:
        load(TestSource(_NAME, bundled(data, files)))
    except InvalidTest as error:
        first = error.problems[0]
        return f"{first.message} ({first.hint})" if first.hint else first.message
    return None


def _leave_out_what_does_not_load(draft: Draft) -> bool:
    """Whether there was anything."""
    gone: set[int] = set()
    captured: dict[str, Value] = {}
    for request in requests_in(draft.steps):
        alone = replace(draft, steps=[Request("GET", "/"), request])
        if captured:
            alone.steps[0] = Request("GET", "/", captures=captured)
        if (problem := _problem_of(alone)) is not None:
            gone.add(id(request))
            draft.lost.append(f"{request.shown[:200]}: {problem}")
        else:
            captured |= dict.fromkeys(request.captures, "$.x")
    draft.steps = without(draft.steps, gone)
    return bool(gone)


def rendered(draft: Draft) -> str:
    """As it stands, whether it loads or not."""
    lines = [*_head(draft), *entry("test", draft.test, 0)]
    target = f"{{{{ env.BASE_URL | default('{draft.target}') }}}}"
    lines += [*entry("target", target, 0), ""]
    if draft.headers or draft.auth:
        lines += [*entry("defaults", _defaults(draft), 0), ""]
    if draft.http:
        lines += ["# How connections are made.", *entry("http", draft.http, 0), ""]
    lines += ["scenarios:", f"  {draft.scenario}:"]
    for setting in draft.load:
        (line,) = entry(setting.key, setting.value, 2)
        lines.append(f"{line} # {setting.comment}" if setting.comment else line)
    if draft.origins:
        lines += [
            "    # Other hosts than the target; each can be another one, with -e.",
            "    env:",
        ]
    for origin, name in draft.origins.items():
        lines += entry(name, f"{{{{ env.{name} | default('{origin}') }}}}", 3)
    lines += ["    steps:", *_steps(draft.steps, _STEP_DEPTH), ""]
    lines += ["# What must hold, or the verdict is FAIL: set your own limits.", "thresholds:"]
    has_checks = any(one.status is not None for one in requests_in(draft.steps))
    for key, value in _THRESHOLDS.items():
        # Without a check there would be nothing to judge.
        if key != "checks" or has_checks:
            lines += entry(key, value, 1)
    return "\n".join(lines) + "\n"


def _defaults(draft: Draft) -> Value:
    headers: dict[str, Value] = {"headers": {**draft.headers}} if draft.headers else {}
    auth: dict[str, Value] = {"auth": draft.auth} if draft.auth else {}
    return {**headers, **auth}


def _head(draft: Draft) -> Iterator[str]:
    yield comment(f"Imported from {draft.origin}.")
    parts = {
        "Look at:": draft.edit,
        "Secrets are not in this file. Set each with -e NAME=… or in the environment:": draft.secrets,
        "Not carried over:": draft.lost,
    }
    for title, notes in parts.items():
        if notes:
            yield "#"
            yield comment(title)
        for note in notes:
            yield from map(comment, _WRAP.wrap(note))
    yield ""


def _steps(steps: list[Step], depth: int) -> Iterator[str]:
    for step in steps:
        match step:
            case Request():
                yield from (comment(line, depth) for line in step.comments)
                yield from item(list(_request(step, depth + 1)), depth)
            case Pause():
                yield "  " * depth + f"- pause: {_seconds(step.seconds)}"
            case Group():
                lines = [*entry("group", step.name, depth + 1), "  " * (depth + 1) + "steps:"]
                yield from item([*lines, *_steps(step.steps, depth + 2)], depth)
            case Weighted():
                lines = ["  " * (depth + 1) + "weighted:"]
                for weight, request in step.branches:
                    lines += _branch(weight, request, depth + 2)
                yield from item(lines, depth)


def _branch(weight: int, request: Request, depth: int) -> Iterator[str]:
    fields = dict(_fields(request))
    line = f"- {{weight: {weight}, steps: [{flow(fields)}]}}"
    if len(line) + 2 * depth <= 96 and not request.comments:
        yield "  " * depth + line
        return
    yield "  " * depth + f"- weight: {weight}"
    yield "  " * (depth + 1) + "steps:"
    yield from _steps([request], depth + 2)


def _request(request: Request, depth: int) -> Iterator[str]:
    for key, value in _fields(request):
        yield from entry(key, value, depth)


def _fields(request: Request) -> Iterator[tuple[str, Value]]:
    """What is said of a request, in the order of the documentation."""
    yield request.method.lower(), request.path
    if request.name is not None:
        yield "name", request.name
    for key, value in (("query", request.query), ("headers", request.headers)):
        if value:
            yield key, {**value}
    if request.auth:
        yield "auth", request.auth
    if request.body is not None:
        yield request.body
    if request.timeout is not None:
        yield "timeout", request.timeout
    if request.redirects is not None:
        yield "redirects", request.redirects
    if request.expect_status:
        yield "expect_status", [*request.expect_status]
    if request.captures:
        yield "capture", request.captures
    if request.status is not None:
        yield "check", {"status": request.status}


def _seconds(seconds: float) -> str:
    return f"{seconds:.0f}s" if seconds >= 10 else f"{seconds:.1f}s".replace(".0s", "s")
