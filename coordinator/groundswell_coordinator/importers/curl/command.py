"""One curl command, taken apart into what it sends and how."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus, urlsplit

from groundswell.errors import GroundswellError
from groundswell_coordinator.importers.curl.connection import CONNECTION_FLAGS, CONNECTION_OPTIONS
from groundswell_coordinator.importers.curl.options import LONG_BY_SHORT, WITH_VALUE, WITHOUT_EFFECT
from groundswell_coordinator.importers.curl.words import words
from groundswell_coordinator.importers.multipart import Part

if TYPE_CHECKING:
    from collections.abc import Callable

    from groundswell_coordinator.importers.draft import Value

_SECONDS = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6})?")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_PART_OPTION = re.compile(r";\s*(type|filename)=([^;]*)")
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://")


@dataclass
class Command:
    """What one command says. `http` is what the `http` of a test has for it."""

    urls: list[str] = field(default_factory=list[str])
    method: str | None = None
    headers: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    user: str | None = None
    is_digest: bool = False
    data: list[str] = field(default_factory=list[str])
    is_json: bool = False
    parts: list[Part] = field(default_factory=list[Part])
    is_get: bool = False
    timeout: str | None = None
    http: dict[str, Value] = field(default_factory=dict[str, "Value"])
    proxy_user: str | None = None
    lost: list[str] = field(default_factory=list[str])


def read_command(text: str) -> Command:
    """Raises GroundswellError for what is no command of curl."""
    said = words(text)
    if not said or said[0].rpartition("/")[2] not in ("curl", "curl.exe"):
        raise GroundswellError(
            f"this is no curl command: {text.strip()[:40]!r}", hint="it starts with curl"
        )
    command = Command()
    rest = said[1:]
    while rest:
        word = rest.pop(0)
        if word.startswith("--") and len(word) > 2:
            name, equals, value = word[2:].partition("=")
            _option(command, name, value if equals else None, rest)
        elif word.startswith("-") and len(word) > 1:
            _short(command, word[1:], rest)
        else:
            _add_url(command, word)
    return command


def _short(command: Command, letters: str, rest: list[str]) -> None:
    """`-sSd x`, `-XPOST`: letters after one that takes a value are its value."""
    for at, letter in enumerate(letters):
        name = LONG_BY_SHORT.get(letter, letter)
        if name in WITH_VALUE:
            _option(command, name, letters[at + 1 :] or None, rest)
            return
        _option(command, name, None, rest)


def _option(command: Command, name: str, value: str | None, rest: list[str]) -> None:
    if name == "next":
        raise GroundswellError("the command has a --next", hint="import each part by itself")
    if name in WITH_VALUE and value is None:
        if not rest:
            raise GroundswellError(f"--{name} has no value", hint="is the command cut off?")
        value = rest.pop(0)
    if name in _OPTIONS:
        _OPTIONS[name](command, value or "")
    elif name in CONNECTION_OPTIONS:
        CONNECTION_OPTIONS[name](command, value or "")
    elif name in CONNECTION_FLAGS:
        CONNECTION_FLAGS[name](command)
    elif name not in WITHOUT_EFFECT:
        command.lost.append(f"--{name}")


def _add_url(command: Command, url: str) -> None:
    whole = url if _SCHEME.match(url) else f"http://{url}"
    try:
        split = urlsplit(whole)
        _ = split.port
    except ValueError as error:
        raise GroundswellError(f"{url[:60]!r} is not an address: {error}") from None
    if split.scheme not in ("http", "https") or not split.hostname:
        raise GroundswellError(f"{url[:60]!r} is not an address", hint="curl 'https://…'")
    command.urls.append(whole)


def _set_method(command: Command, value: str) -> None:
    command.method = value


def _set_user(command: Command, value: str) -> None:
    command.user = value


def _set_timeout(command: Command, value: str) -> None:
    if _SECONDS.fullmatch(value) and float(value):
        command.timeout = f"{value}s"
    else:
        command.lost.append(f"--max-time {value[:20]}")


def _add_header(command: Command, value: str) -> None:
    name, colon, content = value.partition(":")
    if value.startswith("@"):
        command.lost.append("the headers of a file (--header @…)")
    elif not colon and value.endswith(";"):
        command.headers.append((value[:-1].strip(), ""))
    elif not content.strip():
        # To leave out a header that curl itself would send.
        command.lost.append(f"--header '{name[:40]}:' without a value")
    else:
        command.headers.append((name.strip(), content.strip()))


def _add_cookie(command: Command, value: str) -> None:
    if "=" in value:
        command.headers.append(("Cookie", value))
    else:
        command.lost.append("the cookies of a file (--cookie)")


def _add_part(command: Command, value: str) -> None:
    """`name=content`, or `name=@file`, with `;type=…` and `;filename=…` behind it."""
    name, _, content = value.partition("=")
    if quoted := _QUOTED.match(content):
        content, more = re.sub(r"\\(.)", r"\1", quoted[1]), content[quoted.end() :]
    else:
        # For curl, too, a semicolon ends what is not quoted.
        content, _, more = content.partition(";")
    said = {key: each.strip('"') for key, each in _PART_OPTION.findall(f";{more}")}
    filename = said.get("filename")
    if content.startswith(("@", "<")):
        filename = filename or content[1:].rpartition("/")[2]
    command.parts.append(Part(name, content, filename, said.get("type")))


def _add_string(command: Command, value: str) -> None:
    name, _, content = value.partition("=")
    command.parts.append(Part(name, content))


def _add_data(command: Command, value: str) -> None:
    """With a file in place of the text where it starts with an @."""
    if value.startswith("@"):
        command.method = command.method or "POST"
        command.lost.append(f"the body out of the file {value[1:][:60]}: put its text in the test")
    else:
        command.data.append(value)


def _add_raw(command: Command, value: str) -> None:
    command.data.append(value)


def _add_json(command: Command, value: str) -> None:
    command.is_json = True
    _add_data(command, value)


def _add_encoded(command: Command, value: str) -> None:
    """`content`, `=content` or `name=content`, of which the content is encoded."""
    key, equals, content = value.partition("=")
    if not equals and "@" in value:
        command.lost.append(f"the content of the file in --data-urlencode {value[:60]}")
        command.data.append(f"{quote(value.partition('@')[0])}=")
    elif not equals:
        command.data.append(quote_plus(value, errors="replace"))
    else:
        encoded = quote_plus(content, errors="replace")
        command.data.append(f"{key}={encoded}" if key else encoded)


def _be_get(command: Command, _: str) -> None:
    command.is_get = True


def _be_head(command: Command, _: str) -> None:
    command.method = "HEAD"


def _be_digest(command: Command, _: str) -> None:
    command.is_digest = True


def _header_of(name: str) -> Callable[[Command, str], None]:
    return lambda command, value: command.headers.append((name, value))


_OPTIONS: dict[str, Callable[[Command, str], None]] = {
    "url": _add_url,
    "request": _set_method,
    "get": _be_get,
    "head": _be_head,
    "header": _add_header,
    "user-agent": _header_of("User-Agent"),
    "referer": _header_of("Referer"),
    "cookie": _add_cookie,
    "compressed": lambda command, _: _add_header(command, "Accept-Encoding: gzip, deflate"),
    "user": _set_user,
    "digest": _be_digest,
    "oauth2-bearer": lambda command, value: _add_header(command, f"Authorization: Bearer {value}"),
    "data": _add_data,
    "data-ascii": _add_data,
    "data-binary": _add_data,
    "data-raw": _add_raw,
    "data-urlencode": _add_encoded,
    "json": _add_json,
    "form": _add_part,
    "form-string": _add_string,
    "max-time": _set_timeout,
}
