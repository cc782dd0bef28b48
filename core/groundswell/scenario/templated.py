"""The shape of a value that an iteration may fill in: text with templates, or a constant."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from groundswell.scenario.expressions import Expression, Template, Text
from groundswell.scenario.nodes import Filled, Node, Scalar
from groundswell.scenario.shape import Json, Leaf, Shape

if TYPE_CHECKING:
    from collections.abc import Iterable

    from groundswell.scenario.problems import Problems

# What stands for a template while the rest of its value is looked at.
_STAND_IN = "x"


@dataclass(frozen=True)
class Templated(Shape[Text]):
    """Reads what its leaf reads. With a template in it, the rest is checked as if it were filled in
    with something harmless; what it really holds, the iteration checks.
    """

    leaf: Leaf[str]

    def read(self, node: Node, label: str, problems: Problems) -> Text | None:
        if not isinstance(node, Scalar) or not node.late:
            return self.leaf.read(node, label, problems)
        # Only what the environment filled in is kept out of messages.
        is_filled = any(isinstance(part, Filled) for part in node.parts)
        sample = replace(node, text=self.sample(node), late=False, templated=is_filled)
        if self.leaf.read(sample, label, problems) is None:
            return None
        return Template(tuple(self.part(part) for part in joined(node.parts)))

    def sample(self, node: Scalar) -> str:
        """What the leaf gets to see in place of the value."""
        return "".join(
            part if isinstance(part, str) else part.text if isinstance(part, Filled) else _STAND_IN
            for part in node.parts
        )

    def part(self, part: str | Expression) -> str | Expression:
        """A piece as it is kept."""
        return part

    def schema(self, definitions: Json) -> Json:
        return self.leaf.schema(definitions)


def joined(parts: Iterable[str | Filled | Expression]) -> list[str | Expression]:
    """The same parts, text beside text made one."""
    result: list[str | Expression] = []
    for part in parts:
        piece = part.text if isinstance(part, Filled) else part
        if isinstance(piece, str) and result and isinstance(result[-1], str):
            result[-1] += piece
        elif piece != "":
            result.append(piece)
    return result
