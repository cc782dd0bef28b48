"""What a search found, told the same way in a terminal, in Markdown, in JUnit, on a page and in JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files
from typing import TYPE_CHECKING
from xml.etree import ElementTree as Xml

import jsonschema
import pytest

from groundswell_coordinator.report import junit, markdown
from groundswell_coordinator.report.capacity_words import answer, findings
from groundswell_coordinator.report.console import render
from groundswell_coordinator.report.html import capacity as page
from groundswell_coordinator.report.summary import ReasonSummary, Summary
from tests.coordinator.report.materials import material
from tests.coordinator.report.samples import PASSED
from tests.coordinator.report.searches import BEYOND, FOUND, NOTHING, SATURATED, SEARCHED
from tests.coordinator.report.strict_schema import closed

if TYPE_CHECKING:
    from groundswell_coordinator.report.capacity_summary import CapacitySummary


def printed(found: CapacitySummary, width: int = 100) -> list[str]:
    return render(replace(SEARCHED, capacity=found), width=width).plain.splitlines()


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (FOUND, "1,240/s"),
        (BEYOND, "≥ 20,000/s"),
        (SATURATED, "≥ 1,240/s"),
        (replace(FOUND, end="below", highest=None, lowest_failed=100.0), "< 100/s"),
        (NOTHING, "none"),
    ],
)
def test_the_answer_is_one_number_and_says_what_it_is_a_bound_of(
    found: CapacitySummary, says: str
) -> None:
    assert answer(found) == says
    assert f"  █ CAPACITY  {says}  iterations of browse, buy" in printed(found)


def test_a_terminal_has_the_answer_before_the_thresholds_and_a_row_for_each_rate() -> None:
    lines = printed(FOUND)
    assert (
        "    highest that passes.: 1,240/s (3,720/s requests), confirmed by a second hold" in lines
    )
    assert "    lowest that fails...: 1,260/s: http_req_duration: p(95) < 1s: 2s" in lines
    assert "    margin..............: 210%: it carries 3.1 times the normal 400/s" in lines
    rows = [line.split()[:2] for line in lines if line.strip()[:1] in "✓✗" and "/s" in line]
    # By rate; what was only for the target to recover is left out.
    assert rows[:3] == [["✓", "100/s"], ["✓", "1,240/s"], ["✗", "1,260/s"]]
    titles = [line.strip() for line in lines if line.startswith("  █")]
    assert titles[0].startswith("█ CAPACITY")
    assert titles[1] == "█ THRESHOLDS  at 1,240/s"
    assert all(len(line) <= 80 for line in printed(FOUND, 80))


def test_times_are_drawn_on_one_scale() -> None:
    """p50 is the same for both, so both begin in the same column; the slow one ends at the right."""
    drawn = [line for line in printed(FOUND) if "█" in line and "/s" in line and "%" in line]
    _, fast, slow = drawn
    assert fast.index("·") == slow.index("·")
    assert fast.index("█") < slow.index("█")
    assert len(slow) > len(fast)


def test_a_margin_that_is_none_says_so() -> None:
    short = replace(FOUND, highest=200.0, margin=-0.5)
    assert dict(findings(short))["margin"] == "none: it carries 50% of the normal 400/s"
    assert dict(findings(NOTHING))["margin"] == "unknown: no rate passed, and 400/s is normal"
    assert dict(findings(BEYOND))["margin"].startswith("at least 210%")


@pytest.mark.parametrize(
    ("found", "required", "says"),
    [
        (FOUND, 1_000.0, "1,000/s: met"),
        (FOUND, 2_000.0, "2,000/s: not met"),
        (SATURATED, 1_000.0, "1,000/s: passed once; a lower --to ends with an answer"),
        (NOTHING, 1_000.0, "1,000/s: not met"),
    ],
)
def test_what_is_required_is_met_or_not(found: CapacitySummary, required: float, says: str) -> None:
    assert dict(findings(replace(found, required=required)))["required"] == says


def test_markdown_has_the_answer_and_a_table() -> None:
    text = markdown.render(material(SEARCHED))
    assert "**Capacity 1,240/s**" in text
    assert "- lowest that fails: 1,260/s: http_req_duration: p(95) &lt; 1s: 2s" in text
    assert "| 1,260/s | 1,260/s | 3,780/s | 10ms | 2s | 4s | 12.50% | fails |" in text


def test_below_what_is_required_is_a_failure_in_junit() -> None:
    reason = ReasonSummary("capacity_below", "1,240/s is the highest rate that passes")
    failed = replace(SEARCHED, verdict="FAIL", exit_code=99, reasons=(reason,))
    suite = Xml.fromstring(junit.render(material(failed)))[0]
    case = suite.findall("testcase")[-1]
    failure = case.find("failure")
    assert failure is not None
    assert failure.get("type") == "capacity_below"
    assert case.find("error") is None
    assert "highest that passes: 1,240/s" in (case.findtext("system-out") or "")


def test_a_page_has_rate_against_times_errors_and_what_was_achieved() -> None:
    times, achieved = page.figures(FOUND)
    assert [trace["name"] for trace in times.traces] == ["p50", "p95", "p99", "did not pass"]
    assert times.traces[1]["x"] == [100, 1240, 1260]
    assert times.traces[1]["y"] == [20, 20, 2000]
    assert next(trace["name"] for trace in achieved.traces) == "iterations started"
    assert achieved.traces[2]["y"] == [0, 0, 12.5]
    told = page.capacity(FOUND, (times, achieved))
    assert "Capacity 1,240/s" in told
    assert 'id="capacity-times"' in told
    assert "p(95) &lt; 1s" in told
    assert (page.figures(NOTHING), page.figures(None), page.capacity(None, ())) == ([], [], "")


@pytest.mark.parametrize("found", [FOUND, BEYOND, SATURATED, NOTHING])
def test_json_says_it_all_and_keeps_to_its_schema(found: CapacitySummary) -> None:
    summary = replace(SEARCHED, capacity=found)
    assert Summary.from_json(summary.to_json()) == summary
    text = files("groundswell_coordinator.report").joinpath("summary.schema.json").read_text()
    # Without a key that it does not name.
    schema = jsonschema.Draft202012Validator(closed(json.loads(text)))
    schema.validate(json.loads(summary.to_json()))  # pyright: ignore[reportUnknownMemberType]


def test_a_run_that_is_no_search_says_nothing_of_it() -> None:
    assert "capacity" not in PASSED.to_json()
    assert "CAPACITY" not in render(PASSED).plain
