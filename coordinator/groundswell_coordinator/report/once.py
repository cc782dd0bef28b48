"""What `run --once` prints: every request and response as it goes, and what the test made of it."""

from __future__ import annotations

import json
from typing import IO, TYPE_CHECKING

from rich.text import Text

from groundswell.telling import (
    AnyEvent,
    Begin,
    Body,
    Capture,
    Check,
    End,
    Fault,
    Headers,
    Note,
    OwnCheck,
    Request,
    Response,
    Step,
    Summary,
    Timings,
)
from groundswell_coordinator.counted import counted
from groundswell_coordinator.report import quantity
from groundswell_coordinator.report.lines import (
    BAD,
    DOUBTFUL,
    FAILED,
    GOOD,
    PASSED,
    QUIET,
    STRONG,
    is_ascii_only,
    joined,
)
from groundswell_coordinator.report.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

_LINES, _LETTERS = 20, 200
_STEP, _PART = "  ", "      "
_NAMED = "cyan"


class OncePage:
    """Prints event after event. `quiet` prints what went wrong alone, `verbose` whole bodies and values."""

    def __init__(
        self, file: IO[str] | None = None, *, verbose: bool = False, quiet: bool = False
    ) -> None:
        self._verbose = verbose
        self._quiet = quiet
        self._console = Terminal(file=file, highlight=False, markup=False, emoji=False)
        self._ascii_only = is_ascii_only(self._console)
        # What went wrong, once more at the end: it may be pages above.
        self._wrong: list[Text] = []

    def show(self, event: AnyEvent) -> None:
        lines = list(self._failures(event) if self._quiet else self._lines(event))
        if lines:
            page = joined(lines, ascii_only=self._ascii_only)
            self._console.print(page, soft_wrap=True)

    def _lines(self, event: AnyEvent) -> Iterator[Text]:
        match event:
            case Begin():
                yield Text()
                yield Text.assemble("█ ", (event.scenario or event.phase, STRONG))
            case Note():
                yield Text(f"{_STEP}· {event.text}", QUIET)
            case Request():
                yield from self._request(event)
            case Response():
                yield from self._response(event)
            case OwnCheck():
                yield self._check(event.check)
                self._wrong += self._failures(event)
            case Step():
                yield from self._step(event)
                self._wrong += self._failures(event)
            case Fault():
                yield from (Text(f"{_PART}{line}", BAD) for line in event.text.splitlines())
                self._wrong += self._failures(event)
            case End():
                yield from _end(event)
                if event.message:
                    self._wrong.append(_failed(event))
            case Summary():
                yield Text()
                yield from self._wrong
                yield from _summary(event)
            case _:
                return

    def _request(self, request: Request) -> Iterator[Text]:
        if not request.hop:
            yield Text()
        mark = "↳" if request.hop else "→"
        name = "" if request.hop or request.url.endswith(request.name) else f"  {request.name}"
        yield Text.assemble(
            f"{_STEP}{mark} ", (request.method, STRONG), f" {request.url}", (name, _NAMED)
        )
        yield from _headers(request.headers)
        yield from self._body(request.body)

    def _response(self, response: Response) -> Iterator[Text]:
        took = (f"  {quantity.duration(response.ms.total, 3)}", QUIET)
        if not response.status:
            error = (response.error or "no response", BAD)
            yield Text.assemble(f"{_STEP}← ", error, took)
            yield _timings(response)
            return
        status = f"{response.status} {response.reason}".rstrip()
        yield Text.assemble(f"{_STEP}← ", (status, _style(response.status)), took)
        yield from _headers(response.headers)
        yield from self._body(response.body)
        yield _timings(response)

    def _body(self, body: Body | None) -> Iterator[Text]:
        if body is None:
            return
        yield Text()
        size = quantity.data(body.bytes)
        if body.text is None:
            yield Text(f"{_PART}({size}, {body.note})", QUIET)
            return
        lines = _pretty(body).expandtabs(4).splitlines()
        shown = lines if self._verbose else lines[:_LINES]
        cut = len(lines) > len(shown)
        for line in shown:
            if len(line) > _LETTERS and not self._verbose:
                line, cut = f"{line[:_LETTERS]}…", True
            yield Text(f"{_PART}{line}")
        if cut or body.truncated:
            yield Text(f"{_PART}… of {size}; -v shows all of it", QUIET)

    def _step(self, step: Step) -> Iterator[Text]:
        yield from _unexpected(step)
        for capture in step.captures:
            yield self._capture(capture)
        for check in step.checks:
            yield self._check(check)
        if step.ends_iteration:
            yield Text(f"{_PART}the iteration ends here", DOUBTFUL)

    def _capture(self, capture: Capture) -> Text:
        if capture.missing:
            return _wrong(f"{capture.name} was not found")
        default = "" if capture.found else "  (not found: its default)"
        value = self._value(capture.value)
        return Text.assemble(_PART, (capture.name, _NAMED), f" = {value}", (default, DOUBTFUL))

    def _check(self, check: Check) -> Text:
        if check.passed:
            return Text.assemble(_PART, (PASSED, GOOD), f" {check.name}")
        if check.value is False and not check.missing:
            # Of a script's own check, which says no more.
            return _wrong(check.name)
        looked_at = "there was none" if check.missing else f"it was {self._value(check.value)}"
        return _wrong(f"{check.name}: {looked_at}")

    def _value(self, value: object) -> str:
        text = json.dumps(value, ensure_ascii=False)
        return text if self._verbose or len(text) <= _LETTERS else f"{text[:_LETTERS]}…"

    def _failures(self, event: AnyEvent) -> Iterator[Text]:
        """A line for each, with the step that it is of."""
        match event:
            case Step():
                lines = [
                    *_unexpected(event),
                    *(self._capture(one) for one in event.captures if one.missing),
                    *(self._check(one) for one in event.checks if not one.passed),
                ]
                for line in lines:
                    text = line.plain.strip().removeprefix(FAILED).strip()
                    own = "" if text.startswith(f"{event.name}: ") else f"{event.name}: "
                    yield Text(f"{_STEP}{FAILED} {own}{text}", BAD)
            case OwnCheck() if not event.check.passed:
                yield Text(f"{_STEP}{FAILED} {event.check.name}", BAD)
            case Fault():
                yield Text(f"{_STEP}{FAILED} {event.text}", BAD)
            case End() if self._quiet and event.message:
                yield from _end(event)
            case _:
                return


