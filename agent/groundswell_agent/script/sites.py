"""From the arguments of `vu.http.get(…)` to bytes: worked out once for arguments that come again.

A *site* is what requests have in common that are one series: their name, method, timeout and so on.
What differs from one iteration to the next, a path or a body, is written anew for each of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, urlencode

from groundswell.errors import InvalidUnit
from groundswell.scenario.check_values import STATUSES
from groundswell.scenario.maps import RESERVED_TAGS, merged_headers
from groundswell.scenario.nodes import Node, Scalar, Sequence
from groundswell.scenario.problems import Problems
from groundswell.scenario.requests import METHODS
from groundswell.scenario.step_model import DEFAULT_TIMEOUT, MOST_REDIRECTS, RequestStep
from groundswell.scenario.suggest import did_you_mean
from groundswell.scenario.urls import NO_TARGET
from groundswell.scenario.values import as_json_bytes, as_text, form_encoded
from groundswell.script.http import RequestOptions
from groundswell.units import parse_duration
from groundswell_agent.engine.outgoing import place
from groundswell_agent.engine.reading import WELL
from groundswell_agent.engine.steps.digest_request import DigestRequest
from groundswell_agent.engine.steps.request import CLOSING, Request
from groundswell_agent.engine.steps.traced import TracedRequest
from groundswell_agent.engine.texts import compile_text, fit_header
from groundswell_agent.engine.trace import StepOutcome
from groundswell_agent.engine.values import is_constant
from groundswell_agent.http.multipart import encoded
from groundswell_agent.http.request import InvalidRequest, prepare, split_url
from groundswell_agent.script.frame import Frame
from groundswell_agent.script.parts import fields_of
from groundswell_agent.script.response import Answer, NoAnswer

if TYPE_CHECKING:
    from fractions import Fraction

    from groundswell.scenario.defaults import Defaults
    from groundswell.scenario.expressions import Template
    from groundswell_agent.engine.reading import Outcome
    from groundswell_agent.engine.steps.scope import CompiledStep, Scope
    from groundswell_agent.engine.texts import TextOf
    from groundswell_agent.engine.trace import Trace
    from groundswell_agent.engine.virtual_user import VirtualUser
    from groundswell_agent.http.exchange import Exchange
    from groundswell_agent.http.request import PreparedRequest
    from groundswell_agent.script.lane import Lane

    Options = Mapping[str, Any]
    Ready = tuple[CompiledStep, PreparedRequest]

_OPTIONS = frozenset(RequestOptions.__annotations__)
_ALIASES = {"params": "query", "data": "form", "files": "multipart", "allow_redirects": "redirects"}
_BODIES = ("json", "form", "multipart", "body")
_OF_SITE = ("name", "timeout", "expect_status", "redirects", "keep_body")
_EXPECTED = frozenset(range(200, 400))
# Of paths that are put together in an iteration there is no end: all are forgotten at so many.
MOST_READY = 4096
_MOST_OF_FRAME = 256
# Headers whose value says more than itself.
_TELLING = frozenset({"connection"})


class Sites:
    """All requests of the functions in one scope."""

    def __init__(self, scope: Scope, defaults: Defaults) -> None:
        self._scope = scope
        self._trace = scope.load.trace
        self._tags: Mapping[str, str] = defaults.tags
        self._timeout = DEFAULT_TIMEOUT if defaults.timeout is None else defaults.timeout
        self._headers = dict(CLOSING) if scope.load.closes_connections else dict[str, str]()
        self._digest = defaults.digest
        # Headers whose value each request has anew.
        self._fresh: dict[str, TextOf] = {}
        for name, value in defaults.headers.items():
            self._take_default(name, value)
        self._sites: dict[tuple[object, ...], CompiledStep] = {}
        self._frames: dict[tuple[object, ...], Frame] = {}
        # By the method, the path and the options, of those that come again and again.
        self.known: dict[tuple[object, ...], Ready] = {}

    def _take_default(self, name: str, value: str | Template) -> None:
        if isinstance(value, str):
            self._headers[name] = value
            return
        text = compile_text(value, self._scope.load, fit_header)
        if is_constant(value):
            self._headers[name] = text(cast("VirtualUser", None))
        else:
            self._fresh[name] = text

    def ready(self, vu: VirtualUser, method: str, path: str, options: Options) -> Ready:
        """The site of a request that is not `known`, and its bytes. InvalidRequest for what cannot be
        sent.
        """
        shape = None if self._fresh else _shape(method, options)
        frame = None if shape is None else self._frames.get(shape)
        if frame is None:
            ready = self._made(vu, method, path, options)
            if shape is not None and path.startswith("/"):
                frame = self._new_frame(shape, ready, options)
        else:
            ready = self._filled(frame, path, options) or self._made(vu, method, path, options)
        if not self._fresh:
            self._keep(method, path, options, ready, frame)
        return ready

    def _keep(
        self, method: str, path: str, options: Options, ready: Ready, frame: Frame | None
    ) -> None:
        """For the same arguments again, of which there is no end where a path is put together."""
        if any(type(value) is dict or name in _BODIES for name, value in options.items()):
            return
        if frame is not None:
            if frame.stored >= _MOST_OF_FRAME:
                return
            frame.stored += 1
        if len(self.known) >= MOST_READY:
            self.known.clear()
        with suppress(TypeError):
            self.known[(method, path, *options.items())] = ready

    def _new_frame(self, shape: tuple[object, ...], ready: Ready, options: Options) -> Frame:
        site, request = ready
        base = split_url(self._scope.target)[1].rstrip("/")
        if len(self._frames) >= MOST_READY:
            self._frames.clear()
        frame = self._frames[shape] = Frame(site, request, base, options.get("headers") or {})
        return frame

    def _filled(self, frame: Frame, path: str, options: Options) -> Ready | None:
        if query := options.get("query"):
            pairs = [(name, as_text(value)) for name, value in query.items()]
            path += f"{'&' if '?' in path else '?'}{urlencode(pairs, quote_via=quote)}"
        request = frame.request(path, options.get("headers") or {}, _body(options)[0])
        return None if request is None else (frame.site, request)

    def _made(self, vu: VirtualUser, method: str, path: str, options: Options) -> Ready:
        _refuse_unknown(method, options)
        site = self._site(method, path, options)
        body, kind = _body(options)
        own = {name: as_text(value) for name, value in _mapping(options, "headers").items()}
        headers = merged_headers(self._headers, own)
        if self._fresh:
            fresh = {name: text(vu) for name, text in self._fresh.items()}
            headers = merged_headers(fresh, headers)
        if kind is not None:
            headers = merged_headers({"Content-Type": kind}, headers)
        query = {name: as_text(value) for name, value in _mapping(options, "query").items()}
        origin, below = _place(path, self._scope.target)
        request = prepare(
            method,
            origin,
            below,
            query=query,
            headers=cast("dict[str, str]", headers),
            body=body,
            timeout=float(self._timeout_of(options)),
            collects=self._trace is not None or options.get("keep_body", True) is not False,
        )
        return site, request

    def _site(self, method: str, path: str, options: Options) -> CompiledStep:
        name = str(options.get("name") or path)
        tags = _mapping(options, "tags")
        rest = (options.get(one) for one in _OF_SITE)
        key = (method, name, *map(_hashable, rest), *tags.items())
        site = self._sites.get(key)
        if site is None:
            if len(self._sites) >= MOST_READY:
                self._sites.clear()
            site = self._sites[key] = self._new_site(method, name, tags, options)
        return site

    def _new_site(
        self, method: str, name: str, tags: Mapping[str, object], options: Options
    ) -> CompiledStep:
        if reserved := next((tag for tag in tags if tag in RESERVED_TAGS), None):
            raise InvalidRequest(f"the tag {reserved!r} is one that groundswell sets itself")
        step = RequestStep(
            method=cast("Any", method),
            path="/",
            name=name,
            timeout=self._timeout_of(options),
            expect_status=_statuses(options.get("expect_status")),
            redirects=int(options.get("redirects", MOST_REDIRECTS)),
            tags={**self._tags, **{key: str(value) for key, value in tags.items()}},
        )
        trace = self._trace
        reads_body = options.get("keep_body", True) is not False
        reading = (
            _Handing(step.expect_status, reads_body=reads_body)
            if trace is None
            else _Telling(step, trace)
        )
        request = (
            Request(step, self._scope, reading, _Given())
            if self._digest is None
            else DigestRequest(step, self._scope, self._digest, reading, _Given())
        )
        # Bound, because calling an object with a `__call__` takes three times as long.
        return (request if trace is None else TracedRequest(step, request, trace)).__call__

    def _timeout_of(self, options: Options) -> Fraction:
        timeout = options.get("timeout")
        if timeout is None:
            return self._timeout
        try:
            text = timeout if isinstance(timeout, str) else f"{float(timeout):.9f}s"
            return parse_duration(text)
        except (InvalidUnit, ValueError, TypeError) as error:
            raise InvalidRequest(
                f"a timeout of {timeout!r} is none", hint="seconds, or a text such as '300ms'"
            ) from error


class _Given:
    """Sends what the lane was given, with the VU's cookies."""

    constant: PreparedRequest | None = None

    def build(self, vu: VirtualUser) -> PreparedRequest:
        # A cast is a call.
        lane: Any = vu
        request: PreparedRequest = lane.request
        if not vu.jar.cookies:
            return request
        head, end, body = request.payload.partition(b"\r\n\r\n")
        line = vu.jar.line_for(request.origin, head.decode("latin-1"))
        if not line:
            return request
        return request.with_payload(
            b"%s\r\n%s%s%s" % (head, line.encode("latin-1").removesuffix(b"\r\n"), end, body)
        )


