"""TLS for the requests: verified unless told otherwise, one context per agent."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def client_context(ca_file: Path | None = None, *, verify: bool = True) -> ssl.SSLContext:
    """Trusts the system's authorities, or only those in `ca_file` (PEM)."""
    context = ssl.create_default_context(cafile=ca_file)
    context.set_alpn_protocols(["http/1.1"])
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
