"""The steps that hold others, or wait: what decides which requests an iteration sends, and when."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeVar

from groundswell.scenario.conditions import Condition, parse_condition
from groundswell.scenario.expressions import Template
from groundswell.scenario.nodes import Mapping, Node, Scalar
from groundswell.scenario.record import Fields, Key, Record
from groundswell.scenario.scalars import DURATION, PAUSE, POSITIVE_DURATION, WORD, whole
from groundswell.scenario.shape import Json, ListOf, OneOrMore, Shape
from groundswell.scenario.step_model import (
    Branch,
    GroupStep,
    IfStep,
    NormalPauseStep,
    PaceStep,
    ParallelStep,
    PauseStep,
    RepeatStep,
    Step,
    WeightedStep,
    WhileStep,
)
from groundswell.scenario.templated import joined
from groundswell.scenario.tokens import SyntaxRefusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from groundswell.scenario.problems import Problems

T = TypeVar("T")

MOST_PASSES = 1_000_000
MOST_BRANCHES = 100
_TIMES = whole(0, MOST_PASSES)


class _Condition(Shape[Condition]):
    """`price < 100 and not (state == 'done')`."""

    def read(self, node: Node, label: str, problems: Problems) -> Condition | None:
        if not isinstance(node, Scalar):
            problems.add(
                node, f"`{label}` must be a condition such as price < 100, not {node.shown}"
            )
            return None
        if node.unfilled:
            return None
        try:
            return parse_condition(node.parts or (node.text,))
        except SyntaxRefusal as refusal:
            problems.add(node, f"the condition {node.shown} {refusal.message}", refusal.hint)
            return None

    def schema(self, definitions: Json) -> Json:
        return {"type": "string", "pattern": r"\S"}


class _Times(Shape[int | Template]):
    """How often: a number, or a template that gives one."""

    def read(self, node: Node, label: str, problems: Problems) -> int | Template | None:
        if isinstance(node, Scalar) and node.late:
            template = Template(tuple(joined(node.parts)))
            if template.only is not None:
                return template
            problems.add(node, f"`{label}` must be one template and nothing else")
            return None
        return _TIMES.read(node, label, problems)

    def schema(self, definitions: Json) -> Json:
        return _TIMES.schema(definitions)


def _built(model: Callable[..., T], **names: str) -> Callable[[Fields], T | None]:
    """Makes the model of complete fields; `names` are those of the model by those of the file."""

    def build(fields: Fields) -> T | None:
        if not fields.complete:
            return None
        return model(**{names.get(key, key): value for key, value in fields.values.items()})

    return build


_NORMAL = Record(
    "a pause",
    {
        "normal": Key(POSITIVE_DURATION, "How long it is on average.", required=True),
        "deviation": Key(DURATION, "Its standard deviation.", required=True),
    },
    _built(NormalPauseStep, normal="mean"),
)


class _Pause(Shape[PauseStep | NormalPauseStep]):
    """`2s`, `1s..3s`, or `{normal: 2s, deviation: 500ms}`."""

    def read(
        self, node: Node, label: str, problems: Problems
    ) -> PauseStep | NormalPauseStep | None:
        if isinstance(node, Mapping):
            return _NORMAL.read(node, label, problems)
        pause = PAUSE.read(node, label, problems)
        return None if pause is None else PauseStep(shortest=pause[0], longest=pause[1])

    def schema(self, definitions: Json) -> Json:
        normal, plain = _NORMAL.schema(definitions), PAUSE.schema(definitions)
        return {"if": {"type": "object"}, "then": normal, "else": plain}


PAUSE_STEP = Record(
    "a pause",
    {"pause": Key(_Pause(), "Wait: for 2s, or for a random time in 1s..3s.", required=True)},
    lambda fields: fields.values.get("pause"),
)
PACE_STEP = Record(
    "a pace",
    {
        "pace": Key(
            POSITIVE_DURATION, "Wait until the iteration has taken this long.", required=True
        )
    },
    _built(PaceStep, pace="length"),
)


class _OneBranch(OneOrMore[Step]):
    """A step, or a list of steps that follow each other."""

    def schema(self, definitions: Json) -> Json:
        """Decided by the type, so that what is wrong with a step is told of that step."""
        several = ListOf(self.item, self.example).schema(definitions)
        return {"if": {"type": "array"}, "then": several, "else": self.item.schema(definitions)}


def flow_shapes(steps: ListOf[Step]) -> dict[str, Shape[Any]]:
    """What each kind of step looks like, by the key that names the kind."""
    inner = Key(steps, "The steps in it.", required=True)
    branch = Record(
        "a branch",
        {
            "weight": Key(whole(1, 1_000_000), "Its part of all weights together.", required=True),
            "steps": Key(steps, "What one that is chosen does.", required=True),
        },
        _branch,
    )
    return {
        "group": Record(
            "a group",
            {"group": Key(WORD, "What the group is called: a tag.", required=True), "steps": inner},
            _built(GroupStep, group="name"),
        ),
        "if": Record(
            "an `if`",
            {
                "if": Key(_Condition(), "A condition, such as price < 100.", required=True),
                "then": Key(steps, "What is done where it holds.", required=True),
                "else": Key(steps, "What is done where it does not."),
            },
            _built(IfStep, **{"if": "condition", "else": "otherwise"}),
        ),
        "repeat": Record(
            "a `repeat`",
            {"repeat": Key(_Times(), "How often.", required=True), "steps": inner},
            _built(RepeatStep, repeat="times"),
        ),
        "while": Record(
            "a `while`",
            {
                "while": Key(_Condition(), "A condition, such as state != 'done'.", required=True),
                "max": Key(
                    whole(1, MOST_PASSES), "How often at most, whatever comes.", required=True
                ),
                "steps": inner,
            },
            _built(WhileStep, **{"while": "condition", "max": "most"}),
        ),
        "weighted": Record(
            "a weighted choice",
            {
                "weighted": Key(
                    ListOf(branch, "[{weight: 70, steps: [{get: /a}]}]"),
                    "Branches, of which each pass takes one.",
                    required=True,
                )
            },
            _built(WeightedStep, weighted="branches"),
        ),
        "parallel": Record(
            "parallel steps",
            {
                "parallel": Key(
                    ListOf(_OneBranch(steps.item, steps.example), "[{get: /a}, {get: /b}]"),
                    "Steps, or lists of them, that run at the same time.",
                    required=True,
                )
            },
            _parallel,
        ),
        "pause": PAUSE_STEP,
        "pace": PACE_STEP,
    }


def _branch(fields: Fields) -> Branch | None:
    if not fields.complete:
        return None
    return Branch(weight=Fraction(fields.values["weight"]), steps=fields.values["steps"])


def _parallel(fields: Fields) -> ParallelStep | None:
    branches = fields.values.get("parallel", ())
    if len(branches) > MOST_BRANCHES:
        fields.refuse("parallel", f"more than {MOST_BRANCHES} branches run at the same time")
    return ParallelStep(branches=branches) if fields.complete else None
