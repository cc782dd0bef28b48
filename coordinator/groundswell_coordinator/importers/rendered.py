"""The text of a draft: what people read and edit."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from groundswell_coordinator.importers.draft import Group, Pause, Request, Weighted, requests_in
from groundswell_coordinator.importers.yaml_text import comment, entry, flow, item

if TYPE_CHECKING:
    from collections.abc import Iterator

    from groundswell_coordinator.importers.draft import Draft, Step, Value

_STEP_DEPTH = 3
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


def rendered(draft: Draft) -> str:
    """As it stands, whether it loads or not."""
    target = f"{{{{ env.BASE_URL | default('{draft.target}') }}}}"
    lines = [
        *_head(draft),
        *entry("test", draft.test, 0),
        *entry("target", target, 0),
        "",
        *_top(draft),
        "scenarios:",
        f"  {draft.scenario}:",
        *_load(draft),
        "    steps:",
        *_steps(draft.steps, _STEP_DEPTH),
        "",
        *_thresholds(draft),
    ]
    return "\n".join(lines) + "\n"


def _top(draft: Draft) -> Iterator[str]:
    if draft.headers or draft.auth:
        yield from entry("defaults", _defaults(draft), 0)
        yield ""
    if draft.http:
        yield "# How connections are made."
        yield from entry("http", draft.http, 0)
        yield ""


def _load(draft: Draft) -> Iterator[str]:
    for setting in draft.load:
        (line,) = entry(setting.key, setting.value, 2)
        yield f"{line} # {setting.comment}" if setting.comment else line
    if draft.origins:
        yield "    # Other hosts than the target; each can be another one, with -e."
        yield "    env:"
    for origin, name in draft.origins.items():
        yield from entry(name, f"{{{{ env.{name} | default('{origin}') }}}}", 3)


def _thresholds(draft: Draft) -> Iterator[str]:
    yield "# What must hold, or the verdict is FAIL: set your own limits."
    yield "thresholds:"
    has_checks = any(one.status is not None for one in requests_in(draft.steps))
    for key, value in _THRESHOLDS.items():
        # Without a check there would be nothing to judge.
        if key != "checks" or has_checks:
            yield from entry(key, value, 1)


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
    fields = dict(fields_of(request))
    line = f"- {{weight: {weight}, steps: [{flow(fields)}]}}"
    if len(line) + 2 * depth <= 96 and not request.comments:
        yield "  " * depth + line
        return
    yield "  " * depth + f"- weight: {weight}"
    yield "  " * (depth + 1) + "steps:"
    yield from _steps([request], depth + 2)


def _request(request: Request, depth: int) -> Iterator[str]:
    for key, value in fields_of(request):
        yield from entry(key, value, depth)


def fields_of(request: Request) -> Iterator[tuple[str, Value]]:
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
