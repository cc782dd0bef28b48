"""A request as somebody has sent it, and the step that sends it again."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

from groundswell.scenario.maps import HEADER_NAME
from groundswell_coordinator.importers.bodies import body_of, parts_body
from groundswell_coordinator.importers.draft import Request, literal
from groundswell_coordinator.importers.secrets import Secrets, free_name, is_secret, variable_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from groundswell_coordinator.importers.draft import Value
    from groundswell_coordinator.importers.multipart import Part

METHODS = frozenset(("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"))

# What the connection decides, and no test.
_OF_THE_CONNECTION = frozenset((
    *("host", "connection", "content-length", "transfer-encoding", "keep-alive", "te", "upgrade"),
    *("proxy-connection", "expect", "http2-settings", "accept-encoding", "content-type"),
))  # fmt: skip
# A header is one line.
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
# An id in a path would make a name of its own for every value.
_ID = re.compile(r"\d+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{16,}", re.IGNORECASE)
_PATH_SAFE = '/:@!$&()*+,;=~-._%[]|^`\\<>"'
_QUERY_SAFE = "/:@!$&()*+,;=~-._%?"


@dataclass(frozen=True, slots=True)
class Recorded:
    """`url` is whole, `headers` are as they were sent, and `body` is text; or the body is known by its
    `parts`.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: str | None = None
    parts: tuple[Part, ...] = ()

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name), None)


@dataclass(frozen=True, slots=True)
class Captured:
    """A value that an earlier response has brought, by the name that it is captured under."""

    name: str
    is_text: bool = True

    @property
    def template(self) -> str:
        return f"{{{{ {self.name} }}}}"


@dataclass
class Converter:
    """Makes steps of recorded requests. `origin` is that of the target, `captured` has the
    values that an earlier response has brought.
    """

    origin: str
    captured: Mapping[str, Captured] = field(default_factory=dict[str, Captured])
    secrets: Secrets = field(default_factory=Secrets)
    # Variables of the scenario, by the origins that they stand for.
    origins: dict[str, str] = field(default_factory=dict[str, str])
    lost: list[str] = field(default_factory=list[str])

    def request(self, recorded: Recorded) -> Request:
        url = urlsplit(recorded.url)
        request = Request(recorded.method, "")
        where = f"{recorded.method} {_shown(url.path or '/')}"
        self._address(request, url, where)
        if url.username:
            password = self.secrets.variable(
                "password", unquote(url.password or ""), f"the password of {where}"
            )
            user = literal(unquote(url.username))
            request.auth = {"basic": {"user": user, "password": password}}
        self._headers(request, recorded, where)
        if recorded.parts:
            request.body = parts_body(recorded.parts, where, self)
        elif recorded.body:
            kind = recorded.header("content-type") or ""
            request.body, content_type = body_of(recorded.body, kind, where, self)
            if content_type:
                request.headers["Content-Type"] = literal(content_type)
        elif (without_body := recorded.header("content-type")) is not None:
            request.headers["Content-Type"] = literal(without_body)
        return request

    def value(self, key: str, value: str, where: str) -> str:
        """A whole value as the test says it, where everything is text."""
        if (captured := self.captured.get(value)) is not None:
            return captured.template
        return self._plain(key, value, where)

    def leaf(self, key: str, value: float | str, where: str) -> float | str:
        """A value in JSON: what was captured keeps its type, so it must have been the same."""
        captured = self.captured.get(str(value))
        is_text = isinstance(value, str)
        if captured is not None and captured.is_text == is_text:
            return captured.template
        if not isinstance(value, str) and not is_secret(key, value):
            return value
        return self._plain(key, str(value), where)

    def _plain(self, key: str, value: str, where: str) -> str:
        if is_secret(key, value):
            return self.secrets.variable(key, value, f"`{key}` of {where}")
        return self.secrets.in_text(literal(value), f"in `{key}` of {where}")

    def _address(self, request: Request, url: SplitResult, where: str) -> None:
        segments = (url.path or "/").split("/")
        path = "/".join(self._segment(segment, where) for segment in segments)
        name = without_ids("/".join(segments))
        if "{{ env." in path:
            # A name is no place for what stands for a secret.
            request.name = _shown(name)
        elif name != "/".join(segments) and "{{" not in path:
            request.name = name
        request.path = path
        if (origin := origin_of(url)) != self.origin:
            request.path = f"{{{{ env.{self._variable_of(origin)} }}}}{path}"
            request.name = request.name or re.sub(r"\{\{ (\w+) \}\}", r":\1", path)
        pairs = parse_qsl(url.query, keep_blank_values=True)
        if not url.query:
            return
        if _is_plain(pairs) and len(pairs) == len(url.query.split("&")):
            request.query = {key: self.value(key, value, where) for key, value in pairs}
            return
        request.name = request.name or (path if "{{" not in path else None)
        request.path += "?" + "&".join(self._raw(part, where) for part in url.query.split("&"))

    def _variable_of(self, origin: str) -> str:
        """What stands for another origin than the target's, so that a run may choose another."""
        if origin not in self.origins:
            host = urlsplit(origin).hostname or ""
            wanted = variable_name(f"{host.split('.')[0]}_URL")
            name = self.origins[origin] = free_name(wanted, self.secrets.reserved)
            self.secrets.reserved.add(name)
        return self.origins[origin]

    def _segment(self, segment: str, where: str) -> str:
        plain = unquote(segment)
        if (captured := self.captured.get(plain)) is not None:
            return captured.template
        if is_secret("", plain):
            template = self.secrets.variable("token", plain, f"in the path of {where}")
            return f"{template[:-3]} | urlencode }}}}"
        return quote(segment, safe=_PATH_SAFE, errors="replace")

    def _raw(self, part: str, where: str) -> str:
        key, equals, value = part.partition("=")
        plain = unquote(value.replace("+", " "))
        if equals and key.isascii() and (plain in self.captured or is_secret(key, plain)):
            template = self.value(key, plain, where)
            return f"{quote(key, safe=_QUERY_SAFE)}={template[:-3]} | urlencode }}}}"
        return quote(part, safe=_QUERY_SAFE, errors="replace")

    def _headers(self, request: Request, recorded: Recorded, where: str) -> None:
        seen: dict[str, str] = {}
        for name, value in recorded.headers:
            lower = name.lower()
            if lower == "authorization":
                self._authorization(request, value, where)
            elif lower == "accept-encoding":
                self._accept_encoding(request, value)
            elif lower not in _OF_THE_CONNECTION and not lower.startswith(":"):
                if not HEADER_NAME.fullmatch(name) or _CONTROL.search(value):
                    self.lost.append(f"a header that is none: {name[:60]}")
                elif seen.setdefault(lower, value) != value:
                    self.lost.append(f"a second header {name} of one request")
                else:
                    # HTTP/2 knows small letters only.
                    shown = name.title() if name.islower() else name
                    request.headers[shown] = self.value(name, value, where)

    def _accept_encoding(self, request: Request, value: str) -> None:
        if value not in ("", "identity"):
            # What every agent can read, whatever is installed beside it.
            request.headers["Accept-Encoding"] = "gzip, deflate"
        if re.search("br|zstd", value):
            self.lost.append("br and zstd in Accept-Encoding: not every agent reads them")

    def _authorization(self, request: Request, value: str, where: str) -> None:
        kind, _, credentials = value.partition(" ")
        credentials = credentials.strip()
        if kind.lower() == "bearer" and credentials:
            request.auth = {"bearer": self.value("token", credentials, where)}
        elif kind.lower() == "basic" and (both := _decoded(credentials)):
            user, _, password = both.partition(":")
            template = self.secrets.variable("password", password, f"the password of {where}")
            request.auth = {"basic": {"user": literal(user), "password": template}}
        else:
            where = f"the header Authorization of {where}"
            request.headers["Authorization"] = self.secrets.variable("authorization", value, where)


