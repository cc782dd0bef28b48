from __future__ import annotations

import math
from fractions import Fraction

import pytest

from groundswell.errors import InvalidThreshold
from groundswell.exit_codes import ExitCode
from groundswell.metrics.series import Series
from groundswell.scenario.model import ThresholdSpec
from groundswell.verdict.expression import Aggregation, Operator
from groundswell.verdict.threshold import Threshold, parse
from groundswell.verdict.value_text import value_text


def threshold(key: str, expression: str) -> Threshold:
    return parse(key, ThresholdSpec(threshold=expression))


@pytest.mark.parametrize(
    ("key", "expression", "aggregation", "percentile", "operator", "limit"),
    [
        ("http_req_duration", "p(95) < 300ms", "p", 95, "<", 300),
        ("http_req_duration", "p(95)<300", "p", 95, "<", 300),
        ("http_req_duration", " p( 99.9 )  <=  1s ", "p", 99.9, "<=", 1000),
        ("http_req_duration", "p(0) >= 1m30s", "p", 0, ">=", 90_000),
        ("http_req_duration", "p(100) < 0.5", "p", 100, "<", 0.5),
        ("http_req_duration", "avg < 250us", "avg", None, "<", 0.25),
        ("http_req_duration", "min > 1", "min", None, ">", 1),
        ("http_req_duration", "med != 2", "med", 50, "!=", 2),
        ("send_lag", "max < 5ms", "max", None, "<", 5),
        ("http_req_failed", "rate < 0.1%", "rate", None, "<", 0.001),
        ("http_req_failed", "rate < 0.001", "rate", None, "<", 0.001),
        ("checks", "rate > 99%", "rate", None, ">", 0.99),
        ("checks", "rate == 1", "rate", None, "==", 1),
        ("dropped_iterations", "count == 0", "count", None, "==", 0),
        ("http_reqs", "count >= 100000", "count", None, ">=", 100_000),
        ("http_reqs", "rate > 100", "rate", None, ">", 100),
        ("http_reqs", "rate > 100/s", "rate", None, ">", 100),
        ("http_reqs", "rate > 90/m", "rate", None, ">", 1.5),
        ("data_sent", "count < 10MiB", "count", None, "<", 10 << 20),
        ("data_sent", "count < 1000", "count", None, "<", 1000),
        ("data_received", "rate > 1MB/s", "rate", None, ">", 1_000_000),
        ("data_received", "rate > 1MB", "rate", None, ">", 1_000_000),
        ("vus", "value < 50", "value", None, "<", 50),
    ],
)
def test_an_expression_means_a_number_compared(
    key: str,
    expression: str,
    aggregation: str,
    percentile: float | None,
    operator: str,
    limit: float,
) -> None:
    found = threshold(key, expression)
    assert found.aggregation is Aggregation(aggregation)
    assert found.percentile == percentile
    assert found.operator is Operator(operator)
    assert found.limit == limit
    assert found.expression == expression


@pytest.mark.parametrize(
    ("key", "metric", "tags"),
    [
        ("http_reqs", "http_reqs", {}),
        ("http_reqs{name:cart}", "http_reqs", {"name": "cart"}),
        ("http_reqs{status:200,name:cart}", "http_reqs", {"name": "cart", "status": "200"}),
        ("http_reqs{status:200, name:cart }", "http_reqs", {"name": "cart", "status": "200"}),
        ("http_reqs{name:'a,b',status:200}", "http_reqs", {"name": "a,b", "status": "200"}),
        ('http_reqs{name:" a"}', "http_reqs", {"name": " a"}),
        ("http_reqs{name:/p/{{ users.sku }}}", "http_reqs", {"name": "/p/{{ users.sku }}"}),
        ("http_reqs{name:http://host:80/x}", "http_reqs", {"name": "http://host:80/x"}),
    ],
)
def test_a_key_selects_by_tags(key: str, metric: str, tags: dict[str, str]) -> None:
    found = threshold(key, "count > 0")
    assert found.metric.name == metric
    assert found.tags == tags
    assert found.key == key


def test_a_selection_matches_series_with_more_tags_but_not_with_others() -> None:
    selection = threshold("http_reqs{name:cart}", "count > 0").selection
    assert selection.matches(Series.of("http_reqs", {"name": "cart", "status": "200"}))
    assert not selection.matches(Series.of("http_reqs", {"name": "home"}))
    assert not selection.matches(Series.of("http_reqs", {}))
    assert not selection.matches(Series.of("iterations", {"name": "cart"}))


