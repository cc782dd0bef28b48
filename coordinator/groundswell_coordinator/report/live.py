"""What a person sees of a run: a live view on a terminal, lines elsewhere, errors when quiet.

Everything is drawn in the caller's thread when an event comes, once a second: no thread and no
timer of its own.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from rich.live import Live
from rich.text import Text

from groundswell.v1 import control_pb2
from groundswell_coordinator.report.lines import BAD, DOUBTFUL, is_ascii_only, joined
from groundswell_coordinator.report.live_frame import frame, plain_line, threshold_line
from groundswell_coordinator.report.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

_LINE_EVERY_S = 5.0

# Notices that `--quiet` does not silence: the run will not come to what was asked for.
_ERRORS = frozenset(
    ("agent_lost", "agent_refused", "internal", "no_agents", "store_failed", "coordinator_lost")
)


class LiveView:
    """Feed it a run's events; close it before anything else is printed.

    Showing a run must never end it: when stderr cannot be written to, the view goes silent.
    """

    def __init__(
        self,
        title: str,
        *,
        console: Console | None = None,
        quiet: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.title = title
        self._console = console or Terminal(stderr=True, highlight=False, markup=False)
        self._quiet = quiet
        self._clock = clock
        self._state = ""
        self._progress: control_pb2.Progress | None = None
        self._standing: dict[tuple[str, str], int] = {}
        self._next_line_at = clock()
        self._silent = False
        self._ascii_only = is_ascii_only(self._console)
        self._live = self._open_live() if self._console.is_terminal and not quiet else None

    def state(self, change: control_pb2.StateChanged) -> None:
        if change.state == control_pb2.RUN_STATE_CLOSED:
            # Its last seconds are still to come, and then the summary says so.
            return
        name = control_pb2.RunState.Name(change.state).removeprefix("RUN_STATE_")
        name = name.replace("_", " ").lower()
        # What is waited for says so itself.
        says_so = change.message.startswith(name)
        state = change.message if says_so else f"{name}: {change.message}".removesuffix(": ")
        if state == self._state:
            return
        self._state = state
        if self._live is not None:
            self._draw()
        elif not self._quiet:
            self._print(Text(f"{self.title}: {self._state}"))

    def progress(self, progress: control_pb2.Progress) -> None:
        self._progress = progress
        if self._live is not None:
            self._draw()
        elif not self._quiet:
            self._print_progress(progress)

    def notice(self, notice: control_pb2.Notice) -> None:
        """At once, above the live view."""
        is_error = notice.code in _ERRORS
        if is_error or not self._quiet:
            style = BAD if is_error else DOUBTFUL
            code = (f"{notice.code}: ", style) if notice.code else ""
            self._print(Text.assemble(code, " ".join(notice.message.split())))

    def close(self) -> None:
        """Take the live view off the terminal and give the cursor back. May be called twice."""
        live, self._live = self._live, None
        if live is not None:
            # Even when nothing can be drawn: it has put itself before sys.stderr.
            with suppress(OSError, ValueError):
                live.stop()

    def _open_live(self) -> Live | None:
        live = Live(
            console=self._console, auto_refresh=False, transient=True, redirect_stdout=False
        )
        self._guarded(live.start)
        return None if self._silent else live

    def _draw(self) -> None:
        live = self._live
        if live is not None:
            picture = self._shown(
                frame(self.title, self._state, self._progress, self._console.height)
            )
            picture.no_wrap, picture.overflow = True, "ellipsis"
            self._guarded(lambda: live.update(picture, refresh=True))

    def _print_progress(self, progress: control_pb2.Progress) -> None:
        """A line every five seconds, and one for each threshold that changes sides."""
        for threshold in filter(_is_judged, progress.thresholds):
            key = (threshold.metric, threshold.expression)
            before = self._standing.get(key, control_pb2.ThresholdState.STANDING_PASSING)
            self._standing[key] = threshold.standing
            if before != threshold.standing:
                self._print(Text(threshold_line(threshold)))
        if self._clock() >= self._next_line_at:
            self._next_line_at = self._clock() + _LINE_EVERY_S
            self._print(Text(plain_line(progress)))

    def _print(self, line: Text) -> None:
        shown = self._shown([line])
        self._guarded(lambda: self._console.print(shown, soft_wrap=True))

    def _shown(self, lines: list[Text]) -> Text:
        return joined(lines, ascii_only=self._ascii_only)

    def _guarded(self, draw: Callable[[], object]) -> None:
        if self._silent:
            return
        try:
            draw()
        except (OSError, ValueError):
            # A closed pipe or file; ValueError is what Python says of the latter.
            self._silent = True


def _is_judged(threshold: control_pb2.ThresholdState) -> bool:
    """Whether it says something: "no samples yet" is how every threshold begins."""
    return threshold.standing in (
        control_pb2.ThresholdState.STANDING_PASSING,
        control_pb2.ThresholdState.STANDING_FAILING,
    )
