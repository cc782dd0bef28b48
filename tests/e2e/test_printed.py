"""What a run prints and writes, and where: summary, JSON, progress, errors."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from typing import TYPE_CHECKING

import jsonschema
import pytest

from groundswell_coordinator.report.consistency import discrepancies
from groundswell_coordinator.report.summary import Summary
from tests.coordinator.report.strict_schema import closed
from tests.e2e.writing import arrivals, iterations, write_test

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.commands import Groundswell, Ran
    from tests.e2e.writing import Fields
    from tests.nginx_server import NginxServer

_ESCAPE = "\x1b"


def _write(folder: Path, target: str, **more: Fields) -> Path:
    """A run of a moment, with everything in it that a summary speaks of; `more` are scenarios."""
    steps = [
        {"get": "/page", "check": [{"status": 200}, {"name": "is missing", "status": 404}]},
        {"get": "/page", "name": "refused", "expect_status": 404},
    ]
    thresholds = {"http_reqs": ["count > 0"], "http_req_duration": ["p(95) < 10s"]}
    scenarios = {"walk": iterations(20, steps=steps), **more}
    return write_test(folder, target, scenarios, thresholds=thresholds)


@pytest.fixture(scope="module")
def ran(shared_groundswell: Groundswell, nginx: NginxServer) -> Ran:
    """One run, looked at by several tests."""
    # Long enough for a line of progress.
    test = _write(shared_groundswell.folder, nginx.url, wait=arrivals("100/s", "1s"))
    return shared_groundswell.run(test, "--label", "team=qa", "--label", "build=7=8", agents=3)


def test_the_summary_as_json_keeps_to_its_published_schema(
    ran: Ran, shared_groundswell: Groundswell
) -> None:
    schema = json.loads(
        files("groundswell_coordinator.report").joinpath("summary.schema.json").read_text()
    )
    shown = shared_groundswell("show", "last", "--json")

    jsonschema.validate(json.loads(ran.summary.to_json()), closed(schema))
    jsonschema.validate(json.loads(shown.stdout), closed(schema))


def test_the_counts_of_a_summary_add_up(ran: Ran) -> None:
    checks = {check.name: (check.passes, check.fails) for check in ran.summary.checks}
    values = ran.summary.metrics["checks"].values

    assert discrepancies(ran.summary) == ()
    assert checks == {"/page: status 200": (20, 0), "is missing": (0, 20)}
    assert (values["passes"], values["fails"]) == (20, 20)
    failed = ran.summary.metrics["http_req_failed"].values
    assert (failed["passes"], failed["fails"]) == (20, 120)
    assert ran.count("http_req_duration") == 140
    expected = ran.summary.metrics["http_req_duration{expected_response:true}"].values
    assert expected["count"] == 120


def test_labels_and_agents_are_in_the_summary(ran: Ran) -> None:
    assert ran.summary.labels == {"team": "qa", "build": "7=8"}
    assert [agent.name for agent in ran.summary.agents] == ["agent-1", "agent-2", "agent-3"]
    assert "3 agents" in ran.stdout


def test_the_summary_goes_to_stdout_and_the_progress_to_stderr(ran: Ran) -> None:
    places = [ran.stdout.find(word) for word in ("PASS  e2e", "THRESHOLDS", "TOTAL RESULTS")]

    assert -1 not in places
    assert places == sorted(places)
    for word in ("checks_total", "HTTP ", "http_reqs", "EXECUTION", "iterations", "NETWORK"):
        assert word in ran.stdout
    assert re.search(r"^1s / \S+ .*100/s of 100/s planned", ran.stderr, re.MULTILINE), ran
    assert "TOTAL RESULTS" not in ran.stderr
    assert "e2e: running" not in ran.stdout


def test_nothing_that_is_piped_holds_escape_codes(ran: Ran) -> None:
    assert _ESCAPE not in ran.stdout + ran.stderr
    assert "\r" not in ran.stdout + ran.stderr


def test_json_is_all_that_is_printed_when_it_is_asked_for(
    groundswell: Groundswell, nginx: NginxServer
) -> None:
    test = _write(groundswell.folder, nginx.url)

    with groundswell.starting_run(test, "--json") as running:
        ran = running.end_of_run()

    assert Summary.from_json(ran.stdout) == ran.summary
    assert ran.stderr == ""


def test_a_quiet_run_prints_nothing_and_still_writes_its_summary(
    groundswell: Groundswell, nginx: NginxServer
) -> None:
    ran = groundswell.run(_write(groundswell.folder, nginx.url), "--quiet")

    assert (ran.exit_code, ran.stdout, ran.stderr) == (0, "", "")
    assert ran.summary.verdict == "PASS"


def test_a_summary_that_cannot_be_written_is_found_out_before_any_load(
    groundswell: Groundswell, nginx: NginxServer
) -> None:
    test = _write(groundswell.folder, nginx.url)
    nowhere = groundswell.folder / "none" / "summary.json"
    before = nginx.requests()

    done = groundswell("run", test, "--summary-json", nowhere)

    assert done.exit_code == 2
    assert str(nowhere) in done.stderr
    assert "No such file or directory" in done.stderr
    assert nginx.requests() == before


@pytest.mark.slow
def test_a_summary_file_that_fails_after_the_run_costs_neither_the_printed_one_nor_the_verdict(
    groundswell: Groundswell, nginx: NginxServer
) -> None:
    # Can be opened, and is full when it is written to.
    done = groundswell("run", _write(groundswell.folder, nginx.url), "--summary-json", "/dev/full")

    assert "PASS  e2e" in done.stdout, done
    assert "TOTAL RESULTS" in done.stdout
    assert done.exit_code == 1
    assert "/dev/full" in done.stderr
    assert "Traceback" not in done.stderr
    assert "PASS" in groundswell("runs").stdout