@pytest.mark.parametrize(
    ("key", "expression", "printed"),
    [
        (
            "http_req_duraton",
            "p(95) < 1",
            "there is no metric 'http_req_duraton' (did you mean 'http_req_duration'?)",
        ),
        ("zzz", "p(95) < 1", "there is no metric 'zzz'"),
        ("", "p(95) < 1", "a threshold needs a metric (for example http_req_duration)"),
        (
            "http_req_duration{name: x}",
            "p(95) < 1",
            "'{name: x}' has a space beside the colon (write http_req_duration{name:x})",
        ),
        (
            "http_req_duration{name :x}",
            "p(95) < 1",
            "'{name :x}' has a space beside the colon (write http_req_duration{name:x})",
        ),
        (
            "http_reqs{name=x}",
            "count > 1",
            "'name=x' is not a tag and its value (write http_reqs{tag:value})",
        ),
        (
            "http_reqs{}",
            "count > 1",
            "'http_reqs{}' selects by no tag (write http_reqs for all of its series)",
        ),
        (
            "http_reqs{name:}",
            "count > 1",
            "tag 'name' has no value (write http_reqs{name:value})",
        ),
        (
            "http_reqs{name:a,name:b}",
            "count > 1",
            "tag 'name' is selected twice in '{name:a,name:b}'",
        ),
        (
            "http_reqs{url:/x}",
            "count > 1",
            "no series carries a tag 'url' (select by name: {name:…})",
        ),
        (
            "http_reqs{name:x",
            "count > 1",
            "'http_reqs{name:x' is not a selection (write metric or metric{tag:value,tag:value})",
        ),
        (
            "http_req_duration",
            "p(95)",
            "'p(95)' is not a threshold (write for example 'p(95) < 300ms')",
        ),
        (
            "http_req_failed",
            "0.1%",
            "'0.1%' is not a threshold (write for example 'rate < 1%')",
        ),
        (
            "http_req_duration",
            "p(95) <",
            "nothing to compare http_req_duration with (write a limit)",
        ),
        ("http_req_duration", "p(95) === 3", "'===' is not an operator (write ==)"),
        ("http_req_duration", "p(95) => 3", "'=>' is not an operator (write >=)"),
        (
            "http_req_duration",
            "p(95) >< 3",
            "'><' is not an operator (one of < <= > >= == !=)",
        ),
        (
            "http_req_duration",
            "p(101) < 1",
            "p(101) is not a percentile (p(N) with N from 0 to 100)",
        ),
        (
            "http_req_duration",
            "p(-1) < 1",
            "p(-1) is not a percentile (p(N) with N from 0 to 100)",
        ),
        (
            "http_req_duration",
            "p(nan) < 1",
            "p(nan) is not a percentile (p(N) with N from 0 to 100)",
        ),
        (
            "http_req_duration",
            "p95 < 1",
            "'p95' does not fit http_req_duration, a trend (write p(95))",
        ),
        (
            "http_req_duration",
            "mean < 1",
            "'mean' does not fit http_req_duration, a trend (write avg)",
        ),
        (
            "http_req_duration",
            "count < 1",
            "'count' does not fit http_req_duration, a trend"
            " (a trend takes avg, min, med, max, p(N))",
        ),
        (
            "http_reqs",
            "p(95) < 1",
            "'p(95)' does not fit http_reqs, a counter (a counter takes count, rate)",
        ),
        ("checks", "value < 1", "'value' does not fit checks, a rate (a rate takes rate)"),
        ("vus", "max < 1", "'max' does not fit vus, a gauge (a gauge takes value)"),
        (
            "http_req_failed",
            "rate < 5",
            "'5' is no limit for http_req_failed, a rate (write 5%)",
        ),
        (
            "http_req_failed",
            "rate < 300ms",
            "'300ms' is no limit for http_req_failed, a rate (a rate is a share: write 1% or 0.01)",
        ),
        (
            "http_req_duration",
            "p(95) < 1%",
            "'1%' is no limit for http_req_duration, a trend"
            " (write 300ms, 1s, or a bare number of milliseconds)",
        ),
        (
            "http_req_duration",
            "p(95) < 300 ms",
            "'300 ms' is no limit for http_req_duration, a trend"
            " (write 300ms, 1s, or a bare number of milliseconds)",
        ),
        (
            "http_reqs",
            "count > 100/s",
            "'100/s' is no limit for the count of http_reqs (write a plain number)",
        ),
        (
            "http_reqs",
            "rate > 10MiB",
            "'10MiB' is no limit for the rate of http_reqs"
            " (write 100/s, 30/m, or a bare number per second)",
        ),
        (
            "data_sent",
            "count > 10ms",
            "'10ms' is no limit for the count of data_sent"
            " (write 10MiB, or a bare number of bytes)",
        ),
        ("vus", "value > -1", "'-1' is no limit for vus, a gauge (write a plain number)"),
    ],
)
def test_what_does_not_parse_says_what_to_write_instead(
    key: str, expression: str, printed: str
) -> None:
    with pytest.raises(InvalidThreshold) as caught:
        threshold(key, expression)
    assert str(caught.value) == printed
    assert caught.value.exit_code is ExitCode.INVALID_TEST


