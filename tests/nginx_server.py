"""Debian's nginx as our own foreground process: a target with a count that we did not write."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
import urllib.request
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.free_port import free_port

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

PAGE = b"x" * 1024

# A request is counted as its first bytes arrive: the question for the count is in its answer.
_OWN_QUESTION = 1
_STARTS_WITHIN_S = 10.0
_ENDS_WITHIN_S = 5.0

_CONF = """\
daemon off;
master_process off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections {connections}; }}
http {{
    log_format arrivals '$msec $request_time $remote_addr $status $request_uri';
    access_log {log};
    default_type application/octet-stream;
    keepalive_requests 10000000;
    keepalive_timeout 300s;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        {listen}
        root {folder}/www;
        location / {{ try_files /page =404; }}
        location = /status {{ stub_status; }}
        {locations}
    }}
    {servers}
}}
"""


@dataclass
class NginxServer:
    """A running nginx: 1 KiB at every path, its own count of requests at `/status`."""

    port: int
    has_ipv6: bool
    pid: int = 0
    address: str = "127.0.0.1"
    _questions: int = field(default=0, init=False)

    @property
    def url(self) -> str:
        return f"http://{self.address}:{self.port}"

    @property
    def url_ipv6(self) -> str:
        if not self.has_ipv6:
            raise RuntimeError("this machine has no [::1]")
        return f"http://[::1]:{self.port}"

    def requests(self) -> int:
        """What nginx has counted since its start, without the questions for the count."""
        with urllib.request.urlopen(f"{self.url}/status", timeout=10) as answer:
            text = answer.read().decode()
        self._questions += _OWN_QUESTION
        counters = re.search(r"\n (\d+) (\d+) (\d+) ", text)
        if counters is None:
            raise RuntimeError(f"no stub_status: {text!r}")
        return int(counters[3]) - self._questions


@contextmanager
def running_nginx(
    folder: Path,
    *,
    locations: str = "",
    servers: str = "",
    address: str = "127.0.0.1",
    log: Path | None = None,
    connections: int = 4096,
) -> Generator[NginxServer]:
    """Nginx with its files in `folder`, ended with the block; `locations` joins its server's,
    `servers` stand beside it.

    Each line of `log` is one request that has ended: when, how long it took, both in seconds, from
    where, with what status, for which path.
    """
    program = _program()
    server = NginxServer(free_port(), machine_has_ipv6(), address=address)
    (folder / "www").mkdir()
    (folder / "www" / "page").write_bytes(PAGE)
    conf = folder / "nginx.conf"
    conf.write_text(
        _CONF.format(
            folder=folder,
            connections=connections,
            listen=_listen(server),
            locations=locations,
            servers=servers,
            log="off" if log is None else f"{log} arrivals",
        )
    )
    error_log = folder / "error.log"
    process = subprocess.Popen([program, "-e", error_log, "-p", folder, "-c", conf])
    try:
        server.pid = process.pid
        _wait_until_it_answers(process, server, error_log)
        yield server
    finally:
        _end(process)


def _program() -> str:
    # Debian keeps it in /usr/sbin, which is not on every user's PATH.
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        raise RuntimeError("nginx is not installed: apt-get install nginx-light")
    return program


def machine_has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


def _listen(server: NginxServer) -> str:
    both = [f"listen {server.address}:{server.port} backlog=4096;"]
    if server.has_ipv6:
        both.append(f"listen [::1]:{server.port} backlog=4096;")
    return " ".join(both)


def _wait_until_it_answers(
    process: subprocess.Popen[bytes], server: NginxServer, error_log: Path
) -> None:
    deadline = time.monotonic() + _STARTS_WITHIN_S
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError):
            server.requests()
            return
        time.sleep(0.02)
    log = error_log.read_text() if error_log.exists() else "(no log)"
    raise RuntimeError(f"nginx did not start on port {server.port}:\n{log}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_ENDS_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
