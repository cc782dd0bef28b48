"""What one iteration does: requests and pauses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from groundswell.scenario.checks import CHECKS, STATUSES
from groundswell.scenario.json_body import JSON_BODY
from groundswell.scenario.maps import HEADERS, QUERY, TAGS, merged_headers
from groundswell.scenario.model import DEFAULT_TIMEOUT, PauseStep, RequestStep, Step
from groundswell.scenario.nodes import Mapping, Node, Scalar
from groundswell.scenario.record import Fields, Key, Record
from groundswell.scenario.scalars import PAUSE, POSITIVE_DURATION, TEXT, WORD
from groundswell.scenario.shape import Json, ListOf, Shape, is_told
from groundswell.scenario.suggest import is_not_supported, nearest
from groundswell.scenario.urls import PATH

if TYPE_CHECKING:
    from fractions import Fraction

    from groundswell.scenario.problems import Problems

METHODS = ("get", "post", "put", "patch", "delete", "head", "options")


@dataclass(frozen=True, slots=True)
class Defaults:
    """What requests take where they do not say it themselves."""

    timeout: Fraction | None = None
    headers: tuple[tuple[str, str], ...] = ()

    def applied_to(self, step: Step) -> Step:
        if not isinstance(step, RequestStep):
            return step
        headers = merged_headers(dict(self.headers), dict(step.headers))
        # By identity: a step that says 60s itself has said so.
        is_silent = step.timeout is DEFAULT_TIMEOUT
        timeout = self.timeout if self.timeout is not None and is_silent else step.timeout
        return replace(step, headers=headers, timeout=timeout)


def _build_request(fields: Fields) -> RequestStep | None:
    if "json" in fields.values and "body" in fields.values:
        fields.refuse("body", "a request has either `json` or `body`", "remove one of them")
    if not fields.complete:
        return None
    values = dict(fields.values)
    method = next(method for method in METHODS if method in values)
    values.update(method=method.upper(), path=values.pop(method))
    name = values.setdefault("name", _as_written(fields.place(method)))
    values["checks"] = tuple(check.of_step(name) for check in values.pop("check", ()))
    return RequestStep(**_with_body(values))


def _with_body(values: dict[str, Any]) -> dict[str, Any]:
    if "json" in values:
        values["body"] = values.pop("json")
        own = values.get("headers", {})
        values["headers"] = merged_headers({"Content-Type": "application/json"}, own)
    elif "body" in values:
        values["body"] = values["body"].encode()
    return values


def _as_written(path: Node) -> str:
    """The path before its templates are filled in: one name for all that they may become."""
    return path.written if isinstance(path, Scalar) else ""


def _build_pause(fields: Fields) -> PauseStep | None:
    if not fields.complete:
        return None
    shortest, longest = fields.values["pause"]
    return PauseStep(shortest=shortest, longest=longest)


REQUEST = Record(
    "a request",
    {
        **{method: Key(PATH, f"Send a {method.upper()} to this path.") for method in METHODS},
        "name": Key(WORD, "What metrics and reports call this request. Default: its path."),
        "query": Key(QUERY, "Parameters that are added to the path, encoded."),
        "headers": Key(HEADERS, "Headers of this request; they go before the defaults."),
        "body": Key(TEXT, "The body, as text."),
        "json": Key(JSON_BODY, "The body, as a value that is sent as JSON."),
        "timeout": Key(POSITIVE_DURATION, "How long the response may take.", default="60s"),
        "expect_status": Key(
            STATUSES, "Statuses that do not count as failed. Default: 200 to 399."
        ),
        "check": Key(CHECKS, "What the response is expected to be; counted in `checks`."),
        "tags": Key(TAGS, "Tags of all samples of this request."),
    },
    _build_request,
    extra={
        "oneOf": [{"required": [method]} for method in METHODS],
        "not": {"required": ["json", "body"]},
    },
)
PAUSE_STEP = Record(
    "a pause",
    {"pause": Key(PAUSE, "Wait, for 2s or for a random time in 1s..3s.", required=True)},
    _build_pause,
)
_KINDS = (*METHODS, "pause")


class _StepShape(Shape[Step]):
    """A request or a pause: the key that names the kind decides."""

    def read(self, node: Node, label: str, problems: Problems) -> Step | None:
        if is_told(node):
            return None
        if not isinstance(node, Mapping):
            problems.add(node, f"a step is a mapping, not {node.shown}", "such as `- get: /login`")
            return None
        kinds = [key for key, _ in node.pairs if key.text in _KINDS]
        later = [key for key, _ in node.pairs if is_not_supported("a step", key.text)]
        if later:
            problems.add(later[0], f"`{later[0].text}` is not supported yet")
            return None
        if not kinds:
            self._refuse_unknown(node, problems)
            return None
        if len(kinds) > 1:
            both = f"`{kinds[0].text}` and `{kinds[1].text}`"
            problems.add(kinds[1], f"one step has {both}", "make two steps of it")
            return None
        shape = PAUSE_STEP if kinds[0].text == "pause" else REQUEST
        return shape.read(node, label, problems)

    def _refuse_unknown(self, node: Mapping, problems: Problems) -> None:
        for key, _ in node.pairs:
            if guess := nearest(key.text, _KINDS):
                message = f"unknown key `{key.text}` in a step"
                problems.add(key, message, f"did you mean `{guess}`?")
                return
        problems.add(node, "a step says what to do", f"it has one of {', '.join(_KINDS)}")

    def schema(self, definitions: Json) -> Json:
        request, pause = REQUEST.schema(definitions), PAUSE_STEP.schema(definitions)
        kind: Json = {"if": {"required": ["pause"]}, "then": pause, "else": request}
        definitions["step"] = {"type": "object", **kind}
        return {"$ref": "#/$defs/step"}


STEPS = ListOf(_StepShape(), "`- get: /`")


def _build_defaults(fields: Fields) -> Defaults | None:
    if not fields.complete:
        return None
    return Defaults(fields.values.get("timeout"), tuple(fields.values.get("headers", {}).items()))


DEFAULTS = Record(
    "the defaults",
    {
        "timeout": Key(POSITIVE_DURATION, "The timeout of every request.", default="60s"),
        "headers": Key(HEADERS, "Headers of every request."),
    },
    _build_defaults,
)
