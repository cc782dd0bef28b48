from __future__ import annotations

import io
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from groundswell.v1.control_pb2 import (
    RUN_STATE_RUNNING,
    RUN_STATE_WAITING,
    AgentState,
    Notice,
    Progress,
    StateChanged,
    ThresholdState,
)
from groundswell_coordinator.report.live import LiveView
from groundswell_coordinator.report.live_frame import frame, plain_line

if TYPE_CHECKING:
    from collections.abc import Callable

PASSING = ThresholdState.STANDING_PASSING
FAILING = ThresholdState.STANDING_FAILING
NO_SAMPLES = ThresholdState.STANDING_NO_SAMPLES


def agents(count: int, ill: int = 0) -> list[AgentState]:
    return [
        AgentState(
            name=f"agent-{number}",
            health="ok" if number < count - ill else "saturated",
            cpu=0.61,
            send_lag_p99_ms=0.8,
            loop_lag_p99_ms=0.4,
        )
        for number in range(count)
    ]


def progress(
    elapsed_s: float = 130,
    standing: ThresholdState.Standing.ValueType = PASSING,
    count: int = 2,
    ill: int = 0,
) -> Progress:
    return Progress(
        elapsed_s=elapsed_s,
        planned_duration_s=660,
        planned_rate=500,
        achieved_rate=498.23,
        request_rate=996.46,
        vus=120,
        p50_ms=1.02,
        p95_ms=2.2,
        p99_ms=6.01,
        requests=62_345,
        failed=3,
        thresholds=[
            ThresholdState(metric="checks", expression="rate > 99%", standing=PASSING),
            ThresholdState(
                metric="http_req_duration",
                expression="p(95) < 300ms",
                standing=standing,
                shown="p(95)=310.2ms",
            ),
        ],
        agents=agents(count, ill),
    )


def text_of(progress: Progress | None, height: int = 50) -> str:
    lines = frame("checkout", "running", progress, height)
    return "\n".join(line.plain.rstrip() for line in lines)


class View:
    """A live view on a console without a terminal, with a clock that a test turns."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.now = 0.0
        self.file = io.StringIO()
        console = Console(file=self.file, width=200)
        self.view = LiveView("checkout", console=console, quiet=quiet, clock=lambda: self.now)

    def lines(self) -> list[str]:
        return self.file.getvalue().splitlines()


def test_the_frame_shows_all_that_matters() -> None:
    expected = """
  checkout  running
  ━━━━━━━━────────────────────────────────  2m10s / 11m0s  20%

    iterations  498.2/s of 500/s planned
    requests    996.5/s
    VUs         120
    latency     p50 1.02ms  p95 2.2ms  p99 6.01ms
    failed      0.005%  3 of 62345 requests

  thresholds
    ✗ http_req_duration  p(95) < 300ms  p(95)=310.2ms
    ✓ checks  rate > 99%

  agents
    ✗ agent-1  cpu  61%  send lag p99   800µs  loop lag p99   400µs  saturated
    ✓ agent-0  cpu  61%  send lag p99   800µs  loop lag p99   400µs
