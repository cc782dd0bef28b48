"""What a VU keeps of `Set-Cookie`, and which of it goes with a request: RFC 6265, as far as a server
can notice. No list of public suffixes: a test's hosts are its own.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from groundswell_agent.http.limits import LONGEST_ATTRIBUTE, LONGEST_COOKIE, MOST_COOKIES
from groundswell_agent.http.resolver import is_literal

if TYPE_CHECKING:
    from groundswell_agent.http.request import Origin

_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


@dataclass(slots=True)
class Cookie:
    """`expires` is in seconds since the epoch; None lives as long as the jar."""

    name: str
    value: str
    domain: str
    path: str
    is_host_only: bool
    is_secure: bool
    expires: float | None

    def fits(self, host: str, path: str, *, secure: bool) -> bool:
        if self.is_secure and not secure:
            return False
        if host != self.domain and (self.is_host_only or not is_within(host, self.domain)):
            return False
        return path == self.path or (
            path.startswith(self.path) and (self.path.endswith("/") or path[len(self.path)] == "/")
        )


class Jar:
    """The cookies of one VU. Empty, it costs a look at `cookies`."""

    __slots__ = ("cookies",)

    def __init__(self) -> None:
        self.cookies: dict[tuple[str, str, str], Cookie] = {}

    def clear(self) -> None:
        self.cookies.clear()

    def take(self, lines: list[str], origin: Origin, path: str) -> None:
        """Keep what a response to a request for `path` says in its `Set-Cookie` lines."""
        for line in lines:
            cookie = parse_set_cookie(line, origin.host, path)
            if cookie is None or (cookie.is_secure and origin.scheme != "https"):
                continue
            key = (cookie.domain, cookie.path, cookie.name)
            if cookie.expires is not None and cookie.expires <= time.time():
                self.cookies.pop(key, None)
            else:
                # One that is there keeps its place: the order is part of what is sent.
                self.cookies[key] = cookie
                if len(self.cookies) > MOST_COOKIES:
                    del self.cookies[next(iter(self.cookies))]

    def header_for(self, origin: Origin, target: str) -> str:
        """The value of `Cookie` for a request; nothing where none fits."""
        path = target.partition("?")[0]
        secure = origin.scheme == "https"
        fitting = [
            cookie
            for cookie in self.cookies.values()
            if cookie.fits(origin.host, path, secure=secure)
        ]
        if any(cookie.expires is not None for cookie in fitting):
            now = time.time()
            fitting = [one for one in fitting if one.expires is None or one.expires > now]
        # Longer paths first, as servers may expect.
        fitting.sort(key=lambda cookie: -len(cookie.path))
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in fitting)

    def line_for(self, origin: Origin, head: str) -> str:
        """The whole line, for a request of which the head is there so far; none where the step has
        said itself which cookies go.
        """
        if "\r\ncookie:" in head.lower():
            return ""
        value = self.header_for(origin, head.split(" ", 2)[1])
        return f"Cookie: {value}\r\n" if value else ""


def parse_set_cookie(line: str, host: str, path: str) -> Cookie | None:
    """One `Set-Cookie`, from `host`, for a request for `path`; None where it is to be ignored."""
    pair, *attributes = line.split(";")
    name, equals, value = pair.partition("=")
    name, value = name.strip(), value.strip()
    if not equals or not name or len(pair) > LONGEST_COOKIE or _CONTROLS.search(pair):
        return None
    cookie = Cookie(name, value, host, default_path(path), True, False, None)
    if len(cookie.path) > LONGEST_ATTRIBUTE:
        return None
    max_age: float | None = None
    for attribute in attributes:
        key, _, content = attribute.partition("=")
        content = content.strip()
        if len(content) > LONGEST_ATTRIBUTE:
            continue
        match key.strip().lower():
            case "domain" if content.strip("."):
                cookie.domain, cookie.is_host_only = content.lower().removeprefix("."), False
            case "path":
                cookie.path = content if content.startswith("/") else default_path(path)
            case "secure":
                cookie.is_secure = True
            case "expires":
                cookie.expires = _moment(content, cookie.expires)
            case "max-age" if re.fullmatch(r"-?[0-9]{1,12}", content):
                max_age = time.time() + int(content) if int(content) > 0 else 0.0
            case _:
                pass
    if max_age is not None:
        cookie.expires = max_age
    if cookie.is_host_only or host == cookie.domain:
        return cookie
    return cookie if is_within(host, cookie.domain) and "." in cookie.domain else None


def default_path(path: str) -> str:
    """RFC 6265, 5.1.4: up to the last slash."""
    folder = path.partition("?")[0].rpartition("/")[0]
    return folder if folder.startswith("/") else "/"


def is_within(host: str, domain: str) -> bool:
    """Whether the host is below the domain; an address is below nothing."""
    return host.endswith(f".{domain}") and not is_literal(host)


def _moment(text: str, otherwise: float | None) -> float | None:
    try:
        return parsedate_to_datetime(text.replace("-", " ")).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return otherwise
