"""What a response is expected to be: the `check` and the `expect_status` of a request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from groundswell.scenario.check_values import (
    DURATION_VALUE,
    JSON_VALUE,
    SIZE_VALUE,
    STATUS_VALUE,
    STATUSES,
    TEXT_VALUE,
)
from groundswell.scenario.json_path import checked_json_path
from groundswell.scenario.maps import HEADER_NAME
from groundswell.scenario.nodes import Mapping, Node, Scalar, Sequence
from groundswell.scenario.scalars import WORD
from groundswell.scenario.shape import Json, OneOrMore, Refusal, Shape, is_told
from groundswell.scenario.step_model import Check, Subject
from groundswell.scenario.suggest import did_you_mean

if TYPE_CHECKING:
    from groundswell.scenario.expectations import Expectation
    from groundswell.scenario.problems import Problems

__all__ = ["CHECKS", "STATUSES", "WrittenCheck"]

_HEADER = "header."
_SUBJECTS = "status, duration, size, body, header.NAME, $path"
_VALUES: dict[str, Shape[Expectation]] = {
    "status": STATUS_VALUE,
    "duration": DURATION_VALUE,
    "size": SIZE_VALUE,
    "body": TEXT_VALUE,
    "header": TEXT_VALUE,
    "json": JSON_VALUE,
}


@dataclass(frozen=True, slots=True)
class WrittenCheck:
    """A check that may still need the name of its step for its own."""

    name: str | None
    written: str
    subject: Subject
    expectation: Expectation

    def of_step(self, step: str) -> Check:
        name = self.name or f"{step}: {self.written}"
        return Check(name=name, subject=self.subject, expectation=self.expectation)


class _CheckShape(Shape[tuple[WrittenCheck, ...]]):
    """Subjects and what each is expected to be; a name makes it one check with one subject."""

    def read(self, node: Node, label: str, problems: Problems) -> tuple[WrittenCheck, ...] | None:
        if not isinstance(node, Mapping):
            if not is_told(node):
                message = f"`{label}` must be a mapping, not {node.shown}"
                problems.add(node, message, "such as {status: 200}")
            return None
        before = len(problems)
        named = node.get("name")
        name = WORD.read(named, "name", problems) if named is not None else None
        pairs = [pair for pair in node.pairs if pair[0].text != "name"]
        if not pairs:
            problems.add(node, "a check says what to look at", f"one of {_SUBJECTS}")
        if named is not None and len(pairs) > 1:
            hint = "make a list of two checks of it"
            problems.add(pairs[1][0], "a check with a name looks at one thing", hint)
        checks = [_read(name, key, value, problems) for key, value in pairs]
        complete = tuple(check for check in checks if check is not None)
        return complete if len(problems) == before and len(complete) == len(checks) else None

    def schema(self, definitions: Json) -> Json:
        status, duration = STATUS_VALUE.schema(definitions), DURATION_VALUE.schema(definitions)
        size, text = SIZE_VALUE.schema(definitions), TEXT_VALUE.schema(definitions)
        described = {
            "name": ("What reports call it.", WORD.schema(definitions)),
            "status": ("The status of the response: 200, 2xx, [200, 304], '< 400'.", status),
            "duration": ("How long it took to answer: '< 300ms'.", duration),
            "size": ("Bytes of its body: '< 64KiB'.", size),
            "body": ("Its body, as text: contains Welcome.", text),
        }
        definitions["check"] = {
            "type": "object",
            "properties": {
                key: {"description": doc, **form} for key, (doc, form) in described.items()
            },
            "patternProperties": {
                rf"^header\.{HEADER_NAME.pattern}$": text,
                r"^\$": JSON_VALUE.schema(definitions),
            },
            "additionalProperties": False,
            "anyOf": [{"not": {"required": ["name"]}, "minProperties": 1}, {"minProperties": 2}],
            "if": {"required": ["name"]},
            "then": {"maxProperties": 2},
        }
        return {"$ref": "#/$defs/check"}


def _read(name: str | None, key: Scalar, value: Node, problems: Problems) -> WrittenCheck | None:
    try:
        subject = _subject(key.text)
    except Refusal as refusal:
        problems.add(key, refusal.message, refusal.hint)
        return None
    expectation = _VALUES[subject.kind].read(value, key.text, problems)
    if expectation is None:
        return None
    return WrittenCheck(name, f"{key.text} {_as_written(value)}", subject, expectation)


def _subject(key: str) -> Subject:
    if key in ("status", "duration", "size", "body"):
        return Subject(kind=key)  # type: ignore[arg-type]  # one of those four
    if key.startswith("$"):
        return Subject(kind="json", path=checked_json_path(key, f"`{key}`"))
    if key.startswith(_HEADER) and HEADER_NAME.fullmatch(key, len(_HEADER)):
        return Subject(kind="header", name=key[len(_HEADER) :].lower())
    known = ("status", "duration", "size", "body", "name")
    hint = did_you_mean(key, known, f"known here: {_SUBJECTS}, name")
    raise Refusal(f"unknown key `{key}` in a check", hint)


def _as_written(expectation: Node) -> str:
    match expectation:
        case Scalar():
            return expectation.written
        case Sequence():
            return f"[{', '.join(map(_as_written, expectation.items))}]"
        case _:
            return expectation.shown


CHECKS = OneOrMore(_CheckShape(), "{status: 200}")
