"""The scenarios of a test: the executor that one names decides what else it may say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from groundswell.scenario.executors import COMMON, EXECUTORS, scripted
from groundswell.scenario.model import Scenario
from groundswell.scenario.nodes import Mapping, Node, Scalar
from groundswell.scenario.record import Key, Record
from groundswell.scenario.shape import Json, MapOf, Refusal, Shape, is_told, with_template
from groundswell.scenario.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping as Mapping_

    from groundswell.scenario.problems import Problems

SCENARIO_NAME = re.compile(r"[0-9A-Za-z_-]+")


class _Unread(Shape[Node]):
    """Any value: what an option means is not known before the executor is."""

    def read(self, node: Node, label: str, problems: Problems) -> Node:
        return node

    def schema(self, definitions: Json) -> Json:
        return {}


_UNDECIDED: Record[Scenario] = Record(
    "a scenario",
    {
        **{
            option: Key(_Unread(), "")
            for record in EXECUTORS.values()
            for option in record.keys
            if option not in COMMON
        },
        **COMMON,
    },
    lambda _: None,
)


@dataclass(frozen=True)
class ScenarioShape(Shape[Scenario]):
    """A scenario of the executor it names."""

    executors: Mapping_[str, Record[Scenario]]

    def read(self, node: Node, label: str, problems: Problems) -> Scenario | None:
        if is_told(node):
            return None
        if not isinstance(node, Mapping):
            problems.add(node, f"the scenario `{label}` must be a mapping, not {node.shown}")
            return None
        executor = node.get("executor")
        record = self.executors.get(executor.text) if isinstance(executor, Scalar) else None
        if record is not None:
            return record.read(node, label, problems)
        self._refuse_executor(executor, node, problems)
        _UNDECIDED.read(node, label, problems)
        return None

    def _refuse_executor(self, executor: Node | None, node: Mapping, problems: Problems) -> None:
        if executor is None:
            one_of = f"one of {', '.join(EXECUTORS)}"
            problems.add(node, "`executor` is missing in a scenario", one_of)
        elif not isinstance(executor, Scalar):
            problems.add(executor, f"`executor` must be text, not {executor.shown}")
        elif not is_told(executor):
            hint = did_you_mean(executor.text, EXECUTORS)
            problems.add(executor, f"there is no executor {executor.shown}", hint)

    def schema(self, definitions: Json) -> Json:
        for name, record in EXECUTORS.items():
            definitions[name] = record.schema(definitions)
        branches: list[Json] = [
            {
                "if": {"properties": {"executor": {"const": name}}, "required": ["executor"]},
                "then": {"$ref": f"#/$defs/{name}"},
            }
            for name in EXECUTORS
        ]
        executor = with_template({"enum": list(EXECUTORS)}, definitions)
        executor["description"] = "How the load arrives."
        return {
            "type": "object",
            "properties": {"executor": executor},
            "required": ["executor"],
            "allOf": branches,
        }


def _refuse_name(name: str) -> Refusal | None:
    if SCENARIO_NAME.fullmatch(name):
        return None
    return Refusal(f"`{name}` cannot be the name of a scenario", "letters, digits, _ and -")


def _scenarios(executors: Mapping_[str, Record[Scenario]]) -> MapOf[Scenario]:
    return MapOf(
        ScenarioShape(executors),
        "{browse: {executor: constant-vus, …}}",
        _refuse_name,
        {"pattern": f"^{SCENARIO_NAME.pattern}$"},
        may_be_empty=False,
    )


SCENARIOS = _scenarios(EXECUTORS)
SCRIPT_SCENARIOS = _scenarios({name: scripted(record) for name, record in EXECUTORS.items()})
