"""A bare TCP server that answers HTTP and counts bytes: the truth about what crossed the wire."""

from __future__ import annotations

import math
import socket
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Truth: yes\r\n\r\nhello"
_END = b"\r\n\r\n"


@dataclass
class ByteCounter:
    """Answers every request without a body; one thread a connection."""

    listener: socket.socket
    requests: int = 0
    received: int = 0
    sent: int = 0
    # On the monotonic clock; infinite before the first request.
    first_at: float = math.inf
    _heard: list[bytes] = field(default_factory=list[bytes])
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _threads: list[threading.Thread] = field(default_factory=list[threading.Thread])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def seen(self, text: bytes) -> int:
        """How often `text` came, whatever it was part of."""
        return b"".join(self._heard).count(text)

    def serve(self) -> None:
        """Until the listener is shut down."""
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                break
            thread = threading.Thread(target=self._answer, args=(connection,))
            self._threads.append(thread)
            thread.start()
        for thread in self._threads:
            thread.join()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            waiting = b""
            while chunk := connection.recv(65536):
                waiting += chunk
                complete = waiting.count(_END)
                waiting = waiting.rpartition(_END)[2]
                connection.sendall(_ANSWER * complete)
                self._note(complete, chunk)

    def _note(self, requests: int, chunk: bytes) -> None:
        with self._lock:
            self.first_at = min(self.first_at, time.monotonic())
            self._heard.append(chunk)
            self.requests += requests
            self.received += len(chunk)
            self.sent += requests * len(_ANSWER)


@contextmanager
def counting_bytes() -> Generator[ByteCounter]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        counter = ByteCounter(listener)
        server = threading.Thread(target=counter.serve)
        server.start()
        try:
            yield counter
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            server.join()
