"""From the arguments of `vu.http.get(…)` to bytes: worked out once for arguments that come again.

A *site* is what requests have in common that are one series: their name, method, timeout and so on.
What differs from one iteration to the next, a path or a body, is written anew for each of them.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, urlencode

from groundswell.scenario.maps import RESERVED_TAGS, merged_headers
from groundswell.scenario.step_model import DEFAULT_TIMEOUT, MOST_REDIRECTS, RequestStep
from groundswell.scenario.urls import NO_TARGET
from groundswell.scenario.values import as_text
from groundswell_agent.engine.outgoing import place
from groundswell_agent.engine.steps.digest_request import DigestRequest
from groundswell_agent.engine.steps.request import CLOSING, Request
from groundswell_agent.engine.steps.traced import TracedRequest
from groundswell_agent.engine.texts import compile_text, fit_header
from groundswell_agent.engine.values import is_constant
from groundswell_agent.http.request import InvalidRequest, prepare, split_url
from groundswell_agent.script.frame import Frame
from groundswell_agent.script.handing import Given, Handing, Telling
from groundswell_agent.script.options import (
    BODIES,
    body_of,
    mapping_of,
    refuse_unknown,
    shape_of,
    statuses_of,
    timeout_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from groundswell.scenario.defaults import Defaults
    from groundswell.scenario.expressions import Template
    from groundswell_agent.engine.steps.scope import CompiledStep, Scope
    from groundswell_agent.engine.texts import TextOf
    from groundswell_agent.engine.virtual_user import VirtualUser
    from groundswell_agent.http.request import PreparedRequest
    from groundswell_agent.script.options import Options

    Ready = tuple[CompiledStep, PreparedRequest]

_OF_SITE = ("name", "timeout", "expect_status", "redirects", "keep_body")
# Of paths that are put together in an iteration there is no end: all are forgotten at so many.
MOST_READY = 4096
_MOST_OF_FRAME = 256


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
        shape = None if self._fresh else shape_of(method, options)
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
        if any(type(value) is dict or name in BODIES for name, value in options.items()):
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
        request = frame.request(path, options.get("headers") or {}, body_of(options)[0])
        return None if request is None else (frame.site, request)

    def _made(self, vu: VirtualUser, method: str, path: str, options: Options) -> Ready:
        refuse_unknown(method, options)
        site = self._site(method, path, options)
        body, kind = body_of(options)
        own = {name: as_text(value) for name, value in mapping_of(options, "headers").items()}
        headers = merged_headers(self._headers, own)
        if self._fresh:
            fresh = {name: text(vu) for name, text in self._fresh.items()}
            headers = merged_headers(fresh, headers)
        if kind is not None:
            headers = merged_headers({"Content-Type": kind}, headers)
        query = {name: as_text(value) for name, value in mapping_of(options, "query").items()}
        origin, below = _place(path, self._scope.target)
        request = prepare(
            method,
            origin,
            below,
            query=query,
            headers=cast("dict[str, str]", headers),
            body=body,
            timeout=float(timeout_of(options, self._timeout)),
            collects=self._trace is not None or options.get("keep_body", True) is not False,
        )
        return site, request

    def _site(self, method: str, path: str, options: Options) -> CompiledStep:
        name = str(options.get("name") or path)
        tags = mapping_of(options, "tags")
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
            timeout=timeout_of(options, self._timeout),
            expect_status=statuses_of(options),
            redirects=int(options.get("redirects", MOST_REDIRECTS)),
            tags={**self._tags, **{key: str(value) for key, value in tags.items()}},
        )
        trace = self._trace
        reads_body = options.get("keep_body", True) is not False
        reading = (
            Handing(step.expect_status, reads_body=reads_body)
            if trace is None
            else Telling(step, trace)
        )
        request = (
            Request(step, self._scope, reading, Given())
            if self._digest is None
            else DigestRequest(step, self._scope, self._digest, reading, Given())
        )
        # Bound, because calling an object with a `__call__` takes three times as long.
        return (request if trace is None else TracedRequest(step, request, trace)).__call__


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
