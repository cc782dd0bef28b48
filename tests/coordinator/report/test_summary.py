from __future__ import annotations

import json
import math
from dataclasses import replace
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from groundswell.errors import GroundswellError
from groundswell_coordinator.report.consistency import discrepancies
from groundswell_coordinator.report.summary import (
    MetricSummary,
    ScenarioSummary,
    Summary,
    ThresholdSummary,
)
from tests.coordinator.report.samples import ALL, PASSED, counter, rate, trend
from tests.coordinator.report.strict_schema import closed

if TYPE_CHECKING:
    from jsonschema.protocols import Validator


@pytest.fixture(scope="module")
def schema() -> Validator:
    text = files("groundswell_coordinator.report").joinpath("summary.schema.json").read_text()
    jsonschema.Draft202012Validator.check_schema(json.loads(text))
    return jsonschema.Draft202012Validator(json.loads(text))


@pytest.mark.parametrize("name", ALL)
def test_a_summary_survives_json(name: str) -> None:
    assert Summary.from_json(ALL[name].to_json()) == ALL[name]
    assert Summary.from_json(ALL[name].to_json(indent=2).encode()) == ALL[name]


@pytest.mark.parametrize("name", ALL)
def test_what_is_written_fits_the_published_schema(name: str, schema: Validator) -> None:
    schema.validate(json.loads(ALL[name].to_json()))


@pytest.mark.parametrize("name", ALL)
def test_the_counts_add_up(name: str) -> None:
    assert discrepancies(ALL[name]) == ()


def test_keys_stand_in_the_order_of_the_documentation() -> None:
    assert list(json.loads(PASSED.to_json())) == [
        "version",
        "run",
        "test",
        "test_hash",
        "groundswell_version",
        "verdict",
        "exit_code",
        "reasons",
        "warnings",
        "labels",
        "started_at",
        "duration_s",
        "agents",
        "scenarios",
        "metrics",
        "thresholds",
        "checks",
        "errors",
    ]


def test_counts_stay_whole_numbers_and_moments_end_in_z() -> None:
    written = json.loads(Summary.from_json(PASSED.to_json()).to_json())
    assert '"count": 630600,' in PASSED.to_json()
    assert isinstance(written["metrics"]["http_reqs"]["values"]["count"], int)
    assert written["started_at"] == "2026-03-04T05:06:07Z"


def test_what_means_nothing_is_left_out_and_what_is_unknown_is_null() -> None:
    written = json.loads(ALL["inconclusive"].to_json())
    assert "unit" not in written["metrics"]["http_reqs"]
    assert "clamped" not in written["metrics"]["http_req_duration"]
    assert "metric" not in written["reasons"][0]
    assert written["thresholds"][0] == {
        "metric": "http_req_duration{name:cart}",
        "expression": "p(95) < 300ms",
        "ok": None,
        "value": None,
        "window": None,
    }


def test_infinity_becomes_the_end_of_the_range() -> None:
    assert trend(*([math.inf] * 8), clamped=3).values["p(95)"] == 3_600_000.0
    assert ThresholdSummary("m", "p(95) < 1s", False, math.inf).value == 3_600_000.0
    written = json.loads(ALL["all_refused"].to_json())
    assert written["metrics"]["http_req_response_time"]["clamped"] == 120
    assert written["metrics"]["http_req_response_time"]["values"]["p(95)"] == 3_600_000.0


def test_a_lag_beyond_the_range_becomes_its_end() -> None:
    agent = replace(PASSED.agents[0], send_lag_p99_ms=math.inf)
    assert agent.send_lag_p99_ms == 3_600_000.0
    assert '"send_lag_p99_ms": 3600000.0' in replace(PASSED, agents=(agent,)).to_json()


def test_a_part_says_of_which_seconds_it_is_and_has_no_verdict(schema: Validator) -> None:
    written = json.loads(ALL["part"].to_json())
    assert written["part"] == {"from_s": 60, "to_s": 120, "of_s": 660}
    assert written["verdict"] is None
    assert "part" not in json.loads(PASSED.to_json())
    for nonsense in (
        written | {"verdict": "PASS"},
        json.loads(PASSED.to_json()) | {"verdict": None},
    ):
        with pytest.raises(jsonschema.ValidationError):
            schema.validate(nonsense)


