"""A small HTTP server of a test's own, in a thread."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator
    from http.server import ThreadingHTTPServer


@contextmanager
def threaded(server: ThreadingHTTPServer) -> Generator[str]:
    """It serves until the block ends, and is closed then; its URL."""
    # Who ends it waits for the next look.
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    with server:
        thread.start()
        try:
            yield f"http://{server.server_address[0]!s}:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
