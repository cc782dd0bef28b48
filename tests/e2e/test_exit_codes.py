"""The exit code of a run tells a script what became of it; before an invalid one, no load."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.writing import arrivals, iterations, write_test

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.commands import Groundswell, Ran
    from tests.e2e.demo import Demo

_INVALID = """\
test: invalid
target: TARGET
scenarios:
  one:
    executor: constant-arrival-rate
    rate: 10
    duration: 1m
    maxVUs: 5
    steps:
      - get: /
      - pause: 1
  two:
    executor: constant-vuss
    steps: []
thresholds:
  http_req_duration: [p(95) < 300 parsecs]
"""


def _judged(folder: Path, demo: Demo, *thresholds: str) -> Path:
    scenarios = {"load": iterations(10, "/status/503")}
    return write_test(folder, demo.url, scenarios, thresholds={"http_req_failed": list(thresholds)})


@pytest.mark.slow
def test_a_run_with_a_failed_threshold_exits_99_and_names_it(
    groundswell: Groundswell, demo: Demo
) -> None:
    ran = groundswell.run(_judged(groundswell.folder, demo, "rate < 1%", "rate > 0"))

    assert (ran.exit_code, ran.summary.exit_code, ran.summary.verdict) == (99, 99, "FAIL")
    assert [one.ok for one in ran.summary.thresholds] == [False, True]
    assert ran.codes == ("threshold_failed",)
    assert "http_req_failed: rate < 1%" in ran.stdout


def _without_samples(groundswell: Groundswell, demo: Demo, *words: str) -> Ran:
    thresholds = {"http_req_duration{name:nobody}": ["p(95) < 1s"]}
    test = write_test(groundswell.folder, demo.url, {"load": iterations(2)}, thresholds=thresholds)
    return groundswell.run(test, *words)


def test_a_run_that_had_nothing_to_judge_exits_96(groundswell: Groundswell, demo: Demo) -> None:
    ran = _without_samples(groundswell, demo)

    assert (ran.exit_code, ran.summary.verdict, ran.codes) == (96, "INCONCLUSIVE", ("no_samples",))
    assert ran.summary.thresholds[0].ok is None
    assert "http_req_duration{name:nobody}" in ran.stdout


@pytest.mark.slow
def test_an_inconclusive_run_exits_0_where_that_is_to_be_a_warning(
    groundswell: Groundswell, demo: Demo
) -> None:
    ran = _without_samples(groundswell, demo, "--inconclusive", "warn")

    assert (ran.exit_code, ran.summary.verdict) == (0, "INCONCLUSIVE")
    assert "no_samples" in ran.stdout


def test_an_invalid_test_exits_104_with_all_its_problems_and_sends_nothing(
    groundswell: Groundswell, demo: Demo
) -> None:
    test = groundswell.folder / "invalid.yaml"
    test.write_text(_INVALID.replace("TARGET", demo.url))

    done = groundswell("run", test)

    assert done.exit_code == 104, done
    assert done.stdout == ""
    for line, word in ((6, "rate"), (8, "max_vus"), (11, "pause"), (13, "constant-vus"), (16, "")):
        assert any(
            problem.startswith(f"{test}:{line}:") and word in problem
            for problem in done.stderr.splitlines()
        ), f"nothing said of line {line}: {done}"
    assert demo.requests() == 0
    groundswell.assert_nothing_is_left()


def test_a_missing_file_exits_104_and_says_which(groundswell: Groundswell) -> None:
    done = groundswell("run", "nowhere.yaml")

    assert done.exit_code == 104
    assert "nowhere.yaml" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_variable_that_is_not_set_exits_104_and_sends_nothing(
    groundswell: Groundswell, demo: Demo
) -> None:
    headers = {"headers": {"Authorization": "{{ env.GROUNDSWELL_E2E_UNSET }}"}}
    test = write_test(groundswell.folder, demo.url, {"load": iterations(2)}, defaults=headers)

    done = groundswell("run", test)

    assert done.exit_code == 104
    assert "GROUNDSWELL_E2E_UNSET" in done.stderr
    assert demo.requests() == 0


def test_a_test_from_standard_input_runs_with_the_variables_and_the_target_of_the_command_line(
    groundswell: Groundswell, demo: Demo
) -> None:
    scenarios = {"load": iterations(3, "/status/{{ env.CODE }}{{ env.MORE | default('1') }}")}
    text = write_test(groundswell.folder, "http://127.0.0.1:1", scenarios).read_text()

    ran = groundswell.run(
        "-", "-e", "CODE=20", "--target", demo.url, stdin=text, env={"CODE": "50"}
    )

    assert (ran.exit_code, ran.summary.verdict) == (0, "PASS"), ran
    assert ran.count("http_reqs") == demo.requests() == 3
    assert demo.statuses_of("/status/{code}") == {"201": 3}


def test_dropped_arrivals_without_a_threshold_on_them_leave_no_pass(
    groundswell: Groundswell, demo: Demo
) -> None:
    # Two users of 0.4 seconds each cannot carry 80 arrivals a second.
    scenario = arrivals("80/s", "1s", "/slow?ms=400", max_vus=2)
    thresholds = {"http_req_failed": ["rate == 0"]}
    test = write_test(groundswell.folder, demo.url, {"load": scenario}, thresholds=thresholds)

    ran = groundswell.run(test)

    load = ran.summary.scenarios["load"]
    assert load.planned == 80
    assert load.dropped["no_vu"] == ran.count("dropped_iterations") == 80 - load.fired
    assert demo.requests() == ran.count("http_reqs") == load.fired
    assert (ran.exit_code, ran.codes) == (96, ("rate_not_reached",))
    assert [reason.cause for reason in ran.summary.reasons] == ["target"]
