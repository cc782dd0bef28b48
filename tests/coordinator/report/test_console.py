"""The printed summary, held against files that people have read.

`UPDATE_GOLDEN=1 pytest tests/coordinator/report` writes them anew: read the difference before you
commit it.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len

from groundswell_coordinator.report.console import print_summary, render
from groundswell_coordinator.report.sparks import spark
from groundswell_coordinator.report.summary import (
    AgentSummary,
    CheckSummary,
    ReasonSummary,
    ScenarioSummary,
    Summary,
    ThresholdSummary,
)
from tests.coordinator.report.samples import ALL, COURSE, FAILED, INCONCLUSIVE, PASSED, trend

GOLDEN = Path(__file__).with_name("golden")


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "COLORTERM", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def printed(summary: Summary, file: io.StringIO | None = None, *, verbose: bool = False) -> str:
    file = io.StringIO() if file is None else file
    print_summary(summary, file, verbose=verbose)
    return file.getvalue()


def assert_golden(name: str, text: str) -> None:
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ALL)
def test_the_summary_reads_as_in_its_golden_file(name: str) -> None:
    assert_golden(name, printed(ALL[name]))


def test_the_skew_is_told_from_five_milliseconds_on_and_always_when_verbose() -> None:
    agent = PASSED.agents[0]
    for skew_ms, is_told in ((-4.9, False), (5.1, True), (-5.1, True)):
        summary = replace(PASSED, agents=(agent, replace(agent, name="late", skew_ms=skew_ms)))
        told = f"skew ≤ {abs(skew_ms)}ms"
        assert (told in printed(summary)) == is_told
        assert told in printed(summary, verbose=True)


def test_verbose_shows_every_metric_and_every_agent() -> None:
    assert_golden("pass_verbose", printed(PASSED, verbose=True))


def test_a_wide_terminal_shows_how_trends_are_distributed() -> None:
    assert_golden("fail_wide", f"{render(FAILED, width=120).plain}\n")


def test_a_glance_at_the_course_is_blank_where_nothing_was_and_never_where_something_was() -> None:
    assert spark(()) == ""
    assert spark((None, 0.0, 0.001, 500.0, 1000.0)) == " ▁▂▅█"
    assert spark((0.0, 0.0)) == "▁▁"


def test_of_a_very_long_run_the_average_stands_for_the_percentile() -> None:
    course = replace(COURSE, p95_ms=(), failed=(0.0,) * 12, vus=(None,) * 12)
    lines = printed(replace(FAILED, course=course)).splitlines()
    place = next(at for at, line in enumerate(lines) if "TIMELINE" in line)
    assert [line.split()[0] for line in lines[place + 2 : place + 4]] == ["requests/s", "avg"]
    assert lines[place + 4] == ""


@pytest.mark.parametrize("verbose", [False, True])
@pytest.mark.parametrize("name", ALL)
def test_eighty_columns_are_enough(name: str, verbose: bool) -> None:
    lines = printed(ALL[name], verbose=verbose).splitlines()
    assert max(cell_len(line) for line in lines) <= 80
    assert not any(line.endswith(" ") for line in lines)


def test_a_file_gets_no_escape_codes() -> None:
    assert "\x1b" not in printed(FAILED)


def test_a_terminal_gets_colour() -> None:
    text = printed(FAILED, Terminal())
    assert "\x1b[1;31m✗ FAIL" in text
    assert "\x1b[32m✓" in text


def test_no_color_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    text = printed(FAILED, Terminal())
    assert not any(f"{colour}m" in text for colour in (31, 32, 33))
    assert "✗ FAIL" in text


def test_a_terminal_without_other_letters_gets_ascii() -> None:
    bytes_ = io.BytesIO()
    with io.TextIOWrapper(bytes_, encoding="ascii") as file:
        print_summary(FAILED, file)
        file.flush()
        text = bytes_.getvalue().decode("ascii")
    assert "x FAIL  checkout" in text
    assert "212.4us" in text
    wide = printed(FAILED)
    assert [len(line) for line in text.splitlines()] == [len(line) for line in wide.splitlines()]


def test_names_cannot_steer_the_terminal() -> None:
    nasty = replace(
        PASSED,
        test="\x1b]0;title\x07check\nout",
        checks=(CheckSummary("\x1b[2J\x9b31mclear", 630_600, 0),),
    )
    lines = render(nasty).plain.splitlines()
    assert not any(ord(letter) < 32 or 0x7F <= ord(letter) < 0xA0 for letter in "".join(lines))
    assert any("�[2J�31mclear" in line for line in lines)
    assert len(lines) == len(render(PASSED).plain.splitlines()) - 1


def test_a_reader_that_goes_away_does_not_change_the_exit_code() -> None:
    script = """
