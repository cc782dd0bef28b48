"""What a request step sends: bytes prepared once where nothing changes, else pieces around the
values of an iteration.

The head of a templated request is written by the same code as that of a constant one, with a mark
in place of each value, and then cut at the marks. So all that is checked of a constant request is
checked of it, and what a value adds is checked when it is known.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from groundswell.scenario.expressions import Template
from groundswell.scenario.step_model import MultipartBody
from groundswell.scenario.values import url_encoded
from groundswell_agent.engine.bodies import compile_body
from groundswell_agent.engine.marks import Marks
from groundswell_agent.engine.streaming import Streaming
from groundswell_agent.engine.texts import (
    compile_text,
    escaped,
    fit_header,
    fit_path,
)
from groundswell_agent.engine.uploads import Streamed, with_type
from groundswell_agent.engine.values import compile_presence
from groundswell_agent.http.request import (
    METHODS_WITH_LENGTH,
    InvalidRequest,
    Origin,
    PreparedRequest,
    prepare,
    split_url,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Protocol

    from groundswell.scenario.expressions import Text
    from groundswell.scenario.step_model import RequestStep
    from groundswell_agent.engine.bodies import BytesOf
    from groundswell_agent.engine.texts import Fit, TextOf
    from groundswell_agent.engine.values import Names
    from groundswell_agent.engine.virtual_user import VirtualUser

    class Outgoing(Protocol):
        """Builds the request of one iteration, with its cookies; InvalidRequest where a value makes
        it one that cannot be sent. `constant` is the request of a step in which nothing changes.
        """

        constant: PreparedRequest | None

        def build(self, vu: VirtualUser) -> PreparedRequest: ...


_URL = re.compile(r"https?://[^/?#]+(?=[/?#])")
_LENGTH = b"Content-Length: %d\r\n\r\n"
_LENGTH_LINE = re.compile(r"\r\nContent-Length: [0-9]+\r\n")
_END = "\r\n"
# Headers that stand in every request, be it with another value.
_ALWAYS = ("host", "user-agent", "accept")


def compile_request(step: RequestStep, base: str, names: Names, *, reads_body: bool) -> Outgoing:
    """`base` is the test's target."""
    if isinstance(step.body, MultipartBody):
        step = with_type(step, step.body, names)
    body = compile_body(step.body, names)
    if isinstance(body, Streamed):
        rest = replace(step, body=b"")
        return Streaming(compile_request(rest, base, names, reads_body=reads_body), body)
    if isinstance(step.path, Template) and not _has_known_origin(step.path):
        return _Anywhere(step, base, names, body, reads_body=reads_body)
    return _Fixed(step, base, names, body, reads_body=reads_body)


def _has_known_origin(path: Template) -> bool:
    first = path.parts[0]
    return isinstance(first, str) and (first.startswith("/") or _URL.match(first) is not None)


def place(path: str, base: str) -> tuple[Origin, str]:
    """Where a path is: below the target's, unless it is a URL of its own."""
    if path.startswith(("http://", "https://")):
        return split_url(path)
    origin, below = split_url(base)
    return origin, below.rstrip("/") + path


class _Fixed:
    """A request to an origin that is known; `constant` where no template is left in it."""

    __slots__ = ("_body", "_head", "_model", "_origin", "_tail", "constant")

    def __init__(
        self,
        step: RequestStep,
        base: str,
        names: Names,
        body: bytes | BytesOf,
        *,
        reads_body: bool,
    ) -> None:
        marks = Marks(names, (step, base))
        self._origin, path = place(marks.text(step.path, fit_path), base)
        query = {name: marks.query(value) for name, value in step.query.items()}
        optional = _optional_headers(step.headers)
        headers = {
            name: marks.text(value, fit_header)
            for name, value in step.headers.items()
            if name not in optional
        }
        request = prepare(
            step.method,
            self._origin,
            path,
            query=query,
            headers=headers,
            body=body if isinstance(body, bytes) else b"",
            timeout=float(step.timeout),
            collects=reads_body,
        )
        self._model = request
        is_constant = marks.unused and not optional and isinstance(body, bytes)
        self.constant = request if is_constant else None
        lines = _without_length(request.payload)
        lines += "".join(
            marks.mark(_optional_line(name, value, names)) for name, value in optional.items()
        )
        self._head = marks.cut(lines)
        self._body = None if isinstance(body, bytes) else body
        self._tail = _tail(step.method, body) if isinstance(body, bytes) else b""

    def build(self, vu: VirtualUser) -> PreparedRequest:
        head = self._head(vu)
        if vu.jar.cookies:
            head += vu.jar.line_for(self._origin, head)
        tail = self._tail
        if self._body is not None:
            body = self._body(vu)
            tail = _LENGTH % len(body) + body
        try:
            return self._model.with_payload(head.encode("latin-1") + tail)
        except UnicodeEncodeError:
            raise InvalidRequest("a header has become one beyond latin-1") from None


