from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from groundswell.errors import GroundswellError, UnknownRun
from groundswell_coordinator.cli import runs, show
from groundswell_coordinator.report.summary import Summary
from groundswell_coordinator.store.records import StoredEvent, StoredShare
from groundswell_coordinator.store.run_store import RunStore
from tests.coordinator.report.samples import PASSED
from tests.coordinator.store.runs import CREATED, close, new_run, owner_that_ended

if TYPE_CHECKING:
    from pathlib import Path

    import click


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDSWELL_HOME", str(tmp_path))


@pytest.fixture
def four_runs() -> None:
    """One that passed, one that goes on, one whose coordinator ended, one that never started."""
    with RunStore.open() as store:
        store.create_run(new_run("a-passed"))
        store.save_shares("a-passed", [StoredShare("agent-1", "i-1", 1)])
        store.save_start("a-passed", CREATED + timedelta(seconds=1), ())
        close(store, "a-passed", PASSED.to_json())
        store.create_run(new_run("b-open", created_at=CREATED - timedelta(hours=1)))
        lost = new_run("c-lost", created_at=CREATED - timedelta(hours=2), owner=owner_that_ended())
        store.create_run(lost)
        store.save_start("c-lost", CREATED, ())
        store.save_interval("c-lost", 9, b"", [])
        store.create_run(new_run("d-unstarted", created_at=CREATED - timedelta(hours=3)))
        store.save_event("d-unstarted", StoredEvent(CREATED, "no_agents", "no agent came"))
        store.close_run(
            "d-unstarted",
            verdict=None,
            exit_code=102,
            summary_json=None,
            ended_at=CREATED,
            duration_s=0.0,
        )


def invoke(command: click.Command, *arguments: str) -> str:
    done = CliRunner().invoke(command, arguments, catch_exceptions=True)
    if isinstance(done.exception, GroundswellError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.mark.usefixtures("four_runs")
def test_runs_lists_the_newest_first_and_says_how_each_stands() -> None:
    assert invoke(runs.command).splitlines() == [
        "RUN          TEST      VERDICT       STARTED (UTC)        DURATION  AGENTS",
        "a-passed     checkout  PASS          2026-03-04 05:06:08  1m0s      1",
        "b-open       checkout  running       2026-03-04 04:06:07            0",
        "c-lost       checkout  INCONCLUSIVE  2026-03-04 05:06:07            0",
        "d-unstarted  checkout  not started   2026-03-04 02:06:07  0s        0",
    ]


@pytest.mark.usefixtures("four_runs")
def test_runs_can_be_read_by_a_script() -> None:
    (newest,) = json.loads(invoke(runs.command, "--json", "--limit", "1"))
    assert newest == {
        "run": "a-passed",
        "test": "checkout",
        "state": "closed",
        "phase": None,
        "verdict": "PASS",
        "exit_code": 0,
        "labels": {"branch": "main"},
        "created_at": "2026-03-04T05:06:07.891011Z",
        "started_at": "2026-03-04T05:06:08.891011Z",
        "ended_at": "2026-03-04T05:07:07.891011Z",
        "duration_s": 60.0,
        "agents": 1,
    }


def test_without_runs_stdout_stays_empty() -> None:
    assert invoke(runs.command) == ""
    assert json.loads(invoke(runs.command, "--json")) == []


@pytest.mark.usefixtures("four_runs")
@pytest.mark.parametrize("name", ["a-passed", "a-", "last"])
def test_show_prints_the_summary_of_the_run_that_is_named(name: str) -> None:
    text = invoke(show.command, name)
    assert text.startswith("\n  ✓ PASS  checkout\n    run 20260304-050607-1f3a9c · ")
    assert "http_req_blocked" not in text
    assert "http_req_blocked" in invoke(show.command, name, "-v")


@pytest.mark.usefixtures("four_runs")
def test_show_prints_the_stored_json() -> None:
    assert Summary.from_json(invoke(show.command, "last", "--json")) == PASSED


@pytest.mark.usefixtures("four_runs")
def test_show_says_what_is_known_of_a_run_that_lost_its_coordinator() -> None:
    summary = Summary.from_json(invoke(show.command, "c-lost", "--json"))
    assert (summary.verdict, summary.exit_code, summary.duration_s) == ("INCONCLUSIVE", 96, 10.0)
    assert [reason.code for reason in summary.reasons] == ["coordinator_lost"]
    with RunStore.open() as store:
        assert store.mark_coordinator_lost("c-lost")
    assert Summary.from_json(invoke(show.command, "c-lost", "--json")) == summary
    assert "? INCONCLUSIVE  checkout" in invoke(show.command, "c-lost")


@pytest.mark.usefixtures("four_runs")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("b-open", "run b-open goes on"),
        ("d-unstarted", "run d-unstarted never started: no agent came"),
    ],
)
def test_show_refuses_a_run_without_a_summary(name: str, message: str) -> None:
    with pytest.raises(GroundswellError) as caught:
        invoke(show.command, name)
    assert caught.value.message == message


def test_show_has_a_hint_for_runs_that_are_not_there() -> None:
    for name in ("last", "nonsense"):
        with pytest.raises(UnknownRun) as caught:
            invoke(show.command, name)
        assert caught.value.hint is not None


@pytest.mark.parametrize("command", [runs.command, show.command])
def test_help_has_an_example(command: click.Command) -> None:
    assert "Example:\n    groundswell " in invoke(command, "--help")