def _shown(path: str) -> str:
    """For people: without the tokens in it."""
    return "/".join(":token" if is_secret("", unquote(one)) else one for one in path.split("/"))


def without_ids(path: str) -> str:
    """One name for all that differ in their ids only."""
    return "/".join(":id" if _ID.fullmatch(one) else one for one in path.split("/"))


def origin_of(url: SplitResult) -> str:
    return f"{url.scheme.lower()}://{url.netloc.rpartition('@')[2].lower()}"


def shared_auth(requests: Sequence[Request]) -> dict[str, Value]:
    """The same for how all of them authenticate themselves."""
    shared = requests[0].auth if len(requests) > 1 else None
    if not shared or any(one.auth != shared for one in requests):
        return {}
    for one in requests:
        one.auth = None
    return shared


def shared_headers(requests: Iterable[Request]) -> dict[str, str]:
    """Takes out of the requests the headers that all of them have, to be said once."""
    every = list(requests)
    if len(every) < 2:
        return {}
    first = every[0].headers
    shared = {
        name: value
        for name, value in first.items()
        if name != "Content-Type" and all(one.headers.get(name) == value for one in every)
    }
    for one in every:
        one.headers = {name: value for name, value in one.headers.items() if name not in shared}
    return shared


def _is_plain(pairs: list[tuple[str, str]]) -> bool:
    """Whether they are a mapping, with keys that a mapping may have."""
    keys = [key for key, _ in pairs]
    return len(set(keys)) == len(keys) and all(_is_key(key) for key in keys)


def _is_key(key: str) -> bool:
    return 0 < len(key) <= 200 and "{{" not in key and "\ufffd" not in key


def _decoded(credentials: str) -> str | None:
    try:
        return base64.b64decode(credentials, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