class _Handing:
    """Hands the response on to whoever awaits it."""

    __slots__ = ("_expected", "reads_body")

    def __init__(self, expected: frozenset[int], *, reads_body: bool) -> None:
        self._expected = expected
        self.reads_body = reads_body

    def of_answer(self, vu: VirtualUser, exchange: Exchange, head: bytes) -> Outcome:
        lane: Any = vu
        lane.response = Answer(exchange, head, exchange.status in self._expected)
        return WELL

    def of_nothing(self, vu: VirtualUser, at: float) -> Outcome:
        exchange = vu.client.last
        # What has a status and is here was one redirect too many.
        error = exchange.error or "redirects"
        cast("Lane", vu).response = NoAnswer(error, exchange.status)
        return WELL


class _Telling(_Handing):
    """Hands it on, and tells the trace."""

    __slots__ = ("_step", "_trace")

    def __init__(self, step: RequestStep, trace: Trace) -> None:
        super().__init__(step.expect_status, reads_body=True)
        self._step = step
        self._trace = trace

    def of_answer(self, vu: VirtualUser, exchange: Exchange, head: bytes) -> Outcome:
        self._trace.ended(StepOutcome(self._step, exchange.status, None, (), ()))
        return super().of_answer(vu, exchange, head)

    def of_nothing(self, vu: VirtualUser, at: float) -> Outcome:
        outcome = super().of_nothing(vu, at)
        response = cast("Lane", vu).response
        self._trace.ended(StepOutcome(self._step, 0, response.error, (), ()))
        return outcome