def _headers(headers: Headers) -> Iterator[Text]:
    for name, value in headers:
        yield Text.assemble(_PART, (f"{name}: ", QUIET), (value, QUIET))


def _unexpected(step: Step) -> Iterator[Text]:
    if step.error is not None:
        yield _wrong(f"no response: {step.error}")
    elif not step.expected:
        yield _wrong(f"{step.status} is not an expected status")


def _wrong(text: str) -> Text:
    return Text.assemble(_PART, (f"{FAILED} {text}", BAD))


def _timings(response: Response) -> Text:
    ms: Timings = response.ms
    new = ("resolving", ms.resolving), ("connecting", ms.connecting), ("tls", ms.tls)
    opened = ", ".join(f"{what} {quantity.duration(took, 3)}" for what, took in new if took)
    parts = [f"blocked {quantity.duration(ms.blocked, 3)}{f' ({opened})' if opened else ''}"]
    if response.status and not response.is_new_connection:
        parts = ["connection kept"]
    if response.status or ms.sending or ms.waiting:
        rest = ("sending", ms.sending), ("waiting", ms.waiting), ("receiving", ms.receiving)
        parts += [f"{what} {quantity.duration(took, 3)}" for what, took in rest]
    return Text(f"{_PART}{' · '.join(parts)}", QUIET)


def _failed(end: End) -> Text:
    return Text(f"{_STEP}{FAILED} {end.scenario or end.phase} failed: {end.message}", BAD)


def _end(end: End) -> Iterator[Text]:
    what = end.phase if end.scenario is None else end.scenario
    if end.message:
        yield Text()
        yield _failed(end)
        if end.hint and end.outcome != "failed":
            yield Text(f"{_STEP}  {end.hint}", QUIET)
    elif end.outcome in ("ended", "interrupted"):
        said = "ended before its last step" if end.outcome == "ended" else "was interrupted"
        yield Text()
        yield Text(f"{_STEP}{what} {said}", DOUBTFUL)


def _summary(summary: Summary) -> Iterator[Text]:
    mark = (f"{PASSED} ", GOOD) if summary.ok else (f"{FAILED} ", BAD)
    checks = summary.checks_passed + summary.checks_failed
    captures = summary.captures + summary.captures_missing
    facts = [
        _of(summary.failed_requests, summary.requests, "request"),
        _of(summary.checks_failed, checks, "check") if checks else "",
        _of(summary.captures_missing, captures, "capture") if captures else "",
        counted(summary.faults, "exception") if summary.faults else "",
        quantity.duration(summary.ms, 3),
        f"pauses of {quantity.duration(summary.skipped_ms, 3)} skipped"
        if summary.skipped_ms
        else "",
    ]
    yield Text.assemble(mark, " · ".join(filter(None, facts)))
    told = "one VU, one iteration: nothing is measured, and thresholds are not judged"
    yield Text(f"{_STEP}{told}; --seed {summary.seed} repeats its random values", QUIET)
    yield Text()


def _of(failed: int, whole: int, what: str) -> str:
    if not failed:
        return counted(whole, what)
    verb = "not found" if what == "capture" else "failed"
    return f"{failed} of {counted(whole, what)} {verb}"


def _style(status: int) -> str:
    return GOOD if status < 300 else DOUBTFUL if status < 400 else BAD


def _pretty(body: Body) -> str:
    """JSON over several lines; all else as it is."""
    assert body.text is not None
    if body.truncated or not body.text.lstrip().startswith(("{", "[")):
        return body.text
    try:
        return json.dumps(json.loads(body.text), indent=2, ensure_ascii=False)
    except ValueError:
        return body.text
