"""A draft becomes a test that loads, or an error: what no test can have is left out, and named."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from groundswell.errors import GroundswellError, InvalidTest
from groundswell.scenario.bundle import bundled
from groundswell.scenario.loader import TestSource, load
from groundswell.scenario.source import MAX_BYTES
from groundswell_coordinator.counted import counted
from groundswell_coordinator.importers.draft import Draft, Request, requests_in, without
from groundswell_coordinator.importers.rendered import fields_of, rendered

if TYPE_CHECKING:
    from groundswell_coordinator.importers.draft import Value

_NAME = "imported.yaml"
# Well below what a test may have: 200,000 values and 10 MiB.
_MOST_VALUES, _MOST_CHARACTERS = 150_000, 5 * 1024 * 1024
# How far lines are indented, about.
_WIDEST = 20


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
        fields = dict(fields_of(request))
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