def test_a_scenario_that_is_selected_must_exist() -> None:
    spec = ThresholdSpec(threshold="count > 0")
    assert parse("http_reqs{scenario:browse}", spec, ["browse"]).tags == {"scenario": "browse"}
    with pytest.raises(InvalidThreshold, match=r"no scenario 'brows' \(did you mean 'browse'\?\)"):
        parse("http_reqs{scenario:brows}", spec, ["browse", "buy"])


@pytest.mark.parametrize("over", [Fraction(0), Fraction(1, 2), Fraction(3, 2)])
def test_a_window_is_whole_seconds(over: Fraction) -> None:
    spec = ThresholdSpec(threshold="count > 0", over=over)
    with pytest.raises(InvalidThreshold, match="is not whole seconds"):
        parse("http_reqs", spec)


def test_the_long_form_is_carried_over() -> None:
    spec = ThresholdSpec(
        threshold="p(99) < 1s",
        abort_on_fail=True,
        delay_abort_eval=Fraction(30),
        over=Fraction(10),
    )
    found = parse("http_req_duration", spec)
    assert found.abort_on_fail
    assert found.delay_abort_eval == 30
    assert found.over == 10
    assert str(found) == "http_req_duration: p(99) < 1s over 10s"


@pytest.mark.parametrize(
    ("expression", "value", "holds"),
    [
        ("p(95) < 300", 299.999, True),
        ("p(95) < 300", 300.0, False),
        ("p(95) <= 300", 300.0, True),
        ("p(95) > 300", 300.0, False),
        ("p(95) >= 300", 300.0, True),
        ("p(95) == 300", 300.0, True),
        ("p(95) != 300", 300.0, False),
        ("p(95) < 300", math.inf, False),
        ("p(95) <= 366d", math.inf, False),
        ("p(95) > 300", math.inf, True),
        ("p(95) == 300", math.inf, False),
        ("p(95) != 300", math.inf, True),
    ],
)
def test_a_value_holds_or_fails(expression: str, value: float, holds: bool) -> None:
    assert threshold("http_req_duration", expression).holds(value) is holds


def test_a_share_is_compared_without_an_error_of_rounding() -> None:
    assert not threshold("http_req_failed", "rate < 0.1%").holds(1 / 1000)
    assert threshold("http_req_failed", "rate <= 0.1%").holds(3 / 3000)


@pytest.mark.parametrize(
    ("expression", "better", "worse"),
    [
        ("p(95) < 300", 100, 200),
        ("p(95) > 300", 200, 100),
        ("p(95) == 300", 301, 290),
        ("p(95) != 300", 200, 299),
        ("p(95) < 300", 4000, math.inf),
        ("p(95) == 300", 4000, math.inf),
    ],
)
def test_of_two_values_the_nearer_to_failing_is_worse(
    expression: str, better: float, worse: float
) -> None:
    found = threshold("http_req_duration", expression)
    assert found.badness(worse) > found.badness(better)


@pytest.mark.parametrize(
    ("key", "expression", "value", "text"),
    [
        ("http_req_duration", "avg < 1", 412.3456, "412.3ms"),
        ("http_req_duration", "avg < 1", 0.25, "0.25ms"),
        ("http_req_duration", "avg < 1", 12_345.6, "12.3456s"),
        ("http_req_duration", "avg < 1", math.inf, "≥ 1h"),
        ("http_req_failed", "rate < 1%", 0.00123456, "0.1235%"),
        ("http_reqs", "count > 1", 1_234_567, "1,234,567"),
        ("http_reqs", "rate > 1", 99.666, "99.67/s"),
        ("data_sent", "count > 1", 10 << 20, "10MiB"),
        ("data_sent", "rate > 1", 512, "512B/s"),
        ("vus", "value > 1", None, "no samples"),
    ],
)
def test_a_value_is_shown_with_its_unit(
    key: str, expression: str, value: float | None, text: str
) -> None:
    assert value_text(threshold(key, expression), value) == text
