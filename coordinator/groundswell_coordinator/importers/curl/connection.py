"""Options of curl about the way that a request takes: what the `http` of a test says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

    from groundswell_coordinator.importers.curl.command import Command
    from groundswell_coordinator.importers.draft import Value

_SECONDS = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6})?")
_RESOLVED = re.compile(r"\+?([^:]+):([0-9]{1,5}):(.+)")


def _be_insecure(command: Command) -> None:
    command.http["tls"] = {"verify": False}


def _set_connect_timeout(command: Command, value: str) -> None:
    if _SECONDS.fullmatch(value) and float(value):
        command.http["connect_timeout"] = f"{value}s"
    else:
        command.lost.append(f"--connect-timeout {value[:20]}")


def _set_proxy(command: Command, value: str) -> None:
    whole = value if "://" in value else f"http://{value}"
    try:
        url = urlsplit(whole)
        # 1080 is what curl takes where it is not said.
        port = url.port or 1080
    except ValueError:
        url, port = urlsplit(""), 0
    if url.scheme != "http" or not url.hostname:
        command.lost.append("--proxy: only those of http:// are used")
        return
    if url.username:
        command.proxy_user = f"{unquote(url.username)}:{unquote(url.password or '')}"
    host = f"[{url.hostname}]" if ":" in url.hostname else url.hostname
    proxy: dict[str, Value] = {"url": f"http://{host}:{port}"}
    command.http["proxy"] = proxy


def _set_proxy_user(command: Command, value: str) -> None:
    command.proxy_user = value


def _add_host(command: Command, value: str) -> None:
    """`host:port:address[,address]`."""
    match = _RESOLVED.fullmatch(value)
    if match is None or match[1] == "*":
        command.lost.append(f"--resolve {value[:60]}")
        return
    hosts = command.http.setdefault("hosts", {})
    assert isinstance(hosts, dict)
    addresses: list[Value] = [one.strip("[] ") for one in match[3].split(",")]
    hosts[f"{match[1]}:{match[2]}"] = addresses


CONNECTION_FLAGS: dict[str, Callable[[Command], None]] = {"insecure": _be_insecure}
CONNECTION_OPTIONS: dict[str, Callable[[Command, str], None]] = {
    "connect-timeout": _set_connect_timeout,
    "proxy": _set_proxy,
    "proxy-user": _set_proxy_user,
    "resolve": _add_host,
}