class _Anywhere:
    """A request whose path, or URL, is known in the iteration only."""

    __slots__ = (
        "_base",
        "_body",
        "_headers",
        "_method",
        "_path",
        "_query",
        "_reads_body",
        "_timeout",
        "constant",
    )

    def __init__(
        self,
        step: RequestStep,
        base: str,
        names: Names,
        body: bytes | BytesOf,
        *,
        reads_body: bool,
    ) -> None:
        self.constant: PreparedRequest | None = None
        self._method = step.method
        self._timeout = float(step.timeout)
        self._base = base
        self._reads_body = reads_body
        assert isinstance(step.path, Template)
        self._path = compile_text(step.path, names, fit_path)
        self._query = [
            (f"{url_encoded(name)}=", _text_of(value, names, url_encoded))
            for name, value in step.query.items()
        ]
        optional = _optional_headers(step.headers)
        self._headers = [
            (name, _presence(optional.get(name), names), _text_of(value, names, fit_header))
            for name, value in step.headers.items()
        ]
        self._body = body

    def build(self, vu: VirtualUser) -> PreparedRequest:
        path = self._path(vu).partition("%23")[0]
        if not path.startswith(("/", "http://", "https://")):
            raise InvalidRequest("a path has become neither one from / on nor a URL")
        origin, path = place(path, self._base)
        query = "&".join([key + text(vu) for key, text in self._query])
        if query:
            path += f"{'&' if '?' in path else '?'}{query}"
        headers = [(name, text(vu)) for name, is_there, text in self._headers if is_there(vu)]
        body = self._body if isinstance(self._body, bytes) else self._body(vu)
        if vu.jar.cookies and (cookie := vu.jar.header_for(origin, path)):
            headers.append(("Cookie", cookie))
        return prepare(
            self._method,
            origin,
            path,
            headers=headers,
            body=body,
            timeout=self._timeout,
            collects=self._reads_body,
        )


def _optional_headers(headers: Mapping[str, Text]) -> dict[str, Template]:
    return {
        name: value
        for name, value in headers.items()
        if isinstance(value, Template) and value.optional and name.lower() not in _ALWAYS
    }


def _optional_line(name: str, value: Template, names: Names) -> TextOf:
    is_there = compile_presence(value, names)
    text = compile_text(value, names, fit_header)
    return lambda vu: f"{name}: {text(vu)}{_END}" if is_there(vu) else ""


def _presence(value: Template | None, names: Names) -> Callable[[VirtualUser], bool]:
    return (lambda vu: True) if value is None else compile_presence(value, names)


def _text_of(text: Text, names: Names, fit: Fit) -> TextOf:
    if isinstance(text, str):
        constant = fit(text)
        return lambda vu: constant
    return compile_text(escaped(text, fit), names, fit)


def _without_length(payload: bytes) -> str:
    """All lines but the last, empty one, and without a length, which the body decides."""
    head = payload.partition(b"\r\n\r\n")[0].decode("latin-1") + _END
    return _LENGTH_LINE.sub(_END, head)


def _tail(method: str, body: bytes) -> bytes:
    if body or method in METHODS_WITH_LENGTH:
        return _LENGTH % len(body) + body
    return _END.encode()
