"""What a scenario in Python sends and gets: `vu.http` and its responses."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, TypedDict

from groundswell.errors import GroundswellError

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping, Sequence
    from typing import Unpack

    from groundswell.scenario.step_model import Method

    # To be awaited.
    Pending = Coroutine[Any, Any, "Response"]

# A value of a query or a form, written as text: true, 7, wave.
Plain = str | int | float | bool
# A field of a form with files: text, bytes, or a file as (name, content) or (name, content, media type).
Part = Plain | bytes | tuple[str, str | bytes] | tuple[str, str | bytes, str]


class RequestOptions(TypedDict, total=False):
    """What a request says besides its path. At most one of `json`, `form`, `multipart` and `body`."""

    # What metrics and reports call the request; its path. Requests whose path differs from one
    # iteration to the next want a name, or each of them is a series of its own.
    name: str
    # They go before the test's defaults, whatever the case of their names.
    headers: Mapping[str, str]
    # Parameters that are added to the path, encoded.
    query: Mapping[str, Plain]
    # Sent as JSON, with its Content-Type.
    json: object
    # Sent as the fields of a form, with its Content-Type.
    form: Mapping[str, Plain]
    # Sent as the fields of a form with files; a list sends several of one name.
    multipart: Mapping[str, Part | Sequence[Part]]
    # Sent as it is; text in UTF-8.
    body: str | bytes
    # Seconds, or "300ms".
    timeout: float | str
    # Statuses that do not count as failed: 200, "2xx", [200, 409]. Default: 200 to 399.
    expect_status: int | str | Sequence[int | str]
    # How many redirects are followed; 10.
    redirects: int
    # Tags of the request's samples.
    tags: Mapping[str, str]
    # False drops the body as it comes, which spares an agent the copying of large ones.
    keep_body: bool


class ResponseError(GroundswellError):
    """A response lacks what was asked of it: there is none, or its body is no JSON.

    Where a scenario does not catch it, the iteration ends there and counts as failed, but not as
    one that shows the test itself to be broken, no more than any exception after a failed response:
    what a target does never ends a run by exit 107.
    """


class Response(ABC):
    """What came of a request. One that failed has no status, and its `error` says why."""

    __slots__ = ()

    @property
    @abstractmethod
    def status(self) -> int:
        """0 where there is no response."""

    @property
    @abstractmethod
    def error(self) -> str | None:
        """timeout, refused, reset, tls, dns, protocol, local; None where there is a response."""

    @property
    @abstractmethod
    def ok(self) -> bool:
        """Whether the status is one of those that the request expects."""

    @property
    @abstractmethod
    def duration(self) -> float:
        """Seconds from the first byte sent to the last one received; 0.0 without a response."""

    @property
    @abstractmethod
    def headers(self) -> Mapping[str, str]:
        """By name, in any case; of one that came several times, the values joined by a comma."""

    @property
    @abstractmethod
    def body(self) -> bytes:
        """Without its Content-Encoding, at most 10 MiB of it."""

    @abstractmethod
    def header_values(self, name: str) -> list[str]:
        """All values of a header, each as it came: what `Set-Cookie` needs."""

    @abstractmethod
    def text(self) -> str:
        """The body as UTF-8; what is none of it becomes U+FFFD."""

    @abstractmethod
    def json(self) -> Any:  # noqa: ANN401  # JSON may be anything
        """The body as JSON. ResponseError where there is no response, or no JSON in it."""


class Http(ABC):
    """The requests of one VU: on its own connections, which it keeps between iterations, with its
    own cookies. Requests that are awaited side by side, as with `asyncio.gather`, each have a
    connection. Whatever the target does is a response and a sample, never an exception.

    A path is one below the test's target, or a whole URL.
    """

    __slots__ = ()

    @abstractmethod
    def request(self, method: Method, path: str, **options: Unpack[RequestOptions]) -> Pending: ...

    @abstractmethod
    def get(self, path: str, **options: Unpack[RequestOptions]) -> Pending: ...

    @abstractmethod
    def post(self, path: str, **options: Unpack[RequestOptions]) -> Pending: ...

    @abstractmethod
    def put(self, path: str, **options: Unpack[RequestOptions]) -> Pending: ...

    @abstractmethod
    def patch(self, path: str, **options: Unpack[RequestOptions]) -> Pending: ...

    @abstractmethod
    def delete(self, path: str, **options: Unpack[RequestOptions]) -> Pending: ...

    @abstractmethod
    def head(self, path: str, **options: Unpack[RequestOptions]) -> Pending: ...

    @abstractmethod
    def options(self, path: str, **options: Unpack[RequestOptions]) -> Pending: ...
