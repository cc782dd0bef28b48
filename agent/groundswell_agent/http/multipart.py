"""multipart/form-data, RFC 7578, as browsers write it."""

from __future__ import annotations

from dataclasses import dataclass
from secrets import token_hex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Field:
    """One part. `type` is its media type; `filename` makes it a file."""

    name: str
    content: bytes
    filename: str | None = None
    type: str | None = None


def encoded(fields: Iterable[Field]) -> tuple[bytes, str]:
    """The body, and its Content-Type with what stands between the parts: nothing in them is like it."""
    fields = tuple(fields)
    boundary = f"groundswell-{token_hex(16)}"
    while any(boundary.encode() in field.content for field in fields):
        boundary = f"groundswell-{token_hex(16)}"
    parts = [b"--%b\r\n%b%b\r\n" % (boundary.encode(), _head(one), one.content) for one in fields]
    body = b"".join(parts) + f"--{boundary}--\r\n".encode()
    return body, content_type(boundary)


def content_type(boundary: str) -> str:
    return f"multipart/form-data; boundary={boundary}"


def quoted(text: str) -> str:
    """A name as it stands between quotes: it ends neither them nor the line."""
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _head(field: Field) -> bytes:
    line = f'Content-Disposition: form-data; name="{quoted(field.name)}"'
    if field.filename is not None:
        line += f'; filename="{quoted(field.filename)}"'
    kind = "" if field.type is None else f"\r\nContent-Type: {field.type}"
    return f"{line}{kind}\r\n\r\n".encode("utf-8", "replace")
