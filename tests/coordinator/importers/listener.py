"""A server that keeps what it is sent."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from tests.threaded import threaded

if TYPE_CHECKING:
    from collections.abc import Generator


@dataclass(frozen=True, slots=True)
class Heard:
    """One request; header names in small letters."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


@contextmanager
def listening() -> Generator[tuple[str, list[Heard]]]:
    """Its URL, and what it has heard so far."""
    heard: list[Heard] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            path, _, query = self.path.partition("?")
            headers = {name.lower(): value for name, value in self.headers.items()}
            heard.append(Heard(self.command, path, query, headers, body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = handle_any

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with threaded(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as url:
        yield url, heard
