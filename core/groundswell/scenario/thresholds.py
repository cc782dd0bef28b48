"""The thresholds of a test as they are written; what one means, `groundswell.verdict` knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell.errors import InvalidThreshold
from groundswell.scenario.model import GeneratorLimits, ThresholdSpec
from groundswell.scenario.nodes import Mapping, Node, Scalar, Sequence
from groundswell.scenario.record import Fields, Key, Record
from groundswell.scenario.scalars import BOOLEAN, DURATION, POSITIVE_DURATION, SHARE, WORD
from groundswell.scenario.shape import Json, MapOf, OneOrMore, Shape

if TYPE_CHECKING:
    from collections.abc import Collection
    from collections.abc import Mapping as Mapping_

    from groundswell.metrics.catalog import Metric
    from groundswell.scenario.problems import Located, Problems


def _build(fields: Fields) -> ThresholdSpec | None:
    return ThresholdSpec(**fields.values) if fields.complete else None


_LONG = Record(
    "a threshold",
    {
        "threshold": Key(WORD, "The expression, such as p(95) < 300ms.", required=True),
        "abort_on_fail": Key(BOOLEAN, "End the run as soon as it fails.", default=False),
        "delay_abort_eval": Key(DURATION, "How long it must not end the run.", default="0s"),
        "over": Key(POSITIVE_DURATION, "Judge every window of this length instead of the whole."),
    },
    _build,
)


class _Threshold(Shape[ThresholdSpec]):
    """`rate < 1%`, or a mapping that also says when it aborts."""

    def read(self, node: Node, label: str, problems: Problems) -> ThresholdSpec | None:
        if isinstance(node, Mapping):
            return _LONG.read(node, label, problems)
        expression = WORD.read(node, label, problems)
        return None if expression is None else ThresholdSpec(threshold=expression)

    def schema(self, definitions: Json) -> Json:
        short = WORD.schema(definitions)
        return {"if": {"type": "object"}, "then": _LONG.schema(definitions), "else": short}


_EXAMPLE = "[p(95) < 300ms]"
THRESHOLDS = MapOf(OneOrMore(_Threshold(), _EXAMPLE), f"{{http_req_duration: {_EXAMPLE}}}")


def check_thresholds(
    thresholds: Mapping,
    scenarios: Collection[str],
    catalog: Mapping_[str, Metric],
    problems: Problems,
) -> None:
    """Refuse metrics, tags and expressions that the verdict cannot read, each at its place."""
    for key, written in thresholds.pairs:
        items = written.items if isinstance(written, Sequence) else (written,)
        if _refused_selection(key, scenarios, catalog, problems):
            continue
        for item in items:
            _check_expression(key.text, item, catalog, problems)


def _refused_selection(
    key: Scalar,
    scenarios: Collection[str],
    catalog: Mapping_[str, Metric],
    problems: Problems,
) -> bool:
    # The verdict imports this package's model, so it cannot be imported while this package is.
    from groundswell.verdict.selection import parse_selection

    try:
        parse_selection(key.text, scenarios, catalog)
    except InvalidThreshold as error:
        problems.add(key, error.message, error.hint)
        return True
    return False


def _check_expression(
    metric: str, item: Node, catalog: Mapping_[str, Metric], problems: Problems
) -> None:
    from groundswell.verdict.threshold import parse

    # What is wrong with its form has been told; only its meaning is looked at here.
    spec = _Threshold().read(item, metric, type(problems)(problems.file))
    if spec is None:
        return
    place: Located = (item.get("threshold") or item) if isinstance(item, Mapping) else item
    try:
        parse(metric, spec, catalog=catalog)
    except InvalidThreshold as error:
        _refuse(place, error, problems)


def _refuse(place: Located, error: InvalidThreshold, problems: Problems) -> None:
    if isinstance(place, Scalar) and place.templated:
        # The message would quote what the environment holds.
        message = f"this is no threshold once {place.shown} is filled in"
        problems.add(place, message, "such as p(95) < 300ms")
    else:
        problems.add(place, error.message, error.hint)


def _build_limits(fields: Fields) -> GeneratorLimits | None:
    return GeneratorLimits(**fields.values) if fields.complete else None


GENERATOR_LIMITS = Record(
    "the generator limits",
    {
        "send_lag": Key(
            POSITIVE_DURATION,
            "The p99 of send lag above which an agent is saturated.",
            default="5ms",
        ),
        "loop_lag": Key(
            POSITIVE_DURATION,
            "The p99 of loop lag above which an agent is saturated.",
            default="5ms",
        ),
        "cpu_throttled": Key(
            SHARE,
            "The share of the time throttled by its cgroup above which an agent is saturated.",
            default="1%",
        ),
    },
    _build_limits,
)
