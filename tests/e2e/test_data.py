"""Rows of data over real agents, counted in a log that is not ours; files that travel to them."""

from __future__ import annotations

import os
from contextlib import contextmanager
from signal import SIGKILL
from typing import TYPE_CHECKING

import pytest

from groundswell_coordinator.report.consistency import discrepancies
from tests.e2e.commands import HOME
from tests.e2e.processes import eventually
from tests.e2e.service import serving
from tests.e2e.writing import arrivals, iterations, write_test
from tests.nginx_server import running_nginx

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from tests.e2e.commands import Groundswell
    from tests.e2e.service import Service

ROWS = 600
PATH = "/user?row={{ users.row }}"
UNIQUE = {"users": {"file": "data/users.csv", "pick": "unique"}}


class Log:
    """What nginx has written of the rows that reached it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def rows(self) -> list[int]:
        lines = self._path.read_text().splitlines()
        return sorted(int(line.partition("row=")[2]) for line in lines if "row=" in line)


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path / "arrivals.log")


@pytest.fixture
def target(tmp_path: Path) -> Generator[str]:
    (tmp_path / "nginx").mkdir()
    with running_nginx(tmp_path / "nginx", log=tmp_path / "arrivals.log") as nginx:
        yield nginx.url


def write_rows(folder: Path, count: int = ROWS) -> Path:
    """A folder `data` beside the test, with a file that is larger than a message."""
    (folder / "data").mkdir()
    path = folder / "data" / "users.csv"
    path.write_text("row,text\n" + "".join(f"{row},{'x' * 2000}\n" for row in range(count)))
    return path


@contextmanager
def pool(groundswell: Groundswell, folder: Path) -> Generator[tuple[Service, Path]]:
    """A coordinator and three agents of one other machine: the folder where that keeps files."""
    elsewhere = folder / "elsewhere"
    with serving(groundswell) as service:
        words = ("agent", "--coordinator", service.address, "--workers", "3", "--name", "a")
        with groundswell.starting(*words, env={HOME: str(elsewhere)}) as agents:
            service.wait_for_agents(3)
            yield service, elsewhere / "cache" / "files"
            agents.process.terminate()
            agents.end()


def test_each_row_of_a_unique_source_arrives_exactly_once_over_three_agents(
    groundswell: Groundswell, tmp_path: Path, target: str, log: Log
) -> None:
    write_rows(tmp_path)
    test = write_test(
        tmp_path, target, {"s": iterations(ROWS, PATH, vus=9)}, data=UNIQUE, thresholds=PASSES
    )
    ran = groundswell.run(test, agents=3)
    assert (ran.exit_code, ran.codes) == (0, ()), ran
    assert log.rows() == list(range(ROWS))
    # The run copied nothing.
    assert [path.is_symlink() for path in (groundswell.home / "cache" / "files").iterdir()] == [
        True
    ]


def test_a_pool_gets_the_file_once_and_each_row_arrives_once(
    groundswell: Groundswell, tmp_path: Path, target: str, log: Log
) -> None:
    rows = write_rows(tmp_path)
    test = write_test(
        tmp_path, target, {"s": iterations(ROWS, PATH, vus=9)}, data=UNIQUE, thresholds=PASSES
    )
    with pool(groundswell, tmp_path) as (service, kept):
        order = ("--coordinator", service.address)
        ran = groundswell.run(test, *order, agents=3)
        assert (ran.exit_code, ran.codes) == (0, ()), ran
        assert "sending data/users.csv (1.2 MB)" in ran.stderr
        assert log.rows() == list(range(ROWS))
        (copy,) = kept.iterdir()
        assert copy.read_bytes() == rows.read_bytes()
        again = groundswell.run(test, *order, agents=3)
        assert (again.exit_code, "sending" in again.stderr) == (0, False), again
    assert log.rows() == sorted([*range(ROWS), *range(ROWS)])


def test_a_run_whose_rows_run_out_ends_and_is_inconclusive(
    groundswell: Groundswell, tmp_path: Path, target: str, log: Log
) -> None:
    write_rows(tmp_path, 90)
    open_ = arrivals("300/s", "60s", PATH, max_vus=300)
    test = write_test(tmp_path, target, {"s": open_}, data=UNIQUE, thresholds=PASSES)
    ran = groundswell.run(test, agents=3)
    assert (ran.exit_code, ran.codes) == (96, ("data_exhausted",)), ran
    assert "data_exhausted: s: data ran out, 17,910 iterations had none" in ran.stdout
    assert ran.summary.scenarios["s"].dropped == {"no_data": 17_910}
    assert discrepancies(ran.summary) == ()
    assert log.rows() == list(range(90))
    assert ran.seconds < 30
    plan = groundswell("plan", test, "--agents", "3")
    assert (
        "users  data/users.csv · unique, then stop\n        90 rows · 18,000 needed" in plan.stdout
    )
    assert "agent-1 … agent-3 (3 agents), each: 30 rows for 6,000 iterations" in plan.stdout


@pytest.mark.slow
def test_no_row_comes_twice_where_an_agent_is_killed(
    groundswell: Groundswell, tmp_path: Path, target: str, log: Log
) -> None:
    write_rows(tmp_path)
    open_ = arrivals("100/s", "12s", PATH, max_vus=30)
    test = write_test(tmp_path, target, {"s": open_}, data=UNIQUE)
    with groundswell.starting_run(test, agents=3) as running:
        eventually(lambda: len(log.rows()) > 60, 30.0, "load at the target")
        os.kill(groundswell.agents()["agent-2"].pid, SIGKILL)
        ran = running.end_of_run()
    rows = log.rows()
    assert len(set(rows)) == len(rows)
    assert set(rows) < set(range(ROWS))
    assert "data_exhausted" in ran.codes
    assert discrepancies(ran.summary) == ()


def test_a_file_that_is_missing_is_told_before_anything_starts(
    groundswell: Groundswell, tmp_path: Path
) -> None:
    test = write_test(tmp_path, "http://127.0.0.1:9", {"s": iterations(1, PATH)}, data=UNIQUE)
    ran = groundswell("run", test)
    assert ran.exit_code == 104
    assert f"the file data/users.csv: there is no such file (it is looked for at {tmp_path}" in (
        ran.stderr
    )


PASSES = {"http_req_failed": ["rate == 0"]}