def _shape(method: str, options: Options) -> tuple[object, ...] | None:
    """All of a request but its path and the values that it sends; None where that cannot be told, or
    the path is part of its name.
    """
    # What stands between the parts of a form with files is new in each, and in a header.
    if "name" not in options or "multipart" in options:
        return None
    shape: list[object] = [method]
    for name, value in options.items():
        if name in _BODIES:
            shape.append(name)
        elif name in ("headers", "query", "tags"):
            if type(value) is not dict:
                return None
            given = cast("dict[object, object]", value)
            if name == "headers" and any(str(key).lower() in _TELLING for key in given):
                return None
            shape += (
                name,
                *(given.items() if name == "tags" else given if name == "headers" else ()),
            )
        else:
            shape += (name, tuple(cast("list[object]", value)) if type(value) is list else value)
    try:
        hash(made := tuple(shape))
    except TypeError:
        return None
    return made


def _mapping(options: Options, name: str) -> Mapping[str, object]:
    given = options.get(name)
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise TypeError(f"`{name}` is a mapping, not {type(given).__name__}")
    return cast("Mapping[str, object]", given)


def _hashable(value: object) -> object:
    return value if isinstance(value, str | int | float) else repr(value)


def _place(path: str, target: str) -> tuple[Any, str]:
    if not path.startswith(("/", "http://", "https://")):
        hint = f"write /{path[:40]}, or a whole URL"
        raise InvalidRequest(f"the path {path[:80]!r} starts with no /", hint=hint)
    if target == NO_TARGET and path.startswith("/"):
        hint = "Test(…, target=…), or a whole URL here"
        raise InvalidRequest("the test has no target", hint=hint)
    return place(path, target)


def _body(options: Options) -> tuple[bytes, str | None]:
    """The body, and its type where that is known."""
    given = [key for key in _BODIES if key in options]
    if not given:
        return b"", None
    if len(given) > 1:
        raise InvalidRequest(f"a request has either `{given[0]}` or `{given[1]}`")
    value = options[given[0]]
    match given[0]:
        case "json":
            return as_json_bytes(value), "application/json"
        case "form":
            pairs = _mapping(options, "form").items()
            return form_encoded(pairs).encode(), "application/x-www-form-urlencoded"
        case "multipart":
            return encoded(fields_of(_mapping(options, "multipart")))
        case _:
            return (value.encode() if isinstance(value, str) else bytes(value)), None


def _statuses(expected: Any) -> frozenset[int]:  # noqa: ANN401  # the user's own value
    if expected is None:
        return _EXPECTED
    problems = Problems("")
    statuses = STATUSES.read(_node(expected), "expect_status", problems)
    if statuses is None:
        raise InvalidRequest(
            f"{expected!r} is no status to expect", hint="200, '2xx', or a list of those"
        )
    return statuses


def _node(value: Any) -> Node:  # noqa: ANN401
    if isinstance(value, list | tuple | set | frozenset):
        return Sequence(1, 1, tuple(map(_node, cast("list[object]", value))))
    return Scalar(1, 1, str(value), True, str(value))


def _refuse_unknown(method: str, options: Options) -> None:
    if method.lower() not in METHODS:
        raise InvalidRequest(f"there is no method {method!r}", hint=f"one of {', '.join(METHODS)}")
    for name in options:
        if name not in _OPTIONS:
            meant = _ALIASES.get(name)
            hint = f"write {meant}=" if meant else did_you_mean(name, _OPTIONS)
            raise TypeError(f"a request has no option {name!r}" + (f" ({hint})" if hint else ""))
