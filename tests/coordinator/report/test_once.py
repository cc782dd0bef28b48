"""What `run --once` prints, held against files that people have read."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from groundswell.telling import (
    AnyEvent,
    Begin,
    Body,
    Capture,
    Check,
    End,
    Fault,
    Note,
    OwnCheck,
    Request,
    Response,
    Step,
    Summary,
    Timings,
)
from groundswell_coordinator.report.once import OncePage
from tests.coordinator.report.test_console import Terminal, assert_golden

if TYPE_CHECKING:
    from collections.abc import Sequence

NEW = Timings(0.41, 0.02, 0.3, 0.0, 0.05, 1.5, 0.1, 2.06)
KEPT = Timings(0.0, 0.0, 0.0, 0.0, 0.03, 0.9, 0.0, 0.93)
FAILED = Timings(0.2, 0.01, 0.15, 0.0, 0.0, 0.0, 0.0, 0.2)
SUMS = Summary(
    ok=False,
    exit_code=99,
    seed=7,
    requests=4,
    failed_requests=2,
    checks_passed=1,
    checks_failed=1,
    captures=2,
    captures_missing=1,
    faults=0,
    ms=41.2,
    skipped_ms=2100.0,
)
STORY: Sequence[AnyEvent] = (
    Begin("setup", None),
    Request("/token", "GET", "http://shop/token", [("Host", "shop")], None),
    Response("/token", 200, "OK", [("Content-Length", "2")], Body(2, "ok"), None, True, NEW),
    Step("/token", "GET", 200, None, True, [Capture("csrf", "ab1", True, False)], [], False),
    End("setup", None, "complete", 2.5),
    Begin("scenario", "buy"),
    Request(
        *("log in", "POST", "http://shop/login"),
        [("Content-Type", "application/json")],
        Body(30, '{"user":"me","password":"***"}'),
    ),
    Response("log in", 303, "See Other", [("Location", "/home")], None, None, False, KEPT),
    Request("log in", "GET", "http://shop/home", [], None, 1),
    Response(
        *("log in", 500, "Internal Server Error", [("Content-Type", "text/plain")]),
        Body(900, "\n".join(f"line {n}\x1b[2J\tend" for n in range(30))),
        *(None, False, KEPT),
    ),
    Step(
        *("log in", "POST", 500, None, False),
        [Capture("token", None, False, True), Capture("lang", "en", False, False)],
        [
            Check("log in: status 2xx", False, 500, False),
            Check("a body", True, "line", False),
            Check("log in: $.id exists", False, None, True),
        ],
        True,
    ),
    Note("pause: 2.1s, skipped"),
    Request("/refused", "GET", "http://shop:9/refused", [], None),
    Response("/refused", 0, "", [], None, "refused", True, FAILED),
    Step("/refused", "GET", 0, "refused", False, [], [], False),
    OwnCheck(Check("own", False, False, False)),
    Fault("flow.py:19: KeyError: 'boom'"),
    End("scenario", "buy", "ended", 30.0),
    End("teardown", None, "timeout", 60.0, "it did not end within 1m: it was at GET /x", "hint"),
    SUMS,
)
WELL = (
    Begin("scenario", "buy"),
    Request("/a", "GET", "http://shop/a", [], None),
    Response("/a", 200, "OK", [], Body(4096, None, note="image/png"), None, False, KEPT),
    Step("/a", "GET", 200, None, True, [], [Check("a", True, 200, False)], False),
    End("scenario", "buy", "complete", 1.0),
    Summary(True, 0, 7, 1, 0, 1, 0, 0, 0, 0, 1.5, 0.0),
)


def printed(
    events: Sequence[AnyEvent],
    file: io.StringIO | None = None,
    *,
    verbose: bool = False,
    quiet: bool = False,
) -> str:
    file = io.StringIO() if file is None else file
    page = OncePage(file, verbose=verbose, quiet=quiet)
    for event in events:
        page.show(event)
    return file.getvalue()


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "COLORTERM", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def test_an_iteration_that_goes_wrong() -> None:
    assert_golden("once-failed", printed(STORY))


def test_an_iteration_that_goes_well() -> None:
    assert_golden("once-well", printed(WELL))


def test_quietly_only_what_went_wrong_is_printed() -> None:
    assert_golden("once-quiet", printed(STORY, quiet=True))
    assert printed(WELL, quiet=True) == ""


def test_nothing_that_a_target_sends_reaches_the_terminal_as_an_order() -> None:
    assert "\x1b" not in printed(STORY, verbose=True)


def test_verbosely_the_whole_body_is_printed() -> None:
    assert "line 29" in printed(STORY, verbose=True)
    assert "line 29" not in printed(STORY)
    assert "-v shows all of it" in printed(STORY)


def test_a_terminal_gets_colours_unless_they_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[31m500 Internal Server Error" in printed(STORY, Terminal())
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[31m" not in printed(STORY, Terminal())
