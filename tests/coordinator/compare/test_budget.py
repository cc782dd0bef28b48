"""What a budget may say, and what it is told where it says anything else."""

from __future__ import annotations

import pytest

from groundswell.errors import GroundswellError, InvalidThreshold
from groundswell.exit_codes import ExitCode
from groundswell_coordinator.compare.budget import InvalidBudget, Unit, parse_budget
from groundswell_coordinator.compare.figure import Direction

TEMPLATED = "http_req_duration{name:/products/{{ users.sku }}} med"


@pytest.mark.parametrize(
    ("text", "figure", "allowance", "unit"),
    [
        ("http_req_duration p(95) +5%", "http_req_duration p(95)", 0.05, Unit.PERCENT),
        (
            "http_req_duration{name:cart} p(99.9) +20ms",
            "http_req_duration{name:cart} p(99.9)",
            20,
            Unit.TIME,
        ),
        (
            f"{TEMPLATED} +1.5%",
            TEMPLATED,
            0.015,
            Unit.PERCENT,
        ),
        ("  http_req_failed   rate  +0.1pp ", "http_req_failed rate", 0.001, Unit.POINTS),
        ("checks rate -0.5pp", "checks rate", 0.005, Unit.POINTS),
        ("http_reqs rate -5%", "http_reqs rate", 0.05, Unit.PERCENT),
        ("http_reqs rate -10/s", "http_reqs rate", 10, Unit.NUMBER),
        ("dropped_iterations count +10", "dropped_iterations count", 10, Unit.NUMBER),
        ("data_received count +10%", "data_received count", 0.1, Unit.PERCENT),
        ("data_received count -10%", "data_received count", 0.1, Unit.PERCENT),
        ("http_req_duration avg +0%", "http_req_duration avg", 0, Unit.PERCENT),
    ],
)
def test_a_budget_is_a_figure_and_by_how_much_it_may_get_worse(
    text: str, figure: str, allowance: float, unit: Unit
) -> None:
    budget = parse_budget(text)
    assert str(budget.figure) == figure
    assert budget.allowance == pytest.approx(allowance)
    assert budget.unit is unit
    is_less = text.split()[-1].startswith("-")
    assert budget.direction is (Direction.DOWN if is_less else Direction.UP)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not a budget (write for example"),
        ("http_req_duration p(95)", "is not a budget"),
        ("http_req_duration p(95) 5%", "is not a budget"),
        (
            "http_req_duration p(95) -5%",
            "needs no budget (a budget bounds what gets worse: write +5%)",
        ),
        ("http_reqs rate +5%", "needs no budget (a budget bounds what gets worse: write -5%)"),
        ("http_req_failed rate +1%", "shares differ by percentage points: write 0.1pp"),
        ("http_req_duration p(95) +0.1pp", "write 5% of the base, or 20ms"),
        ("http_req_duration p(95) +20", "write 5% of the base, or 20ms"),
        ("http_reqs rate -20ms", "write 5% of the base, or 10/s"),
        ("http_req_duration p(95) +9999999%", "more than 10000 %"),
        ("vus value +5%", "is a gauge"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_write_instead(text: str, said: str) -> None:
    with pytest.raises(InvalidBudget) as caught:
        parse_budget(text)
    assert said in str(caught.value)
    assert caught.value.exit_code is ExitCode.INVALID_TEST


@pytest.mark.parametrize(
    "text", ["http_req_duraton p(95) +5%", "http_req_duration p95 +5%", "http_reqs p(95) +5%"]
)
def test_metrics_and_aggregations_are_those_of_thresholds(text: str) -> None:
    with pytest.raises(InvalidThreshold) as caught:
        parse_budget(text)
    assert isinstance(caught.value, GroundswellError)
    assert caught.value.hint
