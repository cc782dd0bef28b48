"""Values that an agent reads when it is prepared: those of secrets, in what is said once for a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from groundswell.scenario.expressions import SECRET, Name, Template
from groundswell.scenario.nodes import Filled, Node, Scalar
from groundswell.scenario.scalars import WRITTEN
from groundswell.scenario.shape import Json, Shape
from groundswell.scenario.template import ENV_NAME
from groundswell.scenario.templated import Templated, joined

if TYPE_CHECKING:
    from groundswell.scenario.expressions import Expression, Text
    from groundswell.scenario.problems import Problems


@dataclass(frozen=True)
class KnownBefore(Shape["Text"]):
    """A text in which {{ env.NAME }} and {{ secret.NAME }} work, and nothing of an iteration."""

    def read(self, node: Node, label: str, problems: Problems) -> Text | None:
        if not isinstance(node, Scalar) or not node.late:
            return WRITTEN.read(node, label, problems)
        if all(isinstance(part, str | Filled) or _is_secret(part) for part in node.parts):
            return Templated(WRITTEN).read(node, label, problems)
        message = f"`{label}` must be known before the run, and {node.shown} is not"
        problems.add(node, message, "{{ env.NAME }} and {{ secret.NAME }} work here")
        return None

    def schema(self, definitions: Json) -> Json:
        return WRITTEN.schema(definitions)


@dataclass(frozen=True)
class OnlySecret(Shape[Template]):
    """One secret and nothing else: what must not stand in a test, nor travel with it."""

    what: str

    def read(self, node: Node, label: str, problems: Problems) -> Template | None:
        if isinstance(node, Scalar):
            if node.unfilled:
                return None
            parts = joined(node.parts)
            if len(parts) == 1 and not isinstance(parts[0], str) and _is_secret(parts[0]):
                return Template(tuple(parts))
        message = f"`{label}` must be a secret of the agents: {self.what} is no part of a test"
        problems.add(node, message, 'write "{{ secret.NAME }}"')
        return None

    def schema(self, definitions: Json) -> Json:
        return {"type": "string", "pattern": r"^\{\{\s*secret\.\w+\s*\}\}$"}


def _is_secret(part: Expression) -> bool:
    return (
        isinstance(part, Name)
        and part.root == SECRET
        and len(part.path) == 1
        and ENV_NAME.fullmatch(str(part.path[0])) is not None
    )
