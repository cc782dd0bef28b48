"""`run --profile`: the curve of a table is the load of a run, and stays with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell_coordinator.report.consistency import discrepancies
from tests.e2e.writing import arrivals, write_test

if TYPE_CHECKING:
    from tests.e2e.commands import Groundswell
    from tests.e2e.demo import Demo

# Areas of 30, 0, 60 and 20.5: 111 arrivals, where the test's own rate would be 5.
_CURVE = "time,rate\n12:00:00,20\n12:00:01,40\n12:00:01,60\n12:00:02,60\n12:00:02.5,22\n"


def test_a_run_follows_the_profile_that_it_is_given(groundswell: Groundswell, demo: Demo) -> None:
    test = write_test(groundswell.folder, demo.url, {"day": arrivals("1/s", "5s", "/fast")})
    (groundswell.folder / "day.csv").write_text(_CURVE)

    ran = groundswell.run(test, "--profile", groundswell.folder / "day.csv", agents=2)

    load = ran.summary.scenarios["day"]
    assert (load.executor, load.planned, load.fired) == ("ramping-arrival-rate", 111, 111), ran
    assert ran.count("http_reqs") == demo.requests() == 111
    assert discrepancies(ran.summary) == ()
    # The table is gone, and what is stored of the run still says what was planned.
    (groundswell.folder / "day.csv").unlink()
    again = groundswell("verdict", "last")
    assert again.exit_code == ran.exit_code, again


def test_what_is_wrong_with_a_profile_ends_the_run_before_it_begins(
    groundswell: Groundswell, demo: Demo
) -> None:
    test = write_test(groundswell.folder, demo.url, {"day": arrivals("1/s", "5s")})
    table = groundswell.folder / "day.csv"
    table.write_text("time,rate\n0,10\n10 s,-5\n")

    for command in ("run", "plan", "validate", "doctor"):
        done = groundswell(command, test, "--profile", f"day={table}")
        assert done.exit_code == 104, done
        assert f"{table}:3:1: '10 s' is not a duration (write 10s)" in done.stderr
    assert demo.requests() == 0

    twice = groundswell("plan", test, "--profile", table, "--profile", table)
    assert twice.exit_code == 2
    assert "one scenario follows one curve" in twice.stderr
