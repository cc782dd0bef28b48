"""A port of this machine for a server of a test's own."""

from __future__ import annotations

import socket


def free_port() -> int:
    """One that nobody listens on just now."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])
