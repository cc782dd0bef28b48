"""`groundswell import curl`: a command that somebody copied out of a browser or a manual."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus, urlsplit

from groundswell.errors import GroundswellError
from groundswell_coordinator.importers.bodies import FORM, JSON
from groundswell_coordinator.importers.curl_words import words
from groundswell_coordinator.importers.draft import Draft, literal
from groundswell_coordinator.importers.load import steady
from groundswell_coordinator.importers.recorded import (
    METHODS,
    Converter,
    Recorded,
    origin_of,
    shared_auth,
    shared_headers,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from groundswell_coordinator.importers.draft import Request

_LONG_BY_SHORT = {
    "X": "request", "H": "header", "d": "data", "u": "user", "A": "user-agent", "e": "referer",
    "b": "cookie", "G": "get", "I": "head", "F": "form", "m": "max-time", "k": "insecure",
    "T": "upload-file", "x": "proxy", "E": "cert", "r": "range", "o": "output", "w": "write-out",
    "c": "cookie-jar", "K": "config", "D": "dump-header", "L": "location", "s": "silent",
    "S": "show-error", "v": "verbose", "i": "include", "f": "fail", "g": "globoff", "0": "http1.0",
    "O": "remote-name", "#": "progress-bar", "N": "no-buffer", "n": "netrc", "j": "junk-session-cookies",
    "4": "ipv4", "6": "ipv6", "y": "speed-time", "Y": "speed-limit", "z": "time-cond", "U": "proxy-user",
    "J": "remote-header-name", "R": "remote-time", "Z": "parallel", "q": "disable",
}  # fmt: skip
_DATA = ("data", "data-ascii", "data-raw", "data-binary", "data-urlencode", "json")
# Those that take a value and are carried over.
_TAKEN = (*_DATA, "request", "header", "user", "user-agent", "referer", "cookie", "max-time", "url")
# What changes what is printed or kept, and nothing of what is sent.
_WITHOUT_EFFECT = frozenset((
    *("silent", "show-error", "verbose", "include", "fail", "location", "globoff", "no-buffer"),
    *("progress-bar", "remote-name", "remote-header-name", "remote-time", "fail-with-body"),
    *("no-progress-meter", "parallel", "disable", "http1.1", "location-trusted"),
))  # fmt: skip
_WITHOUT_EFFECT_VALUE = frozenset(("output", "write-out", "dump-header", "cookie-jar", "stderr"))
# The rest that takes a value: it is named as lost with it.
_OTHERS_WITH_VALUE = frozenset((
    *("form", "form-string", "upload-file", "proxy", "proxy-user", "cert", "key", "cacert", "capath"),
    *("range", "config", "resolve", "connect-to", "interface", "connect-timeout", "retry", "limit-rate"),
    *("retry-delay", "retry-max-time", "speed-time", "speed-limit", "time-cond", "ciphers", "cert-type"),
    *("oauth2-bearer", "aws-sigv4", "max-redirs", "tls-max", "unix-socket", "pass", "max-filesize"),
    *("url-query", "socks5", "socks5-hostname", "tls13-ciphers", "proto", "local-port", "noproxy"),
))  # fmt: skip


@dataclass
class _Command:
    """What one curl command says."""

    urls: list[str] = field(default_factory=list[str])
    method: str | None = None
    headers: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    data: list[str] = field(default_factory=list[str])
    is_json: bool = False
    is_get: bool = False
    timeout: str | None = None
    lost: list[str] = field(default_factory=list[str])


def import_curl(commands: Sequence[str]) -> Draft:
    """One step for each address of each command, in their order."""
    read = [_command(command) for command in commands]
    urls = [url for command in read for url in command.urls]
    if not urls:
        raise GroundswellError("the command names no address", hint="curl 'https://…'")
    first = urlsplit(urls[0])
    converter = Converter(origin_of(first))
    requests = [one for command in read for one in _requests(command, converter)]
    lost = [*(note for command in read for note in command.lost), *converter.lost]
    return Draft(
        test=literal(first.hostname or "curl"),
        origin="a curl command" if len(commands) == 1 else f"{len(commands)} curl commands",
        target=converter.origin,
        scenario="curl",
        load=steady(),
        steps=list(requests),
        headers=shared_headers(requests),
        auth=shared_auth(requests),
        origins=converter.origins,
        secrets=converter.secrets.notes(),
        lost=list(dict.fromkeys(lost)),
    )


def _requests(command: _Command, converter: Converter) -> list[Request]:
    made: list[Request] = []
    for url in command.urls:
        recorded = _recorded(command, url)
        if recorded.method not in METHODS:
            command.lost.append(f"{recorded.method} {urlsplit(url).path}: no such method in a test")
            continue
        request = converter.request(recorded)
        request.timeout = command.timeout
        # curl asks for no status, and this is what a person looks for.
        request.status = "2xx"
        made.append(request)
    return made


def _recorded(command: _Command, url: str) -> Recorded:
    headers, body = list(command.headers), None
    data = ("" if command.is_json else "&").join(command.data)
    if command.is_get and data:
        url += ("&" if "?" in url else "?") + data
    elif command.data:
        body = data
        named = {name.lower() for name, _ in headers}
        implied = [("Content-Type", JSON if command.is_json else FORM)]
        implied += [("Accept", JSON)] if command.is_json else []
        headers += [(name, value) for name, value in implied if name.lower() not in named]
    method = command.method or ("POST" if body is not None else "GET")
    return Recorded(method.upper(), url, tuple(headers), body)


def _command(text: str) -> _Command:
    said = words(text)
    if not said or said[0].rpartition("/")[2] not in ("curl", "curl.exe"):
        raise GroundswellError(
            f"this is no curl command: {text.strip()[:40]!r}", hint="it starts with curl"
        )
    command = _Command()
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


def _short(command: _Command, letters: str, rest: list[str]) -> None:
    """`-sSd x`, `-XPOST`: letters after one that takes a value are its value."""
    for at, letter in enumerate(letters):
        name = _LONG_BY_SHORT.get(letter, letter)
        if name in _TAKEN or name in _OTHERS_WITH_VALUE or name in _WITHOUT_EFFECT_VALUE:
            _option(command, name, letters[at + 1 :] or None, rest)
            return
        _option(command, name, None, rest)


def _option(command: _Command, name: str, value: str | None, rest: list[str]) -> None:
    takes = name in _TAKEN or name in _OTHERS_WITH_VALUE or name in _WITHOUT_EFFECT_VALUE
    if takes and value is None:
        if not rest:
            raise GroundswellError(f"--{name} has no value", hint="is the command cut off?")
        value = rest.pop(0)
    if name in _TAKEN:
        _take(command, name, value or "")
    elif name == "get":
        command.is_get = True
    elif name == "head":
        command.method = "HEAD"
    elif name == "compressed":
        command.headers.append(("Accept-Encoding", "gzip, deflate"))
    elif name == "next":
        raise GroundswellError("the command has a --next", hint="import each part by itself")
    elif name in ("form", "form-string"):
        command.method = command.method or "POST"
        command.lost.append(
            f"--{name} {(value or '').partition('=')[0]}: a part of a multipart body"
        )
    elif name not in _WITHOUT_EFFECT and name not in _WITHOUT_EFFECT_VALUE:
        command.lost.append(f"--{name}")


def _take(command: _Command, name: str, value: str) -> None:
    if name in _DATA:
        _add_data(command, name, value)
    elif name == "request":
        command.method = value
    elif name == "header":
        _add_header(command, value)
    elif name == "user":
        both = base64.b64encode(value.encode("utf-8", "replace")).decode()
        command.headers.append(("Authorization", f"Basic {both}"))
    elif name in ("user-agent", "referer"):
        command.headers.append((name.title(), value))
    elif name == "cookie" and "=" in value:
        command.headers.append(("Cookie", value))
    elif name == "cookie":
        command.lost.append("the cookies of a file (--cookie)")
    elif name == "max-time":
        _add_timeout(command, value)
    else:
        _add_url(command, value)


def _add_timeout(command: _Command, value: str) -> None:
    if re.fullmatch(r"[0-9]{1,6}(?:\.[0-9]{1,6})?", value) and float(value):
        command.timeout = f"{value}s"
    else:
        command.lost.append(f"--max-time {value[:20]}")


def _add_url(command: _Command, url: str) -> None:
    whole = url if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*://", url) else f"http://{url}"
    try:
        split = urlsplit(whole)
        _ = split.port
    except ValueError as error:
        raise GroundswellError(f"{url[:60]!r} is not an address: {error}") from None
    if split.scheme not in ("http", "https") or not split.hostname:
        raise GroundswellError(f"{url[:60]!r} is not an address", hint="curl 'https://…'")
    command.urls.append(whole)


def _add_header(command: _Command, value: str) -> None:
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


def _add_data(command: _Command, name: str, value: str) -> None:
    if name not in ("data-raw", "data-urlencode") and value.startswith("@"):
        command.method = command.method or "POST"
        command.lost.append(
            f"the body out of the file {value[1:][:60]}: put its text into the test"
        )
        return
    if name == "data-urlencode":
        value = _encoded(command, value)
    command.is_json = command.is_json or name == "json"
    command.data.append(value)


def _encoded(command: _Command, value: str) -> str:
    """`content`, `=content` or `name=content`, of which the content is encoded."""
    key, equals, content = value.partition("=")
    if not equals and "@" in value:
        command.lost.append(f"the content of the file in --data-urlencode {value[:60]}")
        return f"{quote(value.partition('@')[0])}="
    if not equals:
        return quote_plus(value, errors="replace")
    return f"{key}{'=' if key else ''}{quote_plus(content, errors='replace')}"
