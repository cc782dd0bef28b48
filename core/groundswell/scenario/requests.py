"""A request as it is written: one step with a method."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

from groundswell.scenario.auth import AUTH, Auth, authorized
from groundswell.scenario.captures import CAPTURES
from groundswell.scenario.checks import CHECKS, STATUSES
from groundswell.scenario.expectations import Statuses
from groundswell.scenario.json_body import JSON_BODY
from groundswell.scenario.maps import FORM, HEADERS, QUERY, TAGS, merged_headers
from groundswell.scenario.nodes import Mapping, Node, Scalar
from groundswell.scenario.record import Fields, Key, Record
from groundswell.scenario.scalars import POSITIVE_DURATION, TEXT, WORD, choice, whole
from groundswell.scenario.step_model import (
    MOST_REDIRECTS,
    FormBody,
    RequestStep,
    SentFile,
)
from groundswell.scenario.templated import Templated
from groundswell.scenario.uploads import FILE_BODY, MULTIPART
from groundswell.scenario.urls import PATH
from groundswell.scenario.values import form_encoded

if TYPE_CHECKING:
    from groundswell.scenario.checks import WrittenCheck
    from groundswell.scenario.expressions import Text

METHODS = ("get", "post", "put", "patch", "delete", "head", "options")
REDIRECTS = frozenset((301, 302, 303, 307, 308))
_BODIES = ("json", "form", "body", "multipart", "file")
_FORM_TYPE = "application/x-www-form-urlencoded"
_JSON_TYPE = "application/json"


def _build(fields: Fields) -> RequestStep | None:
    bodies = [key for key in _BODIES if fields.given(key)]
    if len(bodies) > 1:
        message = f"a request has either `{bodies[0]}` or `{bodies[1]}`"
        fields.refuse(bodies[1], message, "remove one of them")
    _refuse_own_boundary(fields)
    _refuse_awaited_redirect(fields)
    if not fields.complete:
        return None
    values = dict(fields.values)
    method = next(method for method in METHODS if method in values)
    values.update(method=method.upper(), path=values.pop(method))
    name = values.setdefault("name", _as_written(fields.place(method)))
    written: tuple[tuple[WrittenCheck, ...], ...] = values.pop("check", ())
    values["checks"] = tuple(check.of_step(name) for group in written for check in group)
    values["captures"] = tuple(values.pop("capture", {}).values())
    on_fail = values.pop("on_fail", None)
    values["ends_iteration"] = None if on_fail is None else on_fail == "end-iteration"
    values.update(authorized(values.pop("auth", Auth()), values.get("headers", {})))
    return RequestStep(**_with_body(values))


def _refuse_own_boundary(fields: Fields) -> None:
    """The type of a multipart body names what stands between its parts."""
    headers = fields.node.get("headers")
    if not fields.given("multipart") or not isinstance(headers, Mapping):
        return
    for key, _ in headers.pairs:
        if key.text.lower() == "content-type":
            fields.problems.add(key, "`multipart` sets the Content-Type itself", "leave it out")
            fields.complete = False


def _refuse_awaited_redirect(fields: Fields) -> None:
    """A redirect that is followed is not what the step gets to see."""
    if fields.values.get("redirects") == 0:
        return
    expected: list[tuple[str, frozenset[int]]] = []
    if "expect_status" in fields.values:
        expected.append(("expect_status", fields.values["expect_status"]))
    written: tuple[tuple[WrittenCheck, ...], ...] = fields.values.get("check", ())
    expected += [
        ("check", check.expectation.statuses)
        for group in written
        for check in group
        if isinstance(check.expectation, Statuses)
    ]
    for key, statuses in expected:
        if statuses <= REDIRECTS:
            message = f"`{key}` awaits a redirect, and redirects are followed"
            fields.refuse(key, message, "add `redirects: 0`")


def _with_body(values: dict[str, Any]) -> dict[str, Any]:
    kind = next((key for key in _BODIES if key in values), None)
    if kind is None:
        return values
    body = values.pop(kind)
    if kind == "json":
        values["headers"] = merged_headers({"Content-Type": _JSON_TYPE}, values["headers"])
    elif kind == "form":
        values["headers"] = merged_headers({"Content-Type": _FORM_TYPE}, values["headers"])
        body = _form(body)
    elif isinstance(body, SentFile):
        values["headers"] = merged_headers({"Content-Type": body.type}, values["headers"])
    values["body"] = body.encode() if isinstance(body, str) else body
    return values


def _form(fields: dict[str, Text]) -> bytes | FormBody:
    pairs = tuple(fields.items())
    constant = [(name, value) for name, value in pairs if isinstance(value, str)]
    if len(constant) < len(pairs):
        return FormBody(pairs)
    return form_encoded(constant).encode()


def _as_written(path: Node) -> str:
    """The path before its templates are filled in: one name for all that they may become."""
    return path.written if isinstance(path, Scalar) else ""


REQUEST = Record(
    "a request",
    {
        **{method: Key(PATH, f"Send a {method.upper()} to this path.") for method in METHODS},
        "name": Key(WORD, "What metrics and reports call this request. Default: its path."),
        "query": Key(QUERY, "Parameters that are added to the path, encoded."),
        "headers": Key(HEADERS, "Headers of this request; they go before the defaults."),
        "auth": Key(AUTH, "How this request authenticates itself."),
        "body": Key(Templated(TEXT), "The body, as text."),
        "json": Key(JSON_BODY, "The body, as a value that is sent as JSON."),
        "form": Key(FORM, "The body, as the fields of a form."),
        "multipart": Key(MULTIPART, "The body, as the fields of a form with files."),
        "file": Key(FILE_BODY, "The body, as a file beside the test."),
        "timeout": Key(POSITIVE_DURATION, "How long the response may take.", default="60s"),
        "redirects": Key(whole(0, 50), "How many redirects are followed.", default=MOST_REDIRECTS),
        "expect_status": Key(
            STATUSES, "Statuses that do not count as failed. Default: 200 to 399."
        ),
        "capture": Key(CAPTURES, "What is taken out of the response, by name."),
        "check": Key(CHECKS, "What the response is expected to be; counted in `checks`."),
        "on_fail": Key(
            choice("continue", "end-iteration"),
            "What happens where the request or a check of it fails. Default: continue; in setup"
            " and teardown, end-iteration.",
        ),
        "tags": Key(TAGS, "Tags of all samples of this request."),
    },
    _build,
    extra={
        "oneOf": [{"required": [method]} for method in METHODS],
        "not": {"anyOf": [{"required": list(pair)} for pair in combinations(_BODIES, 2)]},
    },
)
