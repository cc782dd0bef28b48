"""JUnit XML, read back by an XML parser: what CI counts is what the verdict says."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as Xml

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.errors import GroundswellError, NotEnoughAgents
from groundswell_coordinator.report import junit
from groundswell_coordinator.report.summary import ReasonSummary, Summary
from tests.coordinator.report.materials import material
from tests.coordinator.report.samples import ALL, FAILED, INCONCLUSIVE, NO_THRESHOLDS, PASSED

WHOLE = {name: summary for name, summary in ALL.items() if summary.part is None}


def written(summary: Summary) -> Xml.Element:
    return Xml.fromstring(junit.render(material(summary)))


def outcomes(root: Xml.Element) -> dict[str, str]:
    """By the name of the test case: passed, failure or error."""
    found: dict[str, str] = {}
    for case in root.iter("testcase"):
        kinds = [child.tag for child in case if child.tag != "system-out"]
        assert len(kinds) <= 1
        found[case.attrib["name"]] = kinds[0] if kinds else "passed"
    return found


@pytest.mark.parametrize("name", WHOLE)
def test_there_is_a_case_for_every_threshold_and_one_for_the_run(name: str) -> None:
    root = written(WHOLE[name])

    assert len(outcomes(root)) == len(WHOLE[name].thresholds) + 1
    assert junit.THE_RUN in outcomes(root)


@pytest.mark.parametrize("name", WHOLE)
def test_counts_are_those_of_the_elements_and_nothing_is_skipped(name: str) -> None:
    root = written(WHOLE[name])
    kinds = list(outcomes(root).values())

    for element in (root, root[0]):
        assert int(element.attrib["tests"]) == len(kinds)
        assert int(element.attrib["failures"]) == kinds.count("failure")
        assert int(element.attrib["errors"]) == kinds.count("error")
        assert element.attrib["skipped"] == "0"


@pytest.mark.parametrize("name", WHOLE)
def test_it_is_green_for_a_pass_and_only_then(name: str) -> None:
    kinds = set(outcomes(written(WHOLE[name])).values())

    verdict = WHOLE[name].verdict
    assert ("failure" in kinds) == (verdict == "FAIL")
    assert (kinds == {"passed"}) == (verdict == "PASS")


def test_a_broken_threshold_is_a_failure_and_says_what_was_measured() -> None:
    root = written(FAILED)
    case = next(case for case in root.iter("testcase") if "product}: p(95)" in case.attrib["name"])

    failure = case.find("failure")
    assert failure is not None
    assert failure.attrib["message"] == "p(95) < 300ms was p(95)=300.04ms"


def test_a_threshold_without_samples_is_an_error_and_so_is_what_makes_a_run_doubtful() -> None:
    assert outcomes(written(INCONCLUSIVE)) == {
        "http_req_duration{name:cart}: p(95) < 300ms": "error",
        "http_req_failed: rate < 0.1%": "passed",
        junit.THE_RUN: "error",
    }


def test_what_only_a_run_as_a_whole_can_have_is_an_error_of_the_run() -> None:
    stopped = replace(
        PASSED,
        verdict="INCONCLUSIVE",
        exit_code=105,
        reasons=(ReasonSummary("interrupted", "interrupted after 12 s"),),
    )
    root = written(stopped)

    assert {name for name, kind in outcomes(root).items() if kind == "error"} == {junit.THE_RUN}
    assert root.find(".//error[@type='interrupted']") is not None


def test_a_run_without_thresholds_is_one_case_that_passed() -> None:
    root = written(NO_THRESHOLDS)

    assert outcomes(root) == {junit.THE_RUN: "passed"}
    assert "agent-2 was lost at 4m12s" in "".join(root.itertext())


def test_a_run_that_never_was_one_is_an_error() -> None:
    error = NotEnoughAgents("1 of 4 agents attached", hint="start more")
    root = Xml.fromstring(junit.render_failure("checkout.yaml", error))

    assert outcomes(root) == {junit.THE_RUN: "error"}
    said = "".join(root.itertext())
    assert "1 of 4 agents attached" in said
    assert "start more" in said


ANYTHING = st.text(st.characters(codec="utf-8"), max_size=30)


@settings(deadline=None)
@given(ANYTHING, ANYTHING)
def test_whatever_a_test_calls_things_it_stays_well_formed(name: str, message: str) -> None:
    thresholds = (replace(PASSED.thresholds[0], metric=f"m{{name:{name}}}"),)
    summary = replace(
        PASSED,
        test=name,
        labels={name: message},
        thresholds=thresholds,
        reasons=(ReasonSummary("agent_lost", message),),
    )
    assert written(summary).tag == "testsuites"
    assert Xml.fromstring(junit.render_failure(name, GroundswellError(message))) is not None
