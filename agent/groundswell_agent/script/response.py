"""A response as a scenario in Python has it: all that is not asked for is not even looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from groundswell.script.http import Response, ResponseError
from groundswell_agent.http.content import UndecodableBody, decoded
from groundswell_agent.http.head import header_names, header_values
from groundswell_agent.http.limits import DEFAULT_BODY_LIMIT

if TYPE_CHECKING:
    from groundswell_agent.http.exchange import Exchange

_decode = msgspec.json.Decoder().decode
_SHOWN = 60


class Answer(Response):
    """Of a complete exchange. `head` is its `lower_head`."""

    __slots__ = ("_body", "_collected", "_duration", "_head", "_ok", "_raw", "_status")

    def __init__(self, exchange: Exchange, head: bytes, ok: bool) -> None:
        self._status = exchange.status
        self._duration = exchange.end - exchange.send_start
        self._raw = exchange.raw
        self._collected = exchange.collected
        self._head = head
        self._ok = ok
        self._body: bytes | None = None

    @property
    def status(self) -> int:
        return self._status

    @property
    def error(self) -> str | None:
        return None

    @property
    def ok(self) -> bool:
        return self._ok

    @property
    def duration(self) -> float:
        return self._duration

    @property
    def headers(self) -> Mapping[str, str]:
        return _Headers(self._raw)

    def header_values(self, name: str) -> list[str]:
        return header_values(self._raw, name.lower().encode("latin-1", "replace"))

    @property
    def body(self) -> bytes:
        if self._body is None:
            self._body = self._collected[:DEFAULT_BODY_LIMIT]
            if self._head.find(b"\ncontent-encoding:") >= 0:
                encodings = header_values(self._raw, b"content-encoding")
                try:
                    self._body = decoded(self._collected, encodings, DEFAULT_BODY_LIMIT)[0]
                except UndecodableBody as error:
                    raise ResponseError(error.message) from None
        return self._body

    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:  # noqa: ANN401  # JSON may be anything
        try:
            return _decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            begin = self.text()[:_SHOWN]
            message = f"the body of a response with status {self._status} is no JSON"
            raise ResponseError(f"{message}: {begin!r}") from None


class NoAnswer(Response):
    """Nothing came, or a redirect too many."""

    __slots__ = ("_error", "_status")

    def __init__(self, error: str, status: int = 0) -> None:
        self._error = error
        self._status = status

    @property
    def status(self) -> int:
        return self._status

    @property
    def error(self) -> str | None:
        return self._error

    @property
    def ok(self) -> bool:
        return False

    @property
    def duration(self) -> float:
        return 0.0

    @property
    def headers(self) -> Mapping[str, str]:
        return {}

    def header_values(self, name: str) -> list[str]:
        return []

    @property
    def body(self) -> bytes:
        return b""

    def text(self) -> str:
        return ""

    def json(self) -> Any:  # noqa: ANN401  # JSON may be anything
        raise ResponseError(f"there is no response to read JSON from: {self._error}")


class _Headers(Mapping[str, str]):
    """Looked up in the head as it came."""

    __slots__ = ("_raw",)

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def __getitem__(self, name: str) -> str:
        values = header_values(self._raw, name.lower().encode("latin-1", "replace"))
        if not values:
            raise KeyError(name)
        return ", ".join(values)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())

    def __repr__(self) -> str:
        return repr(dict(self))

    def _names(self) -> list[str]:
        return header_names(self._raw)
