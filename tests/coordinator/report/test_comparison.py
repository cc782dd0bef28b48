"""A comparison as people and programs read it."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree as Xml

import pytest

from groundswell.errors import UnknownRun
from groundswell_coordinator.compare.budget import parse_budget
from groundswell_coordinator.compare.comparison import (
    BudgetRow,
    Comparison,
    Row,
    Standing,
    compare,
)
from groundswell_coordinator.compare.difference import Word
from groundswell_coordinator.compare.figure import Figure
from groundswell_coordinator.compare.party import Party, SummaryAlone
from groundswell_coordinator.compare.read_run import read_run
from groundswell_coordinator.report import (
    comparison_json,
    comparison_junit,
    comparison_markdown,
)
from groundswell_coordinator.report.comparison_console import print_comparison
from groundswell_coordinator.report.comparison_text import change_text, interval_text, value_text
from groundswell_coordinator.report.html import comparison_page
from tests.coordinator.compare.simulated import SUMMARY, SimulatedRun
from tests.coordinator.history.test_rejudge import measure
from tests.coordinator.reporting import histogram_of
from tests.coordinator.run.recorded import recording

if TYPE_CHECKING:
    from pathlib import Path

DURATION = Figure.of("http_req_duration", "p(95)")
RUN = SimulatedRun.of([histogram_of([20.0, 30.0])] * 3, replace(SUMMARY, run="r-1", test="shop"))
BASE, CANDIDATE = Party("v1.4", (RUN, RUN)), Party("r-1", (RUN,))


def budget_row(standing: Standing) -> BudgetRow:
    budget = parse_budget("http_req_duration p(95) +5%")
    return BudgetRow(budget, 20.1, 22.4, 0.114, 0.089, 0.141, standing)


COMPARISON = Comparison(
    BASE,
    CANDIDATE,
    (
        Row(DURATION, 20.1, 22.4, 0.114, 0.089, 0.141, Word.WORSE, Word.WORSE),
        Row(Figure.of("http_req_failed", "rate"), 0.0, 0.002, 0.002, 0.001, 0.003),
        Row(Figure.of("http_req_duration", "max"), 40.0, 41.0, 0.025, why="nobody knows"),
        Row(Figure.of("checks", "rate"), None, 0.5, why="not measured"),
    ),
    tuple(budget_row(standing) for standing in Standing),
    ("the agents' weights differ",),
    0.95,
    0.02,
)


def printed(comparison: Comparison) -> str:
    file = io.StringIO()
    print_comparison(comparison, file)
    return file.getvalue()


def test_people_read_both_values_the_change_its_interval_and_a_word() -> None:
    assert printed(COMPARISON).splitlines()[1:] == [
        "  COMPARED  shop",
        "    base       v1.4: 2 runs (2 PASS)",
        "    candidate  run r-1 (PASS)",
        "    ! the agents' weights differ",
        "",
        "  █ BUDGETS",
        "",
        "    ✓ http_req_duration p(95) +5%: kept: 20.1ms → 22.4ms, +11.4% (+8.9% to",
        "      +14.1%)",
        "    ✗ http_req_duration p(95) +5%: broken: 20.1ms → 22.4ms, +11.4% (+8.9% to",
        "      +14.1%)",
        "    ? http_req_duration p(95) +5%: cannot be told: 20.1ms → 22.4ms, +11.4%",
        "      (+8.9% to +14.1%)",
        "",
        "  █ FIGURES",
        "                    base candidate   change           95% interval",
        "",
        "    http_req_duration",
        "      p(95)       20.1ms    22.4ms   +11.4%  worse    +8.9% to +14.1%",
        "      max           40ms      41ms    +2.5%  unclear  nobody knows",
        "",
        "    http_req_failed",
        "      rate         0.00%     0.20%  +0.20pp  unclear  +0.10pp to +0.30pp",
        "",
        "    checks",
        "      rate             –    50.00%        –  unclear  not measured",
        "",
        "      worse, better: by more than 2% (0.1pp of shares) beyond doubt, among all",
        "      of these; same: by less than that; unclear: anything else.",
        "",
    ]


def test_a_program_reads_the_same_in_numbers() -> None:
    found = json.loads(comparison_json.render(COMPARISON))
    assert (found["version"], found["exit_code"]) == (1, 99)
    assert [one["standing"] for one in found["budgets"]] == ["kept", "broken", "unclear"]
    first = found["figures"][0]
    assert (first["metric"], first["aggregation"], first["word"]) == (
        "http_req_duration",
        "p(95)",
        "worse",
    )
    assert (first["change"], first["low"], first["high"]) == (0.114, 0.089, 0.141)
    assert first["difference"] == pytest.approx(2.3)
    assert found["base"]["runs"] == [{"run": "r-1", "verdict": "PASS"}] * 2


def test_numbers_that_json_has_not_become_some_that_it_has() -> None:
    beyond = SimulatedRun.of([histogram_of([4e6] * 50)] * 9)
    found = compare(Party("a", (beyond,)), Party("b", (beyond,)))
    rows = json.loads(comparison_json.render(found))["figures"]
    assert {row["base"] for row in rows if row["aggregation"] == "p(95)"} == {3_600_000}
    assert {row["change"] for row in rows if row["aggregation"] == "p(95)"} == {None}
    assert "≥ 1h" in printed(found)


def test_ci_reads_a_test_case_for_each_budget() -> None:
    root = Xml.fromstring(comparison_junit.render(COMPARISON))
    assert (root.attrib["tests"], root.attrib["failures"], root.attrib["errors"]) == ("4", "1", "1")
    assert root.attrib["skipped"] == "0"
    (failure,) = root.iter("failure")
    assert failure.attrib["message"].startswith("20.1ms to 22.4ms: +11.4%")


def test_a_pull_request_reads_budgets_first_and_folds_the_figures() -> None:
    text = comparison_markdown.render(COMPARISON)
    assert text.startswith("### ❌ Worse than its budget: shop\n")
    assert "- warning: the agents' weights differ" in text
    assert "| ❌ | `http_req_duration p(95) +5%` | 20.1ms | 22.4ms | +11.4% |" in text
    assert text.index("<details>") > text.index("❌ |")
    assert "<summary>4 figures</summary>" in text
    plain = comparison_markdown.render(replace(COMPARISON, budgets=()))
    assert plain.startswith("### Compared: shop\n")
    assert "<details>" not in plain


def test_where_there_was_no_comparison_the_files_say_why() -> None:
    error = UnknownRun("nothing is called 'v9'", hint="look")
    root = Xml.fromstring(comparison_junit.render_failure("v9 and last", error))
    assert [one.attrib["message"] for one in root.iter("error")] == ["nothing is called 'v9'"]
    markdown = comparison_markdown.render_failure("v9 and last", error)
    assert markdown.startswith("### ❌ No comparison: v9 and last\n")


@pytest.mark.parametrize(
    ("figure", "value", "shown"),
    [
        (DURATION, 0.0123, "12.3µs"),
        (Figure.of("http_reqs", "rate"), 200.0, "200/s"),
        (Figure.of("http_reqs", "count"), 4001.0, "4001"),
        (Figure.of("data_sent", "rate"), 12_345.0, "12 kB/s"),
        (Figure.of("checks", "rate"), 0.99995, "99.995%"),
    ],
)
def test_values_have_the_unit_of_their_figure(figure: Figure, value: float, shown: str) -> None:
    assert value_text(figure, value) == shown


def test_nothing_has_no_sign_and_too_much_is_no_number() -> None:
    row = Row(DURATION, 1.0, 1.0, -0.00001, -0.5, 1e6)
    assert change_text(row) == "0.0%"
    assert interval_text(row) == "-50.0% to > 9999%"


async def test_a_page_lays_both_sides_over_each_other(tmp_path: Path) -> None:
    async with recording(f"sqlite:///{tmp_path / 'groundswell.db'}") as live:
        await measure(live)
        await live.conclude()
        run = read_run(*live.stored(), {})
    budgets = (parse_budget("http_req_duration p(95) +5%"),)
    side, other = Party("<v1>", (run,)), Party("v2", (run, run))
    page = comparison_page.render(compare(side, other, budgets))
    assert "<h1>" in page
    assert "WITHIN ITS BUDGETS" in page
    assert "<v1>" not in page
    figures = json.loads(page.partition('id="figures">')[2].partition("</script>")[0])
    drawn = {one["id"]: one["data"] for one in figures}
    assert list(drawn) == ["changes", "percentiles", "over-time"]
    assert [line["name"] for line in drawn["percentiles"]] == ["base: &lt;v1&gt;", "candidate: v2"]
    assert len(drawn["over-time"]) == 2 * 3
    alone = compare(Party("a", (SummaryAlone(run.summary),)), Party("b", (run,)))
    assert 'id="figures"' not in comparison_page.render(alone)
