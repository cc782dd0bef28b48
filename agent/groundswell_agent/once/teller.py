"""Turns what a trace hears into events: one line for whoever looks, and sums for the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from groundswell.telling import (
    Body,
    Capture,
    Check,
    Event,
    Fault,
    Headers,
    Note,
    OwnCheck,
    Request,
    Response,
    Step,
    Timings,
)
from groundswell_agent.engine.redirects import target_of
from groundswell_agent.engine.response import MISSING
from groundswell_agent.http.body import body_of
from groundswell_agent.http.content import UndecodableBody
from groundswell_agent.http.head import final_head, lower_head
from groundswell_agent.http.limits import DEFAULT_BODY_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable

    from groundswell.scenario.step_model import RequestStep
    from groundswell_agent.engine.trace import Checked, StepOutcome
    from groundswell_agent.http.exchange import Exchange
    from groundswell_agent.http.request import PreparedRequest
    from groundswell_agent.once.masking import Masking
    from groundswell_agent.once.wishes import Wishes

_END = b"\r\n\r\n"


class Sums:
    """Of everything that was told."""

    def __init__(self) -> None:
        self.requests = self.failed_requests = 0
        self.checks_passed = self.checks_failed = 0
        self.captures = self.captures_missing = 0
        self.faults = 0
        self.skipped_s = 0.0
        # Whether the last step that was told ended its iteration.
        self.is_ended = False

    @property
    def is_well(self) -> bool:
        bad = self.failed_requests, self.checks_failed, self.captures_missing, self.faults
        return not any(bad)


class Teller:
    """A trace."""

    one_by_one = True

    def __init__(self, tell: Callable[[Event], None], masking: Masking, wishes: Wishes) -> None:
        self.unhurried = wishes.unhurried
        self.masking = masking
        self.sums = Sums()
        self._tell = tell
        self._most = wishes.most
        self._whole = wishes.whole
        self._name = ""
        self._hops = 0

    def begin(self, step: RequestStep) -> None:
        self._name = step.name
        self._hops = 0

    def send(self, request: PreparedRequest) -> None:
        head, _, body = request.payload.partition(_END)
        origin, target = request.origin, target_of(request)
        url = f"{origin.scheme}://{origin.authority}{target}"
        headers = self._headers(head.decode("latin-1"))
        sent = self._sent(body, headers, request)
        hide = self.masking.text
        self._tell(
            Request(self._name or target, request.method, hide(url), headers, sent, self._hops)
        )
        self._hops += 1

    def answered(self, request: PreparedRequest, exchange: Exchange) -> None:
        self.sums.requests += 1
        if not exchange.status:
            self._tell(self._response(exchange, "", [], None))
            return
        head = final_head(exchange.raw).decode("latin-1")
        reason = head.partition("\r\n")[0].split(" ", 2)[2:]
        headers = self._headers(head)
        body = self._received(exchange, headers)
        self._tell(self._response(exchange, "".join(reason), headers, body))

    def ended(self, outcome: StepOutcome) -> None:
        sums, hide = self.sums, self.masking
        sums.failed_requests += not outcome.is_expected
        sums.checks_failed += len(outcome.failed)
        sums.checks_passed += len(outcome.checks) - len(outcome.failed)
        sums.captures += len(outcome.captures) - len(outcome.lacks)
        sums.captures_missing += len(outcome.lacks)
        sums.is_ended = outcome.ends_iteration
        captures = [
            Capture(one.name, hide.value(_plain(one.value)), one.was_there, one.value is MISSING)
            for one in outcome.captures
        ]
        checks = [self._check(one) for one in outcome.checks]
        step, error = outcome.step, outcome.error
        self._tell(
            Step(
                step.name,
                step.method,
                outcome.status,
                None if error is None else hide.text(error),
                outcome.is_expected,
                captures,
                checks,
                outcome.ends_iteration,
            )
        )

    def checked(self, check: Checked) -> None:
        self.sums.checks_passed += check.passed
        self.sums.checks_failed += not check.passed
        self._tell(OwnCheck(self._check(check)))

    def note(self, line: str) -> None:
        self._tell(Note(self.masking.text(line)))

    def skip(self, seconds: float) -> None:
        self.sums.skipped_s += seconds

    def fault(self, line: str) -> None:
        self.sums.faults += 1
        self.sums.is_ended = True
        self._tell(Fault(self.masking.text(line)))

    def _check(self, check: Checked) -> Check:
        hide, found = self.masking, check.looked_at
        return Check(
            hide.text(check.name), check.passed, hide.value(_looked_at(found)), found is MISSING
        )

    # --- parts ---------------------------------------------------------------------------------

    def _headers(self, head: str) -> Headers:
        lines = (line.partition(":") for line in head.split("\r\n")[1:])
        return [
            (name, self.masking.header(name, value.strip(" \t"), whole=self._whole))
            for name, colon, value in lines
            if colon
        ]

    def _sent(self, body: bytes, headers: Headers, request: PreparedRequest) -> Body | None:
        if request.source is not None:
            return Body(request.source.length or 0, None, note="sent in parts")
        return self._body(body, len(body), headers) if body else None

    def _received(self, exchange: Exchange, headers: Headers) -> Body | None:
        came = exchange.collected or exchange.body or b""
        if not came:
            return None
        try:
            content = self._decoded(exchange)
        except UndecodableBody as error:
            return Body(len(came), None, note=f"cannot be decoded: {error}")
        return self._body(content, len(came), headers)

    def _decoded(self, exchange: Exchange) -> bytes:
        if not exchange.collected:
            return exchange.content()
        return body_of(exchange, lower_head(exchange.raw), DEFAULT_BODY_LIMIT)

    def _body(self, content: bytes, size: int, headers: Headers) -> Body:
        kind = next((value for name, value in headers if name.lower() == "content-type"), "")
        kind = kind.partition(";")[0].strip()
        if _is_binary(content, kind):
            return Body(size, None, note=kind or "binary")
        text = content[: self._most].decode("utf-8", "replace")
        return Body(size, self.masking.text(text), truncated=len(content) > self._most)

    def _response(
        self, exchange: Exchange, reason: str, headers: Headers, body: Body | None
    ) -> Response:
        return Response(
            self._name,
            exchange.status,
            reason,
            headers,
            body,
            exchange.error or (None if exchange.status else "cut off"),
            exchange.connecting > 0,
            _timings(exchange),
        )


def _timings(exchange: Exchange) -> Timings:
    sent, first, end = exchange.send_end, exchange.first_byte, exchange.end
    sending = max(sent - exchange.send_start, 0.0) if exchange.send_start else 0.0
    waiting = max(first - sent, 0.0) if exchange.status else max(end - sent, 0.0) if sent else 0.0
    receiving = max(end - first, 0.0) if exchange.status else 0.0
    return Timings(
        *(
            round(seconds * 1000, 3)
            for seconds in (
                max(exchange.blocked, 0.0),
                exchange.resolving,
                exchange.connecting,
                exchange.handshaking,
                sending,
                waiting,
                receiving,
                max(end - exchange.asked, 0.0),
            )
        )
    )


def _is_binary(content: bytes, kind: str) -> bool:
    if kind.startswith("text/") or kind.endswith(
        ("json", "xml", "x-www-form-urlencoded", "javascript")
    ):
        return False
    return b"\0" in content[:1024] or kind.partition("/")[0] in ("image", "audio", "video", "font")


def _plain(value: object) -> object:
    return None if value is MISSING else value


def _looked_at(value: object) -> object:
    """Of a whole body only the beginning: it has been told."""
    if value is MISSING:
        return None
    if value is None or isinstance(value, bool | int | float | list | dict):
        return cast("object", value)
    # A script may look at anything.
    text = str(value)
    return f"{text[:200]}…" if len(text) > 200 else text
