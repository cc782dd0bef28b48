"""Certificates with keys of all kinds, made by OpenSSL."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def self_signed(folder: Path, *kind: str) -> tuple[Path, Path]:
    """A certificate and its key; `kind` is what follows `openssl req -newkey`."""
    cert, key = folder / "tls.crt", folder / "tls.key"
    made = ("-nodes", "-days", "2", "-subj", "/CN=x", "-keyout", str(key), "-out", str(cert))
    words = ("openssl", "req", "-x509", "-newkey", *kind, *made)
    subprocess.run(words, check=True, capture_output=True)
    return cert, key
