"""Exceptions that ended iterations: counted, and told once for each line that raises them.

What they say may hold what the test knows of its environment; that is never told.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from groundswell.script.http import ResponseError
from groundswell.script.trace import first_of, place_of, told
from groundswell_agent.script.note import Note

if TYPE_CHECKING:
    from groundswell_agent.engine.scenario_load import ScenarioLoad
    from groundswell_agent.recording.meters import Counter
    from groundswell_agent.script.script import Script
    from groundswell_agent.script.vu import ScriptVu

# Lines that raise; of a test with more, the rest goes without a name.
_MOST = 20
_OTHER = "other"


class Faults:
    """Of one scenario."""

    def __init__(self, load: ScenarioLoad, script: Script) -> None:
        self._load = load
        self._script = script
        self._files = script.files
        self._counters: dict[tuple[str, str, bool], Counter] = {}

    def note(self, error: BaseException, face: ScriptVu) -> None:
        """An iteration ends by this exception."""
        error = first_of(error)
        if self._load.trace is not None:
            self._load.trace.fault(self._said(error))
            return
        # A function that stumbles over a failed response is not broken itself.
        by_response = face.saw_failure or isinstance(error, ResponseError)
        key = type(error).__name__, self._line(error), by_response
        counter = self._counters.get(key)
        if counter is None:
            counter = self._counters[key] = self._open(error, face, key)
        counter.count(monotonic())

    def _open(self, error: BaseException, face: ScriptVu, key: tuple[str, str, bool]) -> Counter:
        kind, line, by_response = key
        if len(self._counters) >= _MOST:
            kind, line = _OTHER, _OTHER
        else:
            self._tell(error, face)
        tags = {**self._load.tags, "exception": kind, "at": line}
        if by_response:
            tags["cause"] = "response"
        return self._load.recorder.counter("failed_iterations", tags)

    def _tell(self, error: BaseException, face: ScriptVu) -> None:
        place = place_of(error, self._files)
        who = f"scenario {self._load.name}, VU {face.number}, its iteration {face.iteration}"
        self._script.note(Note("exception", f"{self._said(error)} ({who})", str(place)))

    def _said(self, error: BaseException) -> str:
        place = place_of(error, self._files)
        where = f"{place}: " if place is not None else ""
        return f"{where}{self._script.without_secrets(told(error))}"

    def _line(self, error: BaseException) -> str:
        """The innermost line of the test's own, without looking at any source."""
        found, trace = "", error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename in self._files:
                found = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
            trace = trace.tb_next
        return found
