"""What one iteration does: a list of steps, of which one key names the kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from groundswell.scenario.flow import flow_shapes
from groundswell.scenario.includes import INCLUDE
from groundswell.scenario.nodes import Mapping, Node, Scalar
from groundswell.scenario.requests import METHODS, REQUEST
from groundswell.scenario.shape import Json, ListOf, Shape, is_told
from groundswell.scenario.suggest import nearest

if TYPE_CHECKING:
    from groundswell.scenario.problems import Problems
    from groundswell.scenario.step_model import Step


class _StepShape(Shape["Step"]):
    """The key that names the kind decides what else a step may say."""

    def __init__(self) -> None:
        self.shapes: dict[str, Shape[Any]] = {}

    def read(self, node: Node, label: str, problems: Problems) -> Step | None:
        if is_told(node):
            return None
        if not isinstance(node, Mapping):
            problems.add(node, f"a step is a mapping, not {node.shown}", "such as `- get: /login`")
            return None
        kinds = [key for key, _ in node.pairs if key.text in self.shapes]
        if included := node.get(INCLUDE):
            self._refuse_include(node, included, problems)
            return None
        if not kinds:
            self._refuse_unknown(node, problems)
            return None
        if len(kinds) > 1:
            both = f"`{kinds[0].text}` and `{kinds[1].text}`"
            problems.add(kinds[1], f"one step has {both}", "make two steps of it")
            return None
        step: Step | None = self.shapes[kinds[0].text].read(node, label, problems)
        return step

    def _refuse_include(self, node: Mapping, included: Node, problems: Problems) -> None:
        """What can be included has been put here before."""
        if len(node.pairs) > 1:
            other = next(key for key, _ in node.pairs if key.text != INCLUDE)
            problems.add(other, "an `include` has no other key", "make two steps of it")
        elif not isinstance(included, Scalar):
            problems.add(included, f"`include` must be the path of a file, not {included.shown}")
        elif not is_told(included):
            message = f"the included file {included.shown} is not part of this test"
            problems.add(
                included, message, "a constant path, from the folder of the including file"
            )

    def _refuse_unknown(self, node: Mapping, problems: Problems) -> None:
        known = (*self.shapes, INCLUDE)
        for key, _ in node.pairs:
            if guess := nearest(key.text, known):
                message = f"unknown key `{key.text}` in a step"
                problems.add(key, message, f"did you mean `{guess}`?")
                return
        problems.add(node, "a step says what to do", f"it has one of {', '.join(known)}")

    def schema(self, definitions: Json) -> Json:
        if "step" not in definitions:
            # Steps hold steps: the name must be there before they are described.
            definitions["step"] = {}
            definitions["step"] = self._schema(definitions)
        return {"$ref": "#/$defs/step"}

    def _schema(self, definitions: Json) -> Json:
        form = REQUEST.schema(definitions)
        include: Json = {
            "type": "object",
            "properties": {
                INCLUDE: {"description": "A file with a list of steps.", "type": "string"}
            },
            "additionalProperties": False,
        }
        flow = {key: shape for key, shape in self.shapes.items() if key not in METHODS}
        forms = [(key, shape.schema(definitions)) for key, shape in flow.items()]
        for key, inner in [*forms, (INCLUDE, include)]:
            form = {"if": {"required": [key]}, "then": inner, "else": form}
        return {"type": "object", **form}


STEP = _StepShape()
STEPS = ListOf(STEP, "`- get: /`")
STEP.shapes = {**dict.fromkeys(METHODS, REQUEST), **flow_shapes(STEPS)}