import sys
from groundswell_coordinator.report.console import print_summary
from tests.coordinator.report.samples import PASSED
for _ in range(50):
    print_summary(PASSED)
sys.exit(99)
"""
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "wb") as broken:
        done = subprocess.run(
            [sys.executable, "-c", script], check=False, stdout=broken, stderr=subprocess.PIPE
        )
    assert (done.returncode, done.stderr) == (99, b"")


def test_square_brackets_are_no_markup() -> None:
    summary = replace(PASSED, checks=(CheckSummary("[red]price[/red]", 630_600, 0),))
    assert "[red]price[/red]" in printed(summary)


def test_a_name_too_long_for_its_column_has_its_own_line() -> None:
    key = "http_req_duration{name:a rather long name of a step,scenario:browse}"
    summary = replace(PASSED, metrics={**PASSED.metrics, key: trend(1, 1, 1, 1, 1, 1, 1, 1)})
    lines = printed(summary).splitlines()
    place = lines.index("      {name:a rather long name of a step,scenario:browse}")
    assert lines[place + 1].startswith("      .........................:     1ms     1ms")
    assert cell_len(lines[place + 1]) == 80


def test_wide_terminals_give_long_names_their_room() -> None:
    key = "http_req_duration{name:a rather long name of a step}"
    summary = replace(PASSED, metrics={**PASSED.metrics, key: trend(1, 1, 1, 1, 1, 1, 1, 1)})
    text = render(summary, width=120).plain
    assert "      {name:a rather long name of a step}..:     1ms" in text
    assert "    http_reqs..............................: 630600   955.5/s" in text


def test_a_reason_names_its_agent_once() -> None:
    reasons = (
        ReasonSummary("agent_lost", "agent-2 was lost", agent="agent-2"),
        ReasonSummary("agent_saturated", "send lag was 9ms", agent="agent-3"),
    )
    text = printed(replace(INCONCLUSIVE, reasons=reasons))
    assert "? agent_lost: agent-2 was lost\n" in text
    assert "? agent_saturated: agent-3: send lag was 9ms\n" in text


def test_closed_executors_are_named_with_what_they_cannot_do() -> None:
    scenarios = {
        "open": ScenarioSummary("constant-arrival-rate", 10, 10),
        "users": ScenarioSummary("ramping-vus", None, 10),
        "jobs": ScenarioSummary("shared-iterations", 10, 10),
    }
    text = printed(replace(PASSED, scenarios=scenarios))
    assert "Closed executors (users, jobs) wait for the target" in text
    assert "Closed executors" not in printed(PASSED)


def test_many_agents_that_are_not_well_are_not_all_listed() -> None:
    agents = tuple(AgentSummary(f"agent-{n}", 1, 20.0, 0.5, 0.2) for n in range(40))
    text = printed(replace(PASSED, agents=agents))
    assert "40 of 40 not healthy" in text
    assert text.count("! agent-") == 10
    assert "and 30 more like these" in text


def test_a_run_without_any_number_still_has_its_verdict() -> None:
    bare = replace(
        INCONCLUSIVE, agents=(), scenarios={}, metrics={}, thresholds=(), checks=(), errors=()
    )
    text = printed(replace(bare, started_at=None))
    assert "? INCONCLUSIVE  checkout" in text
    assert "TOTAL RESULTS" not in text


@pytest.mark.parametrize(
    ("metric", "expression", "value", "shown"),
    [
        ("http_req_duration", "avg<=1s", 1500.0, "avg=1.5s"),
        ("http_reqs", "count > 10", 12, "count=12"),
        ("http_reqs", "rate > 10", 12.5, "rate=12.5/s"),
        ("data_received", "count < 1MB", 2_000_000, "count=2000000"),
        ("data_received", "rate < 1MB", 2_000_000.0, "rate=2.0 MB/s"),
        ("vus", "value >= 3", 4, "value=4"),
        ("group_duration", "p(99.9) < 1s", 20.0, "p(99.9)=20ms"),
        ("iteration_duration", "med != 3", 3.0, "med=3ms"),
    ],
)
def test_a_threshold_shows_its_value_in_its_unit(
    metric: str, expression: str, value: float, shown: str
) -> None:
    summary = replace(PASSED, thresholds=(ThresholdSummary(metric, expression, True, value),))
    assert f"✓ '{expression}' {shown}\n" in printed(summary)
