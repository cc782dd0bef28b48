"""Whole runs by the ways that `http` says: what the target sees, what is told, what is kept nowhere."""

from __future__ import annotations

import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, ClassVar

import pytest
import trustme

from tests.e2e.writing import iterations, write_test
from tests.free_port import free_port
from tests.nginx_server import running_nginx
from tests.threaded import threaded

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from tests.e2e.commands import Groundswell
    from tests.nginx_server import NginxServer

_KEY = "GROUNDSWELL_E2E_KEY"
_SERVER = """
server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {folder}/server.pem;
    ssl_certificate_key {folder}/server.pem;
    ssl_client_certificate {folder}/ca.pem;
    ssl_verify_client on;
    location / {{ return 200 "$ssl_client_s_dn"; }}
}}
"""


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def target(authority: trustme.CA, tmp_path: Path) -> Generator[tuple[NginxServer, int]]:
    """Nginx with its count, and the port at which it wants a certificate."""
    folder = tmp_path / "nginx"
    folder.mkdir()
    server = authority.issue_cert("shop.test")
    (folder / "server.pem").write_bytes(server.private_key_and_cert_chain_pem.bytes())
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    port = free_port()
    with running_nginx(folder, servers=_SERVER.format(port=port, folder=folder)) as nginx:
        yield nginx, port


def test_a_client_s_certificate_goes_with_the_test_and_its_key_nowhere(
    groundswell: Groundswell, authority: trustme.CA, target: tuple[NginxServer, int]
) -> None:
    nginx, port = target
    client = authority.issue_cert("vu@shop.test", common_name="a virtual user")
    folder = groundswell.folder / "test"
    folder.mkdir()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    (folder / "client.pem").write_bytes(b"".join(one.bytes() for one in client.cert_chain_pems))
    key = client.private_key_pem.bytes().decode()
    steps = [{"get": "/", "check": {"status": 200, "body": "contains a virtual user"}}]
    test = write_test(
        folder,
        f"https://shop.test:{port}",
        {"s": iterations(40, steps=steps)},
        http={
            "hosts": {"shop.test": "127.0.0.1"},
            "tls": {
                "ca": "ca.pem",
                "certificate": "client.pem",
                "key": f"{{{{ secret.{_KEY} }}}}",
            },
        },
        thresholds={"checks": ["rate == 100%"]},
    )
    before = nginx.requests()
    ran = groundswell.run(test, agents=2, env={_KEY: key})
    assert (ran.exit_code, ran.summary.warnings) == (0, ()), ran
    assert nginx.requests() - before == ran.count("http_reqs") == 40
    lines = [line for line in key.splitlines() if "-----" not in line]
    kept = [path for path in groundswell.folder.rglob("*") if path.is_file()]
    for path in kept:
        if "nginx" not in path.parts:
            assert lines[0].encode() not in path.read_bytes(), path
    # The doctor goes the same way.
    done = groundswell("doctor", test, env={_KEY: key})
    assert done.exit_code == 0, done
    assert "certificate valid until" in done.stdout
    # Without the key nothing is begun.
    done = groundswell("run", test)
    assert done.exit_code == 104, done
    assert f"the secret {_KEY} is not here" in done.stderr


def test_what_is_not_verified_is_said_before_during_and_after(
    groundswell: Groundswell, target: tuple[NginxServer, int]
) -> None:
    _, port = target
    test = write_test(
        groundswell.folder,
        f"https://127.0.0.1:{port}",
        {"s": iterations(4, steps=[{"get": "/", "expect_status": 400}])},
        http={"tls": {"verify": False}},
    )
    ran = groundswell.run(test)
    assert ran.exit_code == 0, ran
    assert [warning.code for warning in ran.summary.warnings] == ["tls_unverified"]
    for text in (ran.stdout, ran.stderr):
        assert "tls_unverified: certificates are NOT verified" in text


class Taking(BaseHTTPRequestHandler):
    """Keeps every body that comes."""

    protocol_version = "HTTP/1.1"
    bodies: ClassVar[list[bytes]] = []

    def do_PUT(self) -> None:
        self.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()

    do_POST = do_PUT

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """To nobody."""


@pytest.fixture
def taking() -> Generator[str]:
    Taking.bodies.clear()
    with threaded(ThreadingHTTPServer(("127.0.0.1", 0), Taking)) as url:
        yield url


def test_files_are_sent_byte_for_byte_by_every_agent(groundswell: Groundswell, taking: str) -> None:
    content = os.urandom(400_000)
    (groundswell.folder / "video.mp4").write_bytes(content)
    form = {"number": "{{ iteration }}", "video": {"file": "video.mp4"}}
    steps = [{"put": "/a", "file": "video.mp4"}, {"post": "/b", "multipart": form}]
    test = write_test(groundswell.folder, taking, {"s": iterations(6, steps=steps)})
    ran = groundswell.run(test, agents=2)
    assert ran.exit_code == 0, ran
    assert len(Taking.bodies) == ran.count("http_reqs") == 12
    assert Taking.bodies.count(content) == 6
    assert sum(content in body for body in Taking.bodies) == 12
