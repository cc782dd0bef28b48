"""Setup and teardown: what one agent does once, before the load and after it, in no metric.

    work: PhaseWork = StepsPhase(…)          a YAML test's; a script has its own
    performed = await Performance(work, Kind.SETUP, phase.timeout).run()

What setup gives goes to all agents as JSON, and from there into `SetupResult`, which every VU reads.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import Enum
from time import monotonic_ns
from typing import TYPE_CHECKING, Protocol, cast

import msgspec

from groundswell.errors import ProtocolViolation
from groundswell.units import format_duration
from groundswell.wire import MAX_SETUP_RESULT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

    from groundswell_agent.engine.virtual_user import VirtualUser


class Kind(Enum):
    SETUP = "setup"
    TEARDOWN = "teardown"


class PhaseFailed(Exception):  # what it says, and not an error of ours
    """The phase has not come to what the test wants. The message is for people.

    `failure` is "exception" for one in a script.
    """

    def __init__(self, message: str, hint: str = "", failure: str = "failed") -> None:
        super().__init__(message)
        self.hint = hint
        self.failure = failure


class PhaseWork(Protocol):
    """One phase of a test, ready to be done once."""

    @property
    def requests(self) -> int:
        """How many it has sent so far."""
        ...

    @property
    def place(self) -> str:
        """What it is doing, for people: it may be cut off there. Empty where that is not known."""
        ...

    async def do(self) -> object:
        """Of setup, a value that JSON can hold. Raises PhaseFailed; whatever else it raises is an
        exception in a script. Cancelled where its time is up.
        """
        ...


class SetupResult:
    """What setup gave, for everybody who runs after it; null before, and without one."""

    def __init__(self) -> None:
        self.value: object = None

    def take(self, result: bytes) -> None:
        """As it comes over the wire. ProtocolViolation where it is no JSON."""
        try:
            self.value = msgspec.json.decode(result)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ProtocolViolation(f"a setup's result that is no JSON: {error}") from error

    def take_fields(self) -> Mapping[str, object]:
        value = cast("Mapping[str, object] | None", self.value)
        return value if isinstance(value, dict) else {}


class SetupNames:
    """`{{ setup.NAME }}` for templates."""

    def __init__(self, result: SetupResult) -> None:
        self._result = result

    def take(self, vu: VirtualUser) -> Mapping[str, object]:
        return self._result.take_fields()


@dataclass(frozen=True, slots=True)
class Performed:
    """`failure` is empty where all went well: failed, timeout, exception or lease. `result` is JSON."""

    kind: Kind
    failure: str = ""
    message: str = ""
    hint: str = ""
    requests: int = 0
    took_ns: int = 0
    result: bytes = b""


class Performance:
    """Doing it, once, within `timeout` seconds."""

    def __init__(self, work: PhaseWork, kind: Kind, timeout: Fraction) -> None:
        self._work = work
        self._kind = kind
        self._timeout = timeout
        self._doing: asyncio.Task[object] | None = None

    def break_off(self) -> None:
        """The agent may send nothing more. `run` says so."""
        if self._doing is not None:
            self._doing.cancel()

    async def run(self) -> Performed:
        """Never raises for what the test or its target do."""
        began = monotonic_ns()
        try:
            result, failed = await self._do(), None
        except PhaseFailed as failure:
            result, failed = b"", failure
        took, requests = monotonic_ns() - began, self._work.requests
        if failed is None:
            return Performed(self._kind, requests=requests, took_ns=took, result=result)
        return Performed(self._kind, failed.failure, str(failed), failed.hint, requests, took)

    async def _do(self) -> bytes:
        self._doing = asyncio.create_task(self._work.do())
        limit = asyncio.timeout(float(self._timeout))
        try:
            async with limit:
                value = await self._doing
        except PhaseFailed:
            raise
        except asyncio.CancelledError:
            if (task := asyncio.current_task()) is not None and task.cancelling():
                raise
            message = "the coordinator was not heard for a whole lease"
            raise PhaseFailed(message, failure="lease") from None
        except Exception as error:
            if limit.expired():
                raise self._too_late() from None
            text = f"{type(error).__name__}: {error}"
            raise PhaseFailed(text, failure="exception") from error
        return _encoded(value) if self._kind is Kind.SETUP else b""

    def _too_late(self) -> PhaseFailed:
        where = f": it was at {self._work.place}" if self._work.place else ""
        return PhaseFailed(
            f"it did not end within {format_duration(self._timeout)}{where}",
            f"`{self._kind.value}_timeout` gives it more time",
            "timeout",
        )


def _encoded(value: object) -> bytes:
    try:
        result = msgspec.json.encode(value)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise PhaseFailed(
            f"what it gives cannot be sent to the agents: {error}", "give what JSON can hold"
        ) from None
    if len(result) > MAX_SETUP_RESULT:
        raise PhaseFailed(
            f"what it gives is {len(result) / 1024:.0f} KiB of JSON, and goes to every agent:"
            f" at most {MAX_SETUP_RESULT // 1024} KiB",
            "give less: ids instead of what they stand for",
        )
    return result
