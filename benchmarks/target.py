"""What is loaded: Debian's nginx with one worker, pinned to a core of its own, plain and over TLS."""

from __future__ import annotations

import os
import resource
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import trustme
from tests.free_port import free_port
from tests.nginx_server import NginxServer, running_nginx

if TYPE_CHECKING:
    from collections.abc import Generator

TARGET_CORE, LOAD_CORE = 0, 1
_MOST, _OTHER_DESCRIPTORS = 20_000, 1000
SMALL, LARGE = 1024, 1024 * 1024

# nginx keeps the sessions of TLS itself, as most targets do; a certificate on an elliptic curve, as
# most have.
_LOCATIONS = """\
        listen 127.0.0.1:{port} ssl backlog=4096;
        listen 127.0.0.2:{port} backlog=4096;
        listen 127.0.0.3:{port} backlog=4096;
        ssl_certificate {folder}/certificate.pem;
        ssl_certificate_key {folder}/key.pem;
        ssl_session_cache shared:sessions:4m;
        location = /page {{ return 200 "{small}"; }}
        location = /large {{ alias {folder}/large; sendfile on; }}
        location = /upload {{ client_max_body_size 0; client_body_buffer_size 64k; return 200 "ok"; }}
"""


@dataclass(frozen=True, slots=True)
class Target:
    """1 KiB at /page, 1 MiB at /large; `folder` is for whoever loads it, until it ends."""

    nginx: NginxServer
    https_port: int
    folder: Path

    @property
    def urls(self) -> tuple[str, ...]:
        """Plain ones, at several addresses: each has but 28,000 ports for those who come to it."""
        others = (f"http://127.0.0.{last}:{self.https_port}" for last in (2, 3))
        return (self.nginx.url, *others)

    def url(self, scheme: str = "http") -> str:
        return self.nginx.url if scheme == "http" else f"https://127.0.0.1:{self.https_port}"

    @property
    def authority(self) -> Path:
        """The certificate (PEM) by which the target's own can be verified."""
        return self.folder / "authority.pem"


def most_connections() -> int:
    """To one target, as far as a process's limit of descriptors allows, and 20,000 at most."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return min(_MOST, hard - _OTHER_DESCRIPTORS)


@contextmanager
def pinned_target() -> Generator[Target]:
    """A target on core 0, ended with the block."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        _certify(folder)
        (folder / "large").write_bytes(b"x" * LARGE)
        port = free_port()
        locations = _LOCATIONS.format(port=port, folder=folder, small="x" * SMALL)
        with running_nginx(
            folder, locations=locations, connections=most_connections() + 100
        ) as nginx:
            os.sched_setaffinity(nginx.pid, {TARGET_CORE})
            yield Target(nginx, port, folder)


def _certify(folder: Path) -> None:
    authority = trustme.CA()
    own = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(folder / "authority.pem")
    own.private_key_pem.write_to_path(folder / "key.pem")
    for part in own.cert_chain_pems:
        part.write_to_path(folder / "certificate.pem", append=True)
