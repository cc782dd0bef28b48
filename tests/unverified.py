"""TLS as a kubelet's probes speak it: whoever answers is asked, and shown nothing."""

from __future__ import annotations

import ssl


def unverified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
