"""What `groundswell run --once` tells, one JSON object a line: an agent's process writes it, people and
scripts read it.

    {"event": "request", "name": "log in", "method": "POST", "url": "https://…", …}

Known secrets are not in it any more: see groundswell_agent.once.masking.
"""

from __future__ import annotations

from typing import Literal

import msgspec

PhaseName = Literal["setup", "scenario", "teardown"]
Headers = list[tuple[str, str]]


class Event(msgspec.Struct, tag_field="event", tag=str.lower, frozen=True):
    """The root. `event` is the class's name in lower case."""


class Body(msgspec.Struct, frozen=True):
    """`text` is without its Content-Encoding, and null where it is none. `bytes` is how many came or went."""

    bytes: int
    text: str | None
    truncated: bool = False
    note: str | None = None


class Timings(msgspec.Struct, frozen=True):
    """Milliseconds. `resolving`, `connecting` and `tls` are parts of `blocked`."""

    blocked: float
    resolving: float
    connecting: float
    tls: float
    sending: float
    waiting: float
    receiving: float
    total: float


class Begin(Event, frozen=True):
    """Setup, one iteration of a scenario, or teardown."""

    phase: PhaseName
    scenario: str | None


class Note(Event, frozen=True):
    """What a step does that sends nothing."""

    text: str


class Request(Event, frozen=True):
    """It is being sent. `hop` counts the redirects that led to it."""

    name: str
    method: str
    url: str
    headers: Headers
    body: Body | None
    hop: int = 0


class Response(Event, frozen=True):
    """What came of the last request. Without a response `status` is 0 and `error` says why."""

    name: str
    status: int
    reason: str
    headers: Headers
    body: Body | None
    error: str | None
    is_new_connection: bool
    ms: Timings


class Capture(msgspec.Struct, frozen=True):
    """`found` is false where `value` is the default; it is missing where there is none either."""

    name: str
    value: object
    found: bool
    missing: bool


class Check(msgspec.Struct, frozen=True):
    """`value` is what the check looked at; there was none where `missing`."""

    name: str
    passed: bool
    value: object
    missing: bool


class OwnCheck(Event, frozen=True, tag="check"):
    """A check that a script has made by itself, beside any request."""

    check: Check


class Step(Event, frozen=True):
    """What came of a request step, redirects and all."""

    name: str
    method: str
    status: int
    error: str | None
    expected: bool
    captures: list[Capture]
    checks: list[Check]
    ends_iteration: bool


class Fault(Event, frozen=True):
    """An exception in a test's own code has ended the iteration."""

    text: str


class End(Event, frozen=True):
    """`outcome` of a scenario: complete, ended (before its last step), interrupted; of setup and teardown also
    failed, timeout, exception.
    """

    phase: PhaseName
    scenario: str | None
    outcome: str
    ms: float
    message: str | None = None
    hint: str | None = None


class Summary(Event, frozen=True):
    """The last event. A request failed that got no response, or an unexpected one. All that was
    sent, setup and teardown too.
    """

    ok: bool
    exit_code: int
    seed: int
    requests: int
    failed_requests: int
    checks_passed: int
    checks_failed: int
    captures: int
    captures_missing: int
    faults: int
    ms: float
    skipped_ms: float


class Refusal(Event, frozen=True):
    """The test cannot be prepared for; nothing was sent."""

    message: str
    hint: str | None
    exit_code: int


AnyEvent = Begin | Note | OwnCheck | Request | Response | Step | Fault | End | Summary | Refusal


def encoded(event: Event) -> bytes:
    """One line, without its end."""
    return msgspec.json.encode(event)


def decoded(line: bytes) -> AnyEvent:
    """msgspec.DecodeError for anything else."""
    return _decoder.decode(line)


_decoder: msgspec.json.Decoder[AnyEvent] = msgspec.json.Decoder(AnyEvent)
