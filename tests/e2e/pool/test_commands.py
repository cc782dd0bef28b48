"""What a person types to use a pool, and what it answers."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import pytest

from groundswell_coordinator.report.summary import Summary
from tests.e2e.commands import Groundswell
from tests.e2e.pool.site import pool_site
from tests.e2e.processes import eventually
from tests.e2e.writing import arrivals, iterations, write_test

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from tests.e2e.commands import Finished, Ran, Running
    from tests.e2e.pool.site import Site

LONG, SHORT = "20s", 40


@pytest.fixture(scope="module")
def site(shared_groundswell: Groundswell) -> Generator[Site]:
    """Two agents in zone a and one in zone b."""
    with pool_site(shared_groundswell) as site:
        site.attach("a-1", "a-2", words=("--label", "zone=a"))
        site.attach("b-1", words=("--label", "zone=b"))
        eventually(lambda: len(agents(site)) == 3, 30, "all agents attached")
        yield site


@pytest.fixture(scope="module")
def ran(site: Site, short: Path) -> Ran:
    """A run of the agents of zone a, to its end."""
    hdr = site.groundswell.folder / "hdr"
    order = ("--coordinator", site.coordinator.address, "-l", "zone=a", "--hdr", hdr)
    with site.groundswell.starting(
        "run", short, *order, "--summary-json", "{here}/summary.json"
    ) as run:
        return run.end_of_run()


@pytest.fixture(scope="module")
def short(site: Site) -> Path:
    scenarios = {"load": iterations(SHORT, vus=4)}
    return write_test(site.groundswell.folder, site.target.url, scenarios, name="short")


@pytest.fixture(scope="module")
def long(site: Site) -> Path:
    scenarios = {"load": arrivals("20/s", LONG)}
    return write_test(site.groundswell.folder, site.target.url, scenarios, name="long")


def agents(site: Site) -> dict[str, dict[str, object]]:
    listed = json.loads(site.ask("agents", "--json").stdout)
    return {agent["name"]: agent for agent in listed}


def answered(done: Finished) -> str:
    assert done.exit_code == 0, done
    return done.stdout


def hand_in(site: Site, test: Path, *words: str) -> str:
    """Its id."""
    return answered(site.ask("run", str(test), "--detach", *words)).strip()


def under_way(site: Site, run_id: str) -> bool:
    lines = json.loads(site.ask("runs", "--json").stdout)
    return [line["phase"] for line in lines if line["run"] == run_id] == ["running"]


def says(running: Running, text: str) -> None:
    eventually(lambda: text in running.stderr, 30, f"{text!r} on standard error")


def test_a_run_on_a_pool_reads_like_a_local_one(ran: Ran, site: Site) -> None:
    assert (ran.exit_code, ran.summary.verdict) == (0, "PASS")
    assert ran.stdout.splitlines()[1] == "  ✓ PASS  short"
    lines = ran.stderr.splitlines()
    assert lines[0] == f"run {ran.summary.run} on 2 agents of {site.coordinator.address}"
    assert [line for line in lines if line.startswith("short: ")][-1] == "short: running"
    assert [agent.name for agent in ran.summary.agents] == ["a-1", "a-2"]
    assert ran.count("http_reqs") == SHORT


def test_the_histograms_of_a_run_on_a_pool_are_written_here(ran: Ran, site: Site) -> None:
    logs = sorted(path.name for path in (site.groundswell.folder / "hdr").iterdir())
    assert logs == ["a-1.hlog", "a-2.hlog", "merged.hlog"]


def test_the_agents_are_listed_with_what_they_do(site: Site) -> None:
    text = answered(site.ask("agents")).splitlines()
    assert text[0].split() == ["AGENT", "STATE", "RUN", "WEIGHT", "AT", "MOST", "HEARD", "LABELS"]
    assert text[1].split()[:5] == ["a-1", "free", "-", "1", "-"]
    assert text[3].split()[-1] == "zone=b"
    assert agents(site)["b-1"]["labels"] == {"zone": "b"}


def test_a_run_of_a_pool_can_be_asked_for_everything_afterwards(ran: Ran, site: Site) -> None:
    run = ran.summary.run
    assert answered(site.ask("show", "last")) == ran.stdout
    assert Summary.from_json(answered(site.ask("show", run[:-1], "--json"))) == ran.summary
    assert "This is what the run said" in answered(site.ask("verdict", run))
    assert answered(site.ask("watch", run)) == ran.stdout
    assert json.loads(answered(site.ask("runs", "--json", "--limit", "1")))[0]["run"] == run
    assert "PART OF A RUN" in answered(site.ask("show", run, "--to", "1s"))


def test_the_coordinator_may_be_named_in_the_environment(ran: Ran, site: Site) -> None:
    env = {"GROUNDSWELL_COORDINATOR": site.coordinator.address}
    assert ran.summary.run in answered(site.groundswell("runs", env=env))
    assert "No runs yet" in site.groundswell("runs", "--coordinator", "", env=env).stderr


def test_a_run_is_carried_off_the_pool_and_deleted_there(
    ran: Ran, site: Site, short: Path, tmp_path: Path
) -> None:
    run, file = hand_in(site, short), tmp_path / "run.groundswell"
    answered(site.ask("watch", run))
    shown = answered(site.ask("show", run))

    answered(site.ask("export", run, str(file)))
    answered(site.ask("delete", run))
    assert site.ask("show", run).exit_code == 1

    here = Groundswell(tmp_path)
    assert answered(here("import-run", file)) == f"{run}\n"
    assert answered(here("show", run)) == shown
    assert answered(site.ask("import-run", str(file))) == f"{run}\n"
    assert answered(site.ask("show", run)) == shown


def test_a_run_that_is_detached_is_watched_left_and_stopped(site: Site, long: Path) -> None:
    detached = site.ask("run", str(long), "--detach")
    run = detached.stdout.strip()
    assert detached.exit_code == 0
    assert detached.stderr.splitlines()[-1] == (
        f"follow it: groundswell watch {run} --coordinator {site.coordinator.address}"
    )
    eventually(lambda: under_way(site, run), 30, "the run is under way")
    assert {agent["run"] for agent in agents(site).values()} == {run}

    where = ("--coordinator", site.coordinator.address)
    with site.groundswell.starting("watch", "last", *where) as watching:
        says(watching, "long: running")
        watching.signal(signal.SIGINT)
        left = watching.end()
    assert (left.exit_code, left.stdout) == (0, "")
    assert left.stderr.splitlines()[-1] == f"run {run} goes on"

    with site.groundswell.starting("watch", run, *where) as watching:
        says(watching, "long: running")
        refused = site.ask("stop", run[:-1])
        assert (refused.exit_code, refused.stderr.splitlines()[-1]) == (1, f"hint: say {run}")
        assert site.ask("delete", run).exit_code == 1
        answered(site.ask("stop", run))
        stopped = watching.end()
    assert stopped.exit_code == 103
    assert "? INCONCLUSIVE  long" in stopped.stdout or "✓ PASS  long" in stopped.stdout
    again = site.ask("stop", run)
    assert again.exit_code == 1
    assert again.stderr == f"error: run {run} has ended already\n"


def test_ctrl_c_stops_a_run_on_a_pool(site: Site, long: Path) -> None:
    with site.starting_run(long, agents=1) as running:
        says(running, "long: running")
        running.signal(signal.SIGINT)
        ran = running.end_of_run()
    assert ran.exit_code == 105
    assert "interrupted" in ran.codes
    assert ran.summary.duration_s < 19


def test_a_run_that_waits_in_vain_says_for_what(site: Site, short: Path) -> None:
    done = site.ask("run", str(short), "--agents", "2", "-l", "zone=b", "--wait", "1s")
    assert done.exit_code == 102
    assert "short: waiting for 2 agents with zone=b: 1 free, 0 busy" in done.stderr.splitlines()
    assert done.stderr.splitlines()[-2].startswith("error: not enough free agents")
    assert done.stdout == ""


def test_a_coordinator_that_is_not_there_is_an_error_of_its_own(site: Site, short: Path) -> None:
    for words in (("agents",), ("runs",), ("run", str(short)), ("watch", "last")):
        done = site.groundswell(*words, "--coordinator", "127.0.0.1:9")
        assert done.exit_code == 106, done
        assert "no coordinator answers at 127.0.0.1:9: connection refused" in done.stderr


def test_what_answers_and_is_no_coordinator_is_named(site: Site) -> None:
    address = site.target.url.removeprefix("http://")
    done = site.groundswell("agents", "--coordinator", address)
    assert done.exit_code == 106, done
    assert done.stderr.splitlines()[0] == (
        f"error: no coordinator answers at {address}: what listens there speaks HTTP/1, not gRPC"
    )
