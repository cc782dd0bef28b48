"""The steps of a scenario as data.

A value that an iteration fills in is a `Template`; one that is the same in every iteration is plain.
Whatever a request says that never changes is therefore visible here, and can be prepared once.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from groundswell.scenario.expressions import Template, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from groundswell.scenario.conditions import Condition
    from groundswell.scenario.expectations import Expectation
    from groundswell.scenario.json_path import JsonPath

DEFAULT_TIMEOUT = Fraction(60)
MOST_REDIRECTS = 10

# How long a VU keeps what the target set: for one iteration, for its life, not at all.
Cookies = Literal["iteration", "keep", "off"]
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a check looks at. `name` is a header's; `path` leads into a JSON body.

    `duration` is in seconds, `size` in bytes of the body as it came.
    """

    kind: Literal["status", "duration", "size", "body", "header", "json"]
    name: str = ""
    path: JsonPath | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """An expectation about one response."""

    name: str
    subject: Subject
    expectation: Expectation


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """A value taken out of a response: `source` is what `kind` says.

    json: a JsonPath · header, cookie, field: a name · regex: a pattern, whose `group` it is
    """

    name: str
    kind: Literal["json", "header", "cookie", "regex", "field"]
    source: str
    path: JsonPath | None = None
    group: int = 1
    # What it is where nothing is found; without one, the iteration ends there.
    has_default: bool = False
    default: object = None


@dataclass(frozen=True, slots=True)
class JsonBody:
    """Pieces of JSON: bytes as they are, and templates whose value becomes JSON. One that is a
    single expression keeps its type.
    """

    pieces: tuple[bytes | Template, ...]


@dataclass(frozen=True, slots=True)
class FormBody:
    """Fields in their order, to be URL-encoded."""

    fields: tuple[tuple[str, Text], ...]


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file beside the test, by its path from there; `type` is its media type."""

    path: str
    type: str


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a multipart form: of a field, mostly without type and file name."""

    name: str
    content: Text | SentFile
    type: str | None = None
    filename: Text | None = None


@dataclass(frozen=True, slots=True)
class MultipartBody:
    """Parts in their order, as multipart/form-data. What stands between them, the agents choose."""

    parts: tuple[Part, ...]


# A template is text, sent in UTF-8.
Body = bytes | Template | JsonBody | FormBody | SentFile | MultipartBody


@dataclass(frozen=True, slots=True)
class Digest:
    """Who sends a request, for a server that asks for a digest. `optional`: of the defaults, for
    those requests alone whose templates have their values.
    """

    user: Text
    password: Text
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestStep:
    """One HTTP request.

    `path` is what is requested, percent-encoded: below the test's target, or a whole URL. `query`
    is not in it yet. `headers` hold the test's defaults. `tags` go before those of the scenario.
    """

    method: Method
    path: Text
    name: str
    query: Mapping[str, Text] = field(default_factory=dict[str, Text])
    headers: Mapping[str, Text] = field(default_factory=dict[str, Text])
    body: Body = b""
    # Makes the Authorization header, where the server asks for it.
    digest: Digest | None = None
    timeout: Fraction = DEFAULT_TIMEOUT
    expect_status: frozenset[int] = frozenset(range(200, 400))
    # How many redirects are followed; each is a request of its own.
    redirects: int = MOST_REDIRECTS
    captures: tuple[Capture, ...] = ()
    checks: tuple[Check, ...] = ()
    # Whether the iteration ends where the request or one of its checks fails; None where it is not
    # said, and then it does so in setup and teardown alone.
    ends_iteration: bool | None = None
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseStep:
    """Think time: uniform between `shortest` and `longest`, or fixed where they are equal."""

    shortest: Fraction
    longest: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalPauseStep:
    """Think time of a normal distribution; what falls below zero is no pause."""

    mean: Fraction
    deviation: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class PaceStep:
    """Wait until the iteration, or the innermost loop's pass, has taken this long."""

    length: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupStep:
    """Steps under one name: its tag is on all their samples, and their time is measured."""

    name: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IfStep:
    condition: Condition
    then: tuple[Step, ...]
    otherwise: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatStep:
    """`times` is a number, or what a template gives as one."""

    times: int | Template
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WhileStep:
    condition: Condition
    most: int
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """One choice of several, in proportion to its weight."""

    weight: Fraction
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedStep:
    branches: tuple[Branch, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParallelStep:
    """Branches that run at the same time, each on a connection of its own."""

    branches: tuple[tuple[Step, ...], ...]


Step = (
    RequestStep
    | PauseStep
    | NormalPauseStep
    | PaceStep
    | GroupStep
    | IfStep
    | RepeatStep
    | WhileStep
    | WeightedStep
    | ParallelStep
)


def inner_steps(step: Step) -> tuple[tuple[Step, ...], ...]:
    """The lists of steps that a step holds."""
    match step:
        case GroupStep() | RepeatStep() | WhileStep():
            return (step.steps,)
        case IfStep():
            return (step.then, step.otherwise)
        case WeightedStep():
            return tuple(branch.steps for branch in step.branches)
        case ParallelStep():
            return step.branches
        case _:
            return ()


def with_requests(
    steps: tuple[Step, ...], change: Callable[[RequestStep], RequestStep]
) -> tuple[Step, ...]:
    """The same steps with every request changed, those inside others too."""

    def within(inner: tuple[Step, ...]) -> tuple[Step, ...]:
        return with_requests(inner, change)

    def changed(step: Step) -> Step:
        match step:
            case RequestStep():
                return change(step)
            case GroupStep() | RepeatStep() | WhileStep():
                return replace(step, steps=within(step.steps))
            case IfStep():
                return replace(step, then=within(step.then), otherwise=within(step.otherwise))
            case WeightedStep():
                branches = (replace(one, steps=within(one.steps)) for one in step.branches)
                return replace(step, branches=tuple(branches))
            case ParallelStep():
                return replace(step, branches=tuple(map(within, step.branches)))
            case _:
                return step

    return tuple(map(changed, steps))


def all_steps(steps: tuple[Step, ...]) -> Iterator[Step]:
    """Every step, those inside others too, in the order of the file."""
    for step in steps:
        yield step
        for inner in inner_steps(step):
            yield from all_steps(inner)


def all_requests(steps: tuple[Step, ...]) -> Iterator[RequestStep]:
    """Every request, in the order of the file."""
    return (step for step in all_steps(steps) if isinstance(step, RequestStep))
