"""What a response is expected to be: the `check` and the `expect_status` of a request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from groundswell.scenario.model import Check
from groundswell.scenario.nodes import Node, Scalar, Sequence
from groundswell.scenario.record import Fields, Key, Record
from groundswell.scenario.scalars import STATUS, WORD
from groundswell.scenario.shape import Json, OneOrMore, Shape

if TYPE_CHECKING:
    from groundswell.scenario.problems import Problems


class _Statuses(Shape[frozenset[int]]):
    """One status or class, or a list of them, as the set of all."""

    _shape = OneOrMore(STATUS, "[200, 304]")

    def read(self, node: Node, label: str, problems: Problems) -> frozenset[int] | None:
        sets = self._shape.read(node, label, problems)
        return None if sets is None else frozenset[int]().union(*sets)

    def schema(self, definitions: Json) -> Json:
        return self._shape.schema(definitions)


STATUSES = _Statuses()


@dataclass(frozen=True, slots=True)
class WrittenCheck:
    """A check that may still need the name of its step for its own."""

    name: str | None
    subject: str
    statuses: frozenset[int]

    def of_step(self, step: str) -> Check:
        return Check(name=self.name or f"{step}: {self.subject}", statuses=self.statuses)


def _build(fields: Fields) -> WrittenCheck | None:
    if not fields.complete:
        return None
    subject = f"status {_as_written(fields.place('status'))}"
    return WrittenCheck(fields.values.get("name"), subject, fields.values["status"])


def _as_written(expectation: Node) -> str:
    match expectation:
        case Scalar():
            return expectation.written
        case Sequence():
            return f"[{', '.join(map(_as_written, expectation.items))}]"
        case _:
            return expectation.shown


CHECK = Record(
    "a check",
    {
        "name": Key(WORD, "What reports call it. Default: the step's name and the expectation."),
        "status": Key(
            STATUSES, "The status the response must have: 200, 2xx, [200, 304].", required=True
        ),
    },
    _build,
)
CHECKS = OneOrMore(CHECK, "{status: 200}")