def test_a_run_that_never_started_has_no_start(schema: Validator) -> None:
    summary = replace(PASSED, started_at=None)
    schema.validate(json.loads(summary.to_json()))
    assert Summary.from_json(summary.to_json()) == summary


def test_keys_of_the_future_are_ignored() -> None:
    written = json.loads(PASSED.to_json()) | {"weather": "fine"}
    assert Summary.from_json(json.dumps(written)) == PASSED


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"version": 2}, r"\$\.version"),
        ({"verdict": "MAYBE"}, r"\$\.verdict"),
        ({"checks": [{"name": "x"}]}, r"`passes` - at `\$\.checks\[0\]"),
    ],
)
def test_another_version_is_refused_by_name(change: dict[str, Any], place: str) -> None:
    written = json.loads(PASSED.to_json()) | change
    with pytest.raises(GroundswellError, match=f"not a summary of version 1: .*{place}"):
        Summary.from_json(json.dumps(written))


@pytest.mark.parametrize("text", ["", "{}", "[]", "no json"])
def test_what_is_no_summary_is_refused(text: str) -> None:
    with pytest.raises(GroundswellError):
        Summary.from_json(text)


def with_metric(name: str, metric: MetricSummary) -> Summary:
    return replace(PASSED, metrics={**PASSED.metrics, name: metric})


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        (
            replace(PASSED, scenarios={"a": ScenarioSummary("x", 10, 7, {}, 2)}),
            "scenario a: 10 planned, but 9 decided",
        ),
        (
            with_metric("rate", MetricSummary("rate", {"rate": 0.5, "passes": 1, "fails": 3})),
            "rate: a rate of 0.5, but 1 of 4",
        ),
        (with_metric("t", trend(1, 0, 2, 9, 5, 4, 6, 7)), "t: p(90) is above p(95)"),
        (
            with_metric("t", trend(1, 0, 2, 9, 3, 4, 6, 7, count=3, spread=(1, 1))),
            "t: 3 samples, spread over 2",
        ),
        (
            with_metric("http_req_failed", rate(0, 630_601)),
            "http_req_failed has 630601 samples, http_reqs only 630600",
        ),
        (
            replace(PASSED, checks=PASSED.checks[:1]),
            "checks has 630600 samples, the checks have 315300",
        ),
        (
            with_metric("dropped_iterations", counter(5, 0.1)),
            "dropped_iterations is 5, the scenarios dropped 0, losses aside",
        ),
    ],
)
def test_what_does_not_add_up_is_said(broken: Summary, sentence: str) -> None:
    assert discrepancies(broken) == (sentence,)


def _validator(schema: Any) -> Validator:  # noqa: ANN401 # JSON
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("name", ALL)
def test_nothing_is_written_that_the_published_schema_does_not_name(
    name: str, schema: Validator
) -> None:
    strict = _validator(closed(schema.schema))
    written = json.loads(ALL[name].to_json())
    strict.validate(written)
    with pytest.raises(jsonschema.ValidationError):
        strict.validate(written | {"weather": "fine"})


@pytest.mark.parametrize(
    "nonsense",
    [
        {"exit_code": 99},
        {"verdict": "FAIL"},
        {"verdict": "INCONCLUSIVE", "exit_code": 0},
        {"warnings": None},
        {"started_at": "yesterday"},
        {"metrics": {"m": {"type": "trend", "values": {"count": 1}}}},
        {"metrics": {"m": {"type": "counter", "values": {"count": -1, "rate": 1}}}},
        {"metrics": {"m": {"type": "rate", "values": {"rate": 2, "passes": 1, "fails": 0}}}},
        {
            "thresholds": [
                {"metric": "m", "expression": "x", "ok": None, "value": 1, "window": None}
            ]
        },
    ],
)
def test_the_published_schema_refuses_what_cannot_be(
    nonsense: dict[str, Any], schema: Validator
) -> None:
    written = json.loads(PASSED.to_json())
    schema.validate(written)
    with pytest.raises(jsonschema.ValidationError):
        schema.validate(written | nonsense)
