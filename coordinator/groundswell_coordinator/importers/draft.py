"""What an importer makes of its source: a test in the making, with what is to be said about it.

Every text in a draft stands as it will stand in the test: templates are templates, and what was
recorded and only looks like one has gone through `literal`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

# What YAML and JSON can both say.
Value: TypeAlias = "bool | int | float | str | list[Value] | dict[str, Value] | None"

# There is no other way to write two braces that open nothing.
_BRACES = "{{ env.BRACES | default('{{') }}"


@dataclass(slots=True)
class Request:
    """One request. `path` is encoded, below the target or a whole URL.

    `body` is its key in a test (`json`, `form`, `body`) and its value. `status` is what the response
    is expected to have.
    """

    method: str
    path: str
    name: str | None = None
    query: dict[str, str] = field(default_factory=dict[str, str])
    headers: dict[str, str] = field(default_factory=dict[str, str])
    auth: dict[str, Value] | None = None
    body: tuple[str, Value] | None = None
    timeout: str | None = None
    redirects: int | None = None
    expect_status: list[int] = field(default_factory=list[int])
    captures: dict[str, Value] = field(default_factory=dict[str, Value])
    status: int | str | None = None
    comments: list[str] = field(default_factory=list[str])

    @property
    def shown(self) -> str:
        """For people: without the query, where secrets may be."""
        return f"{self.method} {self.path.partition('?')[0]}"


@dataclass(slots=True)
class Pause:
    """`seconds` of think time."""

    seconds: float


@dataclass(slots=True)
class Group:
    name: str
    steps: list[Step]


@dataclass(slots=True)
class Weighted:
    """Branches of one request each."""

    branches: list[tuple[int, Request]]


Step = Request | Pause | Group | Weighted


@dataclass(slots=True)
class Setting:
    """One line of a scenario."""

    key: str
    value: Value
    comment: str = ""


@dataclass(slots=True)
class Draft:
    """`origin` says where it comes from, `edit` what a person is to look at, `secrets` which
    variables stand for what, `lost` what the test does not have that its source had.
    """

    test: str
    origin: str
    target: str
    scenario: str
    load: list[Setting]
    steps: list[Step]
    headers: dict[str, str] = field(default_factory=dict[str, str])
    auth: dict[str, Value] = field(default_factory=dict[str, "Value"])
    http: dict[str, Value] = field(default_factory=dict[str, "Value"])
    # Variables of the scenario, by the origins that they stand for.
    origins: dict[str, str] = field(default_factory=dict[str, str])
    edit: list[str] = field(default_factory=list[str])
    secrets: list[str] = field(default_factory=list[str])
    lost: list[str] = field(default_factory=list[str])
    # Files beside the test, by their endings.
    files: dict[str, str] = field(default_factory=dict[str, str])


def literal(text: str) -> str:
    """A recorded text as a test says it: nothing in it is a template, and all of it is Unicode."""
    whole = text.encode("utf-8", "replace").decode()
    return whole.replace("{{", _BRACES)


def requests_in(steps: list[Step]) -> list[Request]:
    """All of them, those in groups and branches too, in their order."""
    found: list[Request] = []
    for step in steps:
        match step:
            case Request():
                found.append(step)
            case Group():
                found += requests_in(step.steps)
            case Weighted():
                found += [request for _, request in step.branches]
            case Pause():
                pass
    return found


def without(steps: list[Step], gone: set[int]) -> list[Step]:
    """The steps without those requests whose `id` is in `gone`, and without what is empty then."""
    kept: list[Step] = []
    for step in steps:
        match step:
            case Group():
                inner = without(step.steps, gone)
                kept += [Group(step.name, inner)] if requests_in(inner) else []
            case Weighted():
                branches = [branch for branch in step.branches if id(branch[1]) not in gone]
                kept += [Weighted(branches)] if branches else []
            case _ if id(step) not in gone:
                kept.append(step)
            case _:
                pass
    return kept
