"""The whole test file: its top level, put together from the shapes of its parts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from groundswell.metrics.catalog import BUILTIN, Metric
from groundswell.scenario.data_source import DATA
from groundswell.scenario.defaults import DEFAULTS, Defaults
from groundswell.scenario.fake import DEFAULT_LOCALE, LOCALES
from groundswell.scenario.http_model import Http
from groundswell.scenario.http_shape import HTTP, hint_for_connections
from groundswell.scenario.maps import LABELS
from groundswell.scenario.model import Scenario, Test
from groundswell.scenario.nodes import Mapping, Node
from groundswell.scenario.own_metrics import read_metrics
from groundswell.scenario.phases import PHASE_KEYS, PHASES, check_phases, read_phase
from groundswell.scenario.record import Fields, Key, Record
from groundswell.scenario.scalars import DURATION, WORD, choice
from groundswell.scenario.scenarios import SCENARIOS, SCRIPT_SCENARIOS
from groundswell.scenario.shape import Json, Leaf, Shape
from groundswell.scenario.thresholds import GENERATOR_LIMITS, THRESHOLDS, check_thresholds
from groundswell.scenario.urls import NO_TARGET, TARGET

if TYPE_CHECKING:
    from groundswell.scenario.problems import Problems
    from groundswell.scenario.step_model import Step


def _build(fields: Fields) -> Test | None:
    _check_thresholds(fields)
    check_phases(fields)
    if fields.given("confirm") and not fields.given("target"):
        fields.refuse("confirm", "`confirm` asks for the host of a `target`, and there is none")
    if not fields.complete:
        return None
    values: dict[str, Any] = {"target": NO_TARGET, **fields.values}
    defaults: Defaults = values.pop("defaults", Defaults())
    http: Http = values.pop("http", Http())
    locale: str = values.pop("locale", DEFAULT_LOCALE)
    if all(scenario.function for scenario in values["scenarios"].values()):
        values["defaults"] = defaults
    values["scenarios"] = {
        name: replace(_with_defaults(scenario, defaults, http), locale=locale)
        for name, scenario in values["scenarios"].items()
    }
    for phase in PHASES:
        read = read_phase(values, phase, defaults, http)
        values[phase] = None if read is None else replace(read, locale=locale)
    return Test(**values)


def _with_defaults(scenario: Scenario, defaults: Defaults, http: Http) -> Scenario:
    return replace(
        scenario,
        steps=defaults.applied_to_all(scenario.steps),
        cookies=scenario.cookies or defaults.cookies,
        http=scenario.http.over(http),
    )


def _check_thresholds(fields: Fields) -> None:
    thresholds, scenarios = fields.node.get("thresholds"), fields.node.get("scenarios")
    if isinstance(thresholds, Mapping) and isinstance(scenarios, Mapping):
        names = [name.text for name, _ in scenarios.pairs]
        own: dict[str, Metric] = fields.values.get("metrics", {})
        check_thresholds(thresholds, names, {**BUILTIN, **own}, fields.problems)


TEST = Record(
    "the test",
    {
        "test": Key(
            WORD, "The name of the test; runs and baselines are found by it.", required=True
        ),
        "target": Key(
            TARGET, "Where requests go: http:// or https://, a host, perhaps a path.", required=True
        ),
        "confirm": Key(
            choice("production"),
            "Whoever runs it has to say that this target is the one that is meant.",
        ),
        "defaults": Key(DEFAULTS, "What every request takes where it does not say it itself."),
        "http": Key(HTTP, "How connections are made."),
        "labels": Key(LABELS, "Labels of its runs; those of `--label` go before them."),
        "locale": Key(
            choice(*LOCALES), "Whose names and places {{ fake.NAME }} makes up.", default="en"
        ),
        "warmup": Key(DURATION, "How long from the run's start nothing is judged.", default="0s"),
        **PHASE_KEYS,
        "data": Key(DATA, "Rows of files, by the names that templates call them by."),
        "scenarios": Key(SCENARIOS, "The workloads, by name; they run together.", required=True),
        "thresholds": Key(THRESHOLDS, "What must hold for the run to pass, by metric."),
        "generator_limits": Key(
            GENERATOR_LIMITS, "When an agent is too slow for its numbers to be trusted."
        ),
    },
    _build,
    hint_for_unknown=hint_for_connections,
)


class _Metrics(Shape["dict[str, Metric]"]):
    def read(self, node: Node, label: str, problems: Problems) -> dict[str, Metric]:
        return read_metrics(node, problems)

    def schema(self, definitions: Json) -> Json:
        return {}


# A function has no steps that could be told.
_FUNCTION: Leaf[tuple[Step, ...]] = Leaf("a function", lambda scalar: (), {})

# Of a test in Python.
SCRIPT_TEST = replace(
    TEST,
    keys={
        # Before the thresholds that may name one.
        "metrics": Key(_Metrics(), "Its own metrics, by name."),
        **TEST.keys,
        **{phase: Key(_FUNCTION, "A function that one agent calls once.") for phase in PHASES},
        "target": replace(TEST.keys["target"], required=False),
        "scenarios": Key(SCRIPT_SCENARIOS, "The workloads, by name.", required=True),
    },
)
