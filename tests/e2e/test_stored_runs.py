"""What can be done with a run once it is over: asked again, looked into, carried away, deleted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hdrh.histogram import HdrHistogram  # pyright: ignore[reportMissingTypeStubs]
from hdrh.log import HistogramLogReader  # pyright: ignore[reportMissingTypeStubs]

from tests.e2e.commands import Groundswell
from tests.e2e.writing import arrivals, write_test

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.commands import Ran
    from tests.e2e.demo import Demo

RATE, SECONDS = 50, 3


@pytest.fixture(scope="module")
def ran(shared_groundswell: Groundswell, _demo: Demo) -> Ran:
    """A FAIL, of two agents, whose test needs a variable."""
    scenarios = {"load": arrivals("{{ env.RATE }}", f"{SECONDS}s", "/fast")}
    thresholds = {"http_req_duration": ["p(95) < 1us"], "http_req_failed": ["rate < 1%"]}
    test = write_test(shared_groundswell.folder, _demo.url, scenarios, thresholds=thresholds)
    hdr = shared_groundswell.folder / "hdr"
    return shared_groundswell.run(
        test, "-e", f"RATE={RATE}/s", "--hdr", hdr, "--label", "build=7", agents=2
    )


def ask(groundswell: Groundswell, *words: str, **env: str) -> str:
    done = groundswell(*words, env=env)
    assert done.exit_code == 0, done
    return done.stdout


def test_the_verdict_of_the_store_is_the_runs_and_so_is_its_exit_code(
    ran: Ran, shared_groundswell: Groundswell
) -> None:
    for done in (
        shared_groundswell("verdict", "last", "-e", "RATE=50/s"),
        shared_groundswell("verdict", ran.summary.run[:-2], env={"RATE": "50/s"}),
    ):
        assert (done.exit_code, ran.exit_code) == (99, 99)
        assert done.stdout.splitlines()[1] == "  ✗ FAIL  e2e"
        assert "✗ 'p(95) < 1us'" in done.stdout
        assert "This is what the run said at its end." in done.stdout
        assert done.stderr == ""


def test_a_script_is_told_whether_the_verdicts_agree(
    ran: Ran, shared_groundswell: Groundswell
) -> None:
    done = shared_groundswell("verdict", "last", "--json", "-e", "RATE=50/s")
    answer = json.loads(done.stdout)
    assert done.exit_code == 99
    assert (answer["verdict"], answer["stored_verdict"], answer["agrees"]) == ("FAIL", "FAIL", True)
    assert answer["run"] == ran.summary.run
    assert [one["code"] for one in answer["reasons"]] == ["threshold_failed"]


def test_a_verdict_without_the_variables_of_the_test_is_an_error(
    ran: Ran, shared_groundswell: Groundswell
) -> None:
    done = shared_groundswell("verdict", "last")
    assert done.exit_code == 104
    assert "env.RATE" in done.stderr


def test_a_part_of_the_run_is_shown_by_its_seconds(
    ran: Ran, shared_groundswell: Groundswell
) -> None:
    def requests(*words: str) -> int:
        part = json.loads(ask(shared_groundswell, "show", "last", "--json", *words))
        assert part["verdict"] is None
        return int(part["metrics"]["http_reqs"]["values"]["count"])

    first, rest = requests("--to", "1s"), requests("--from", "1s")
    assert first + rest == ran.count("http_reqs")
    assert requests("--from", "1s", "--to", "3s") <= rest
    text = ask(shared_groundswell, "show", "last", "--from", "1s", "--to", "2s")
    assert "seconds 1 to 2 of " in text


@pytest.mark.parametrize(
    ("words", "exit_code", "message"),
    [
        (("--from", "2s", "--to", "1s"), 2, "--to is not after --from"),
        (("--from", "1"), 2, "unit"),
        (("--from", "1m"), 1, "not all of the run"),
    ],
)
def test_what_is_no_part_of_the_run_is_refused(
    ran: Ran,
    shared_groundswell: Groundswell,
    words: tuple[str, ...],
    exit_code: int,
    message: str,
) -> None:
    done = shared_groundswell("show", "last", *words)
    assert done.exit_code == exit_code, done
    assert message in done.stderr


def test_the_logs_of_the_run_hold_its_histograms_for_all_and_for_each_agent(
    ran: Ran, shared_groundswell: Groundswell
) -> None:
    folder = shared_groundswell.folder / "hdr"
    assert sorted(path.name for path in folder.iterdir()) == [
        "agent-1.hlog",
        "agent-2.hlog",
        "merged.hlog",
    ]
    counts = {path.stem: _durations(path) for path in folder.iterdir()}
    assert counts["merged"] == ran.summary.metrics["http_req_duration"].values["count"]
    assert counts["agent-1"] + counts["agent-2"] == counts["merged"]


def _durations(path: Path) -> int:
    """How many samples of http_req_duration a log holds, by the library's own reader."""
    reader: Any = HistogramLogReader(str(path), HdrHistogram(1, 3_600_000_000, 3))
    counts: list[int] = []
    try:
        while (histogram := reader.get_next_interval_histogram()) is not None:
            if histogram.get_tag().startswith("http_req_duration{"):
                counts.append(histogram.get_total_count())
    finally:
        reader.close()
    return sum(counts)


