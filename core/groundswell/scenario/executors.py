"""How load arrives: k6's six executors, with k6's options in snake_case and k6's defaults."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from groundswell.scenario.defaults import COOKIES
from groundswell.scenario.http_shape import HTTP
from groundswell.scenario.load_checks import (
    check_constant_rate,
    check_iterations,
    check_max_vus,
    check_profile,
    check_rates,
    check_some_load,
    check_stages,
)
from groundswell.scenario.maps import ENV, TAGS
from groundswell.scenario.model import (
    ClosedStage,
    ConstantArrivalRate,
    ConstantVus,
    PerVuIterations,
    RampingArrivalRate,
    RampingVus,
    Scenario,
    SharedIterations,
)
from groundswell.scenario.profiles import PROFILE
from groundswell.scenario.record import Fields, Key, Record
from groundswell.scenario.scalars import (
    DURATION,
    POSITIVE_DURATION,
    RATE,
    WORD,
    choice,
    whole,
)
from groundswell.scenario.shape import Json, ListOf, Shape
from groundswell.scenario.steps import STEPS
from groundswell.scenario.suggest import snake_case

if TYPE_CHECKING:
    from collections.abc import Callable
    from fractions import Fraction

    from groundswell.scenario.scalars import WrittenRate

_MAX_ITERATIONS = 10**12


def _stage(build: Callable[[Fields], Any], target: Shape[Any], doc: str) -> ListOf[Any]:
    keys = {
        "duration": Key(DURATION, "How long the way to the target takes; 0s jumps.", required=True),
        "target": Key(target, doc, required=True),
    }
    return ListOf(Record("a stage", keys, build), "[{duration: 1m, target: 10}]")


def _closed_stage(fields: Fields) -> ClosedStage | None:
    return ClosedStage(**fields.values) if fields.complete else None


def _open_stage(fields: Fields) -> tuple[Fraction, WrittenRate] | None:
    return (fields.values["duration"], fields.values["target"]) if fields.complete else None


COMMON = {
    "start_time": Key(DURATION, "When the scenario starts, from the run's start.", default="0s"),
    "graceful_stop": Key(
        DURATION, "How long iterations may go on after the scenario's end.", default="30s"
    ),
    "tags": Key(TAGS, "Tags of all samples of this scenario."),
    "env": Key(ENV, "Values of {{ env.NAME }} inside this scenario; they go before the client's."),
    "cookies": Key(COOKIES, "How long a VU keeps cookies. Default: as the test's defaults say."),
    "http": Key(HTTP, "How its connections are made; its keys go before those of the test."),
    "steps": Key(STEPS, "What one iteration does.", required=True),
}
_VUS = {"vus": Key(whole(1), "How many VUs run, over all agents.", default=1)}
_DURATION = {"duration": Key(POSITIVE_DURATION, "How long it lasts.", required=True)}
_ITERATIONS = {
    "max_duration": Key(POSITIVE_DURATION, "When it ends in any case.", default="10m"),
}
_TIME_UNIT = {
    "time_unit": Key(POSITIVE_DURATION, "What a rate without a unit counts in, as `500` with 1s."),
}
_OPEN = {
    **_TIME_UNIT,
    "pre_allocated_vus": Key(whole(0), "How many VUs are made ready before. Default: all."),
    "max_vus": Key(
        whole(1), "The most VUs that may run at once. Default: those made ready before."
    ),
    "arrivals": Key(
        choice("even", "poisson"), "Evenly spaced, or at random moments.", default="even"
    ),
}

_BARE_RATE: Json = {"not": {"type": "string", "pattern": "^[^{]*/"}}
_RATE_WITH_UNIT: Json = {"type": "string"}


def _rate_forms(form: Json) -> Json:
    stages: Json = {"items": {"properties": {"target": form}}}
    return {"properties": {"rate": form, "start_rate": form, "stages": stages}}


_OPEN_EXTRA: Json = {
    "anyOf": [{"required": ["max_vus"]}, {"required": ["pre_allocated_vus"]}],
    "if": {"required": ["time_unit"]},
    "then": _rate_forms(_BARE_RATE),
    "else": _rate_forms(_RATE_WITH_UNIT),
}


def _executor(
    model: Callable[..., Scenario],
    name: str,
    keys: dict[str, Key],
    *checks: Callable[[Fields], None],
    extra: Json | None = None,
) -> Record[Scenario]:
    def build(fields: Fields) -> Scenario | None:
        for check in checks:
            check(fields)
        return model(**fields.values) if fields.complete else None

    executor = Key(choice(name), "How the load arrives.", required=True)
    return Record(
        "a scenario",
        {"executor": executor, **keys, **COMMON},
        build,
        extra or {},
        lambda key: _hint_for_option(key, name),
    )


def scripted(record: Record[Scenario]) -> Record[Scenario]:
    """The same executor in a test in Python: a function in place of steps."""
    keys = {key: shape for key, shape in record.keys.items() if key != "steps"}
    function = Key(WORD, "What one iteration calls.", required=True)
    data = Key(ListOf(WORD, '["users"]'), "The data sources whose rows it uses.")

    def build(fields: Fields) -> Scenario | None:
        fields.values["steps"] = ()
        return record.build(fields)

    return replace(record, keys={**keys, "function": function, "data": data}, build=build)


EXECUTORS: dict[str, Record[Scenario]] = {
    "constant-vus": _executor(ConstantVus, "constant-vus", {**_VUS, **_DURATION}),
    "ramping-vus": _executor(
        RampingVus,
        "ramping-vus",
        {
            "start_vus": Key(whole(0), "How many VUs run at the start.", default=1),
            "stages": Key(
                _stage(_closed_stage, whole(0), "How many VUs run at the stage's end."),
                "How the number of VUs changes, in straight lines.",
                required=True,
            ),
            "graceful_ramp_down": Key(
                DURATION, "How long a VU that is taken away may go on.", default="30s"
            ),
        },
        check_stages,
        check_some_load(1),
    ),
    "shared-iterations": _executor(
        SharedIterations,
        "shared-iterations",
        {
            **_VUS,
            "iterations": Key(
                whole(1, _MAX_ITERATIONS), "How many iterations all VUs run together.", default=1
            ),
            **_ITERATIONS,
        },
        check_iterations,
    ),
    "per-vu-iterations": _executor(
        PerVuIterations,
        "per-vu-iterations",
        {
            **_VUS,
            "iterations": Key(
                whole(1, _MAX_ITERATIONS), "How many iterations each VU runs.", default=1
            ),
            **_ITERATIONS,
        },
    ),
    "constant-arrival-rate": _executor(
        ConstantArrivalRate,
        "constant-arrival-rate",
        {
            "rate": Key(RATE, "How many iterations start, as 500/s or 30/m.", required=True),
            **_DURATION,
            **_OPEN,
        },
        check_max_vus,
        check_rates,
        check_constant_rate,
        extra=_OPEN_EXTRA,
    ),
    "ramping-arrival-rate": _executor(
        RampingArrivalRate,
        "ramping-arrival-rate",
        {
            "start_rate": Key(RATE, "How many iterations start at first.", default="0/s"),
            "stages": Key(
                _stage(_open_stage, RATE, "How many iterations start at the stage's end."),
                "How the rate changes, in straight lines.",
            ),
            "profile": Key(
                PROFILE, "A CSV file with the columns time and rate, in place of stages."
            ),
            **_OPEN,
        },
        check_max_vus,
        check_rates,
        check_profile,
        check_stages,
        check_some_load(0),
        extra={**_OPEN_EXTRA, "oneOf": [{"required": ["stages"]}, {"required": ["profile"]}]},
    ),
}


def _hint_for_option(key: str, executor: str) -> tuple[str, str] | None:
    """An option that other executors take is no slip of the finger."""
    option = snake_case(key)
    takers = [name for name, record in EXECUTORS.items() if option in record.keys]
    if not takers or executor in takers:
        return None
    hint = f"{' and '.join(takers)} {'take' if len(takers) > 1 else 'takes'} `{option}`"
    return f"`{key}` is not an option of {executor}", hint