"""
    assert text_of(progress(standing=FAILING, ill=1)) == expected


def test_before_the_first_interval_there_is_a_head_only() -> None:
    assert text_of(None) == "\n  checkout  running\n"


def test_many_agents_are_cut_after_ten_with_those_not_well_first() -> None:
    text = text_of(progress(count=50, ill=2))
    assert text.count("agent-") == 10
    assert text.index("✗ agent-48") < text.index("✗ agent-49") < text.index("✓ agent-0")
    assert "and 40 more, all healthy" in text


def test_agents_not_well_that_are_cut_are_not_called_healthy() -> None:
    text = text_of(progress(count=50, ill=30))
    assert "and 40 more" in text
    assert "healthy" not in text


def test_an_agent_that_has_left_in_order_is_well() -> None:
    picture = progress()
    picture.agents[0].health = "left"
    assert "✓ agent-0" in text_of(picture)
    assert text_of(picture).rstrip().splitlines()[-2].endswith("400µs  left")
    assert "not healthy" not in plain_line(picture)


@pytest.mark.parametrize("height", [20, 24, 30, 50])
def test_the_frame_fits_its_terminal(height: int) -> None:
    assert len(text_of(progress(count=50), height).split("\n")) <= height


def test_without_a_planned_end_there_is_no_bar() -> None:
    endless = progress()
    endless.planned_duration_s = 0
    assert "  2m10s\n" in text_of(endless)
    assert "━" not in text_of(endless)


def test_without_a_planned_rate_only_the_achieved_one_is_shown() -> None:
    closed = progress()
    closed.planned_rate = 0
    assert "iterations  498.2/s\n" in text_of(closed)


def test_latencies_beyond_the_range_say_so() -> None:
    slow = progress()
    slow.p99_ms = 3_600_000
    assert "p99 ≥ 1h" in text_of(slow)


def test_drops_are_shown_once_there_are_some() -> None:
    dropping = progress()
    dropping.dropped = 12
    assert "dropped     12 iterations" in text_of(dropping)
    assert "dropped 12" in plain_line(dropping)


def test_what_comes_after_the_planned_end_is_called_by_its_name() -> None:
    assert plain_line(progress(elapsed_s=663)).startswith("11m0s + 3s graceful stop  ")


def test_without_any_duration_there_is_no_latency() -> None:
    nothing_yet = progress()
    nothing_yet.p50_ms = nothing_yet.p95_ms = nothing_yet.p99_ms = 0
    assert "p50 -  p95 -  p99 -" in plain_line(nothing_yet)


def test_elsewhere_there_is_a_line_every_five_seconds() -> None:
    shown = View()
    for second in range(12):
        shown.now = float(second)
        shown.view.progress(progress(elapsed_s=second))
    assert [line.split(" ")[0] for line in shown.lines()] == ["0s", "5s", "10s"]
    assert shown.lines()[1] == (
        "5s / 11m0s  iterations 498.2/s of 500/s planned  requests 996.5/s  VUs 120  "
        "p50 1.02ms  p95 2.2ms  p99 6.01ms  failed 0.005%  ✓ 2 thresholds"
    )


def test_states_and_notices_are_shown_at_once() -> None:
    shown = View()
    shown.view.state(StateChanged(state=RUN_STATE_WAITING, message="for 2 more agents"))
    shown.view.state(StateChanged(state=RUN_STATE_RUNNING))
    shown.view.notice(Notice(code="agent_lost", message="agent-2 is gone\nfor good"))
    shown.view.notice(Notice(message="a word"))
    assert shown.lines() == [
        "checkout: waiting: for 2 more agents",
        "checkout: running",
        "agent_lost: agent-2 is gone for good",
        "a word",
    ]


def test_what_a_run_waits_for_is_one_line_and_the_same_is_not_said_twice() -> None:
    view = View()
    line = "waiting for 3 agents: 1 free, 0 busy"
    for message in ("", line, line, "waiting for 3 agents: 2 free, 0 busy"):
        view.view.state(StateChanged(state=RUN_STATE_WAITING, message=message))
    view.view.state(StateChanged(state=RUN_STATE_RUNNING, message="again"))
    assert view.lines() == [
        "checkout: waiting",
        "checkout: waiting for 3 agents: 1 free, 0 busy",
        "checkout: waiting for 3 agents: 2 free, 0 busy",
        "checkout: running: again",
    ]


def test_a_threshold_that_changes_sides_is_shown_at_once() -> None:
    shown = View()
    for standing in (NO_SAMPLES, PASSING, FAILING, FAILING, PASSING):
        shown.now += 0.1
        shown.view.progress(progress(standing=standing))
    assert [line for line in shown.lines() if line[0] in "✓✗"] == [
        "✗ http_req_duration: p(95) < 300ms  p(95)=310.2ms",
        "✓ http_req_duration: p(95) < 300ms  p(95)=310.2ms",
    ]


def test_quiet_shows_errors_only() -> None:
    shown = View(quiet=True)
    shown.view.state(StateChanged(state=RUN_STATE_RUNNING))
    shown.view.progress(progress(standing=FAILING))
    shown.view.notice(Notice(code="name_other", message="too many names"))
    shown.view.notice(Notice(code="store_failed", message="the disk is full"))
    shown.view.close()
    assert shown.lines() == ["store_failed: the disk is full"]


def on_a_terminal(act: Callable[[LiveView], None]) -> str:
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=80, height=40, color_system=None)
    view = LiveView("checkout", console=console)
    act(view)
    view.close()
    view.close()
    return file.getvalue()


def test_a_terminal_is_drawn_anew_and_left_clean() -> None:
    def act(view: LiveView) -> None:
        view.state(StateChanged(state=RUN_STATE_RUNNING))
        view.progress(progress())
        view.notice(Notice(code="agent_lost", message="agent-2 is gone"))

    text = on_a_terminal(act)
    assert "checkout  running" in text
    assert "agent_lost: agent-2 is gone" in text
    hide, show = "\x1b[?25l", "\x1b[?25h"
    assert text.startswith(hide)
    assert show in text
    assert text.rindex("\x1b[2K") > text.rindex("send lag")


def test_names_cannot_steer_the_terminal() -> None:
    nasty = progress()
    nasty.agents[0].name = "\x1b[2Jagent"
    nasty.agents[1].name = "[bold]agent[/bold]"
    text = on_a_terminal(lambda view: view.progress(nasty))
    assert "�[2Jagent" in text
    assert "[bold]agent[/bold]" in text


@pytest.mark.parametrize("is_terminal", [False, True])
def test_a_closed_stderr_is_no_reason_to_end(is_terminal: bool) -> None:
    before = sys.stderr
    file = io.StringIO()
    view = LiveView("checkout", console=Console(file=file, force_terminal=is_terminal))
    view.progress(progress())
    file.close()
    for _ in range(2):
        view.progress(progress(elapsed_s=200, standing=FAILING))
        view.notice(Notice(code="agent_lost", message="agent-2 is gone"))
    view.close()
    assert sys.stderr is before


def test_a_broken_pipe_is_no_reason_to_end() -> None:
    script = """
from groundswell.v1.control_pb2 import Notice
from groundswell_coordinator.report.live import LiveView
view = LiveView("checkout")
for _ in range(3):
    view.notice(Notice(code="agent_lost", message="agent-2 is gone"))
view.close()
print("still here", flush=True)
"""
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "wb") as broken:
        done = subprocess.run(
            [sys.executable, "-c", script], check=False, stdout=subprocess.PIPE, stderr=broken
        )
    assert done.stdout == b"still here\n"