def test_a_run_is_carried_to_another_machine_whole(
    ran: Ran, shared_groundswell: Groundswell, tmp_path: Path
) -> None:
    there = Groundswell(tmp_path)
    file = tmp_path / "run.groundswell"
    run = ran.summary.run

    assert shared_groundswell("export", "last", file).exit_code == 0
    assert ask(there, "import-run", str(file)) == f"{run}\n"

    assert ask(there, "show", "last") == ran.stdout
    assert there("verdict", run, "-e", "RATE=50/s").exit_code == 99
    for words in (("runs", "--json"), ("show", run, "--from", "1s", "--to", "2s")):
        assert ask(there, *words) == ask(shared_groundswell, *words)
    # Once more does no harm.
    assert ask(there, "import-run", str(file)) == f"{run}\n"


def test_a_deleted_run_is_gone(
    ran: Ran, groundswell: Groundswell, shared_groundswell: Groundswell, tmp_path: Path
) -> None:
    file = tmp_path / "run.groundswell"
    run = ran.summary.run
    assert shared_groundswell("export", run, file).exit_code == 0
    assert groundswell("import-run", file).exit_code == 0

    refused = groundswell("delete", "last")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr == f"error: 'last' is not the whole id of a run\nhint: say {run}\n"

    assert groundswell("delete", run).exit_code == 0
    assert json.loads(ask(groundswell, "runs", "--json")) == []
    assert groundswell("show", run).exit_code == 1


def test_a_file_that_is_no_run_is_refused_and_one_that_cannot_be_written_too(
    ran: Ran, shared_groundswell: Groundswell, tmp_path: Path
) -> None:
    nonsense = tmp_path / "nonsense"
    nonsense.write_text("nonsense")
    refused = shared_groundswell("import-run", nonsense)
    assert refused.exit_code == 1
    assert "hint: " in refused.stderr

    unwritten = shared_groundswell("export", "last", tmp_path / "nowhere" / "run")
    assert unwritten.exit_code == 1
    assert unwritten.stderr.startswith("error: cannot write")
    assert shared_groundswell("export", "nobody", tmp_path / "run").exit_code == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["nonsense"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("run", "t.yaml", "-l", "zone=a"), "--selector chooses among a coordinator's agents"),
        (("run", "t.yaml", "--detach"), "--detach needs a --coordinator"),
        (("run", "t.yaml", "-l", "zone"), "'zone' is not K=V"),
        (("run", "t.yaml", "--wait", "5"), "unit"),
        (("agents",), "Give --coordinator HOST:PORT, or set GROUNDSWELL_COORDINATOR."),
        (("watch", "last"), "Give --coordinator HOST:PORT, or set GROUNDSWELL_COORDINATOR."),
        (("stop", "run"), "Give --coordinator HOST:PORT, or set GROUNDSWELL_COORDINATOR."),
        (("runs", "--coordinator", "nonsense"), "'nonsense' is no HOST:PORT"),
    ],
)
def test_wrong_usage_says_what_is_missing(
    groundswell: Groundswell, words: tuple[str, ...], message: str
) -> None:
    (groundswell.folder / "t.yaml").write_text("test: t")
    where = [str(groundswell.folder / "t.yaml") if word == "t.yaml" else word for word in words]
    done = groundswell(*where)
    assert done.exit_code == 2, done
    assert message in " ".join(done.stderr.split())
