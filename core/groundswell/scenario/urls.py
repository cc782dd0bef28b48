"""Addresses: the target of a test and the path of a request."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, quote, urlsplit

from groundswell.scenario.nodes import Filled
from groundswell.scenario.scalars import refuse_comment
from groundswell.scenario.shape import Leaf, Refusal
from groundswell.scenario.templated import Templated
from groundswell.units import shown

if TYPE_CHECKING:
    from groundswell.scenario.expressions import Expression
    from groundswell.scenario.nodes import Scalar

# Of a test in Python that names none: a name that no server ever has.
NO_TARGET = "http://target.invalid"

_ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_BLANK = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029]")
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")
_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))
_MAX_LENGTH = 8_000


def _target(scalar: Scalar) -> str | None:
    text = _address(scalar)
    if text is None:
        return None
    url = _split(text)
    if url.query or "?" in text:
        raise Refusal("holds a query", "a query belongs to a request: `query: {key: value}`")
    # Without the slash, target and path put together are the address.
    return _as_sent(text.rstrip("/"))


def _path(scalar: Scalar) -> str | None:
    text = _address(scalar)
    if text is None:
        return None
    if _ABSOLUTE.match(text):
        _split(text)
    elif not text.startswith("/"):
        raise Refusal(f"{scalar.shown} starts with no `/`", f"write /{text[:40]}, or a whole URL")
    return _as_sent(text)


def _address(scalar: Scalar) -> str | None:
    refuse_comment(scalar)
    text = scalar.text
    if not isinstance(scalar.text if scalar.templated else scalar.value, str) or not text:
        return None
    if blank := _BLANK.search(text):
        code = quote(blank[0])
        raise Refusal(f"{scalar.shown} holds a blank or a control character", f"write it as {code}")
    if "#" in text:
        raise Refusal(
            f"{scalar.shown} holds a fragment, which is never sent", "write %23 for a `#`"
        )
    if len(text) > _MAX_LENGTH:
        raise Refusal(f"is longer than {_MAX_LENGTH} characters")
    return text


def _split(text: str) -> SplitResult:
    try:
        url = urlsplit(text)
        _ = url.port
    except ValueError as error:
        raise Refusal(f"{shown(text)} is not a URL: {error}") from None
    if url.scheme not in ("http", "https"):
        raise Refusal(f"{shown(text)} is not http:// or https://", "write https://host/path")
    if "@" in url.netloc:
        raise Refusal("holds a user name or password", "send them in an Authorization header")
    if not url.hostname or url.port == 0:
        raise Refusal(f"{shown(text)} has no host" if not url.hostname else "has port 0")
    _refuse_host(url.hostname)
    return url


def _refuse_host(host: str) -> None:
    if _HOST.fullmatch(host):
        return
    try:
        hint = f"write {host.encode('idna').decode()}" if not host.isascii() else None
    except UnicodeError:
        hint = None
    raise Refusal(f"{shown(host)} is not a host name", hint)


def _as_sent(text: str) -> str:
    """What is outside ASCII in UTF-8 and percent-encoded, as browsers do it."""
    scheme, colon, rest = text.partition("://")
    lowered = scheme.lower() + colon + rest if colon and scheme.isalpha() else text
    return quote(lowered, safe=_PRINTABLE)


TARGET = Leaf(
    "an address such as https://shop.example.com",
    _target,
    {"type": "string", "pattern": r"^[hH][tT][tT][pP][sS]?://[^/?#@\s]+(/[^?#\s]*)?$"},
)


class _Path(Templated):
    """What starts with a template may become a path or a whole URL: that shows when it is sent."""

    def sample(self, node: Scalar) -> str:
        sample = super().sample(node)
        return sample if isinstance(node.parts[0], str | Filled) else f"/{sample}"

    def part(self, part: str | Expression) -> str | Expression:
        return _as_sent(part) if isinstance(part, str) else part


_PATH = Leaf(
    "a path such as /login, or a URL",
    _path,
    {"type": "string", "pattern": r"^(/|[hH][tT][tT][pP][sS]?://[^/?#@\s]+)[^#\s]*$"},
)
PATH = _Path(_PATH)
