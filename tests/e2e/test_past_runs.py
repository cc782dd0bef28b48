"""What `runs` and `show` tell of a run is what the run itself printed."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.e2e.writing import arrivals, iterations, write_test

if TYPE_CHECKING:
    from tests.e2e.commands import Groundswell, Ran
    from tests.e2e.demo import Demo


@pytest.fixture(scope="module")
def ran(shared_groundswell: Groundswell) -> Ran:
    scenarios = {"load": iterations(10)}
    test = write_test(shared_groundswell.folder, "http://127.0.0.1:1", scenarios)
    return shared_groundswell.run(test, "--label", "build=7")


def test_show_prints_what_the_run_printed(ran: Ran, shared_groundswell: Groundswell) -> None:
    run = ran.summary.run

    for name in ("last", run, run[:-1]):
        assert shared_groundswell("show", name).stdout == ran.stdout


def test_show_gives_the_summary_that_the_run_wrote(
    ran: Ran, shared_groundswell: Groundswell
) -> None:
    shown = shared_groundswell("show", "last", "--json")

    assert json.loads(shown.stdout) == json.loads(ran.summary.to_json())


def test_the_list_of_runs_names_it_with_its_verdict(
    ran: Ran, shared_groundswell: Groundswell
) -> None:
    listed = shared_groundswell("runs").stdout.splitlines()
    (line,) = json.loads(shared_groundswell("runs", "--json").stdout)

    assert listed[1].split()[:3] == [ran.summary.run, "e2e", "PASS"]
    assert line["run"] == ran.summary.run
    assert (line["verdict"], line["exit_code"], line["agents"]) == ("PASS", 0, 1)
    assert line["labels"] == {"build": "7"}
    assert line["duration_s"] == ran.summary.duration_s


def test_agents_that_had_work_for_a_moment_only_are_no_less_healthy(ran: Ran) -> None:
    late_at_the_start = [agent for agent in ran.summary.agents if abs(agent.skew_ms or 0) > 5]

    assert ran.summary.reasons == ()
    assert ("not healthy" in ran.stdout) == bool(late_at_the_start), ran


def test_the_database_holds_the_run_and_is_sound(ran: Ran, shared_groundswell: Groundswell) -> None:
    with closing(sqlite3.connect(shared_groundswell.home / "groundswell.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        runs = database.execute("SELECT run_id, verdict, exit_code FROM runs").fetchall()
        stored = database.execute("SELECT count(*) FROM intervals").fetchone()

    assert runs == [(ran.summary.run, "PASS", 0)]
    assert stored[0] >= 1


def test_a_run_that_nobody_knows_is_an_error_with_a_hint(
    ran: Ran, shared_groundswell: Groundswell
) -> None:
    done = shared_groundswell("show", "nobody")

    assert done.exit_code == 1
    assert "nobody" in done.stderr
    assert "hint: " in done.stderr
    assert done.stdout == ""


def test_two_runs_at_once_on_one_data_folder_do_not_disturb_each_other(
    groundswell: Groundswell, demo: Demo
) -> None:
    tests = {
        name: write_test(
            groundswell.folder, demo.url, {name: arrivals("100/s", "1s", path)}, name=name
        )
        for name, path in (("one", "/fast"), ("two", "/products"))
    }
    with (
        groundswell.starting_run(tests["one"]) as first,
        groundswell.starting_run(tests["two"]) as second,
    ):
        ran = [first.end_of_run(), second.end_of_run()]

    assert [one.exit_code for one in ran] == [0, 0], ran
    assert [one.count("http_reqs") for one in ran] == [100, 100]
    assert demo.requests_of("/fast") == demo.requests_of("/products") == 100
    listed = json.loads(groundswell("runs", "--json").stdout)
    assert {line["run"] for line in listed} == {one.summary.run for one in ran}
    assert {line["verdict"] for line in listed} == {"PASS"}
    for one in ran:
        assert groundswell("show", one.summary.run).stdout == one.stdout
