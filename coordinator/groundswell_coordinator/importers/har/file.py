"""A HAR file, version 1.2, as far as a test needs it: https://w3c.github.io/web-performance/specs/HAR/Overview.html"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime

import msgspec

from groundswell.errors import GroundswellError
from groundswell_coordinator.importers.reading import bytes_of, name_of

_MOST_BYTES = 512 * 1024 * 1024

# What is to stay: an escaped backslash, and a pair; then one that stands alone.
_SURROGATES = re.compile(
    rb"(\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)


class Pair(msgspec.Struct):
    """A header, or a field of a form; a file has a name and a type."""

    name: str
    value: str | None = None
    fileName: str | None = None
    contentType: str | None = None


class PostData(msgspec.Struct):
    mimeType: str | None = None
    text: str | None = None
    params: list[Pair] | None = None


class Request(msgspec.Struct):
    method: str
    url: str
    headers: list[Pair] = []
    postData: PostData | None = None


class Content(msgspec.Struct):
    mimeType: str | None = None
    text: str | None = None
    encoding: str | None = None


class Response(msgspec.Struct):
    """`status` is 0 where none came; None where the file does not say."""

    status: float | None = 0
    headers: list[Pair] = []
    content: Content | None = None
    redirectURL: str | None = None


class Entry(msgspec.Struct):
    request: Request
    response: Response = msgspec.field(default_factory=lambda: Response(status=None))
    startedDateTime: str = ""
    time: float | None = None
    pageref: str | None = None
    resource_type: str | None = msgspec.field(default=None, name="_resourceType")

    @property
    def start(self) -> float | None:
        """Seconds of Unix time; None where it does not say."""
        try:
            moment = datetime.fromisoformat(self.startedDateTime)
        except ValueError:
            return None
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()

    @property
    def end(self) -> float | None:
        start = self.start
        return None if start is None else start + max(self.time or 0, 0) / 1000

    @property
    def mime(self) -> str:
        content = self.response.content
        return ((content.mimeType if content else None) or "").partition(";")[0].strip().lower()

    @property
    def body(self) -> str | None:
        """The body of the response as text, where the file has it."""
        content = self.response.content
        if content is None or content.text is None:
            return None
        if content.encoding != "base64":
            return content.text
        try:
            return base64.b64decode(content.text).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            return None


class Page(msgspec.Struct):
    id: str
    title: str | None = None


class Log(msgspec.Struct):
    entries: list[Entry]
    pages: list[Page] | None = None


class _File(msgspec.Struct):
    log: Log


def read_har(path: str) -> Log:
    """Raises GroundswellError for what is no HAR. Its entries come in the order of their starts."""
    data = bytes_of(path, _MOST_BYTES).removeprefix(b"\xef\xbb\xbf")
    try:
        # Browsers cut long texts, and so perhaps a pair of surrogates: half of it is no character.
        whole = _SURROGATES.sub(lambda match: match[1] or rb"\ufffd", data)
        log = msgspec.json.decode(whole, type=_File).log
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise GroundswellError(
            f"{name_of(path)} is no HAR file: {error}",
            hint="a browser's developer tools save one: Network, Save all as HAR",
        ) from error
    starts = [entry.start for entry in log.entries]
    if all(start is not None for start in starts):
        log.entries.sort(key=lambda entry: entry.start or 0.0)
    return log
