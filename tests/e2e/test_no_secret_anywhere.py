"""A run on a pool that knows every kind of secret, and then everything that was written, said and served of it."""

from __future__ import annotations

import base64
import gzip
import urllib.request
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from groundswell_coordinator.certs.issued_folder import IssuedFolder
from tests.e2e.commands import HERE
from tests.e2e.processes import eventually
from tests.e2e.test_closed_door import certs
from tests.e2e.writing import iterations, write_test
from tests.free_port import free_port
from tests.threaded import threaded
from tests.unverified import unverified

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from tests.e2e.commands import Groundswell

__all__ = ["certs"]

_UP_S = 30.0
# Nothing that would be there by chance.
_ENV, _SECRET, _SETUP = "vhqz-PLUGH-env-7391", "vhqz-XYZZY-agent-7392", "vhqz-FROTZ-setup-7393"
_PASSWORD, _PROXY, _OUTPUT = "vhqzPassword7394", "vhqzProxy7395", "vhqzOutput7396"
_COOKIE = "vhqz-COOKIE-7397"


class _Target(BaseHTTPRequestHandler):
    """A target, the proxy before it, and what notes all that it hears."""

    protocol_version = "HTTP/1.1"
    heard: list[str]

    def do_GET(self) -> None:
        self.heard.append(f"{self.requestline}\n{self.headers}")
        body = b'{"token": "%b"}' % _SETUP.encode()
        status = 401 if self.path.endswith("/refused") else 200
        self.send_response(status, "No")
        self.send_header("Set-Cookie", f"sid={_COOKIE}")
        self.send_header("WWW-Authenticate", 'Basic realm="x"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401  # as it is declared
        """Nothing on standard error."""


@contextmanager
def _target() -> Generator[tuple[str, list[str]]]:
    heard = list[str]()
    handler = type("Handler", (_Target,), {"heard": heard})
    with threaded(ThreadingHTTPServer(("127.0.0.1", 0), handler)) as url:
        yield url, heard


def _written(folder: Path, proxy_url: str) -> Path:
    """A test that sends every secret, and of which requests and checks fail, so that much is said."""
    bearer = {"Authorization": "Bearer {{ setup.token }}", "X-Env": "{{ env.GS_ENV }}"}
    basic = {"basic": {"user": "alice", "password": "{{ env.GS_PASSWORD }}"}}
    steps = [
        {"get": "/a", "headers": {**bearer, "X-Secret": "{{ secret.GS_SECRET }}"}},
        {"get": "/b?key={{ env.GS_ENV }}", "name": "b", "auth": basic},
        {"get": "/refused", "headers": bearer, "check": {"status": 200}},
        {"get": "/c", "capture": {"nothing": "$.not.there"}},
    ]
    setup = [{"get": "/login", "capture": {"token": "$.token"}}]
    proxy = {
        "url": proxy_url,
        "user": "bob",
        "password": "{{ env.GS_PROXY }}",
    }
    return write_test(
        folder,
        "http://shop.test",
        {"load": iterations(20, steps=steps)},
        setup=setup,
        http={"proxy": proxy},
        thresholds={"checks": ["rate > 99%"]},
    )


@pytest.mark.slow
def test_no_secret_is_in_any_log_store_report_export_or_metric(
    groundswell: Groundswell, certs: Path, tmp_path: Path
) -> None:
    place, port, http = IssuedFolder(certs / "coordinator"), free_port(), free_port()
    where = ("--coordinator", f"localhost:{port}", "--ca", place.roots)
    ci = (*where, "--token-file", certs / "ci.token")
    serves = ("--cert", place.certificate, "--key", place.key, "--tokens", certs / "tokens")
    listens = ("--listen", f"127.0.0.1:{port}", "--http", f"127.0.0.1:{http}")
    reports = [f"--{kind}={HERE}/{kind}" for kind in ("junit", "markdown", "html", "csv", "hdr")]
    with ExitStack() as up:
        target, heard = up.enter_context(_target())
        test = _written(tmp_path, target)
        files = ("--port-file", f"{HERE}/ports", "--log-format", "json")
        serving = up.enter_context(groundswell.starting("coordinator", *listens, *serves, *files))
        eventually(lambda: (serving.folder / "ports").exists(), _UP_S, "a coordinator")
        allowed = ("--allow-target", "shop.test", "--allow-target", "loopback")
        token = ("--token-file", certs / "agent.token")
        agent = ("agent", *where, "--workers", "1", *token, *allowed)
        up.enter_context(groundswell.starting(*agent, env={"GS_SECRET": _SECRET}))
        output = f"prometheus=http://carol:{_OUTPUT}@127.0.0.1:{free_port()}/api/v1/write"
        given = (f"GS_ENV={_ENV}", f"GS_PASSWORD={_PASSWORD}", f"GS_PROXY={_PROXY}")
        variables = [word for one in given for word in ("-e", one)]
        run: tuple[str | Path, ...] = (
            "-v",
            "--out",
            output,
            "--wait",
            "30s",
            *variables,
            *reports,
            *ci,
        )
        ran = up.enter_context(groundswell.starting_run(test, *run)).end_of_run()
        said = {"stdout of run": ran.stdout.encode(), "summary": ran.summary.to_json().encode()}
        for words in (("show", "last"), ("runs",), ("agents",), ("verdict", "last", *variables)):
            done = groundswell(*words, *ci)
            said[words[0]] = (done.stdout + done.stderr).encode()
        export = tmp_path / "run.groundswell"
        assert groundswell("export", "last", export, *ci).exit_code == 0
        said["/metrics"] = _metrics(http, certs / "ci.token")

    # All of them were really sent.
    everything = "\n".join(heard)
    for secret in (_ENV, _SECRET, _SETUP, _base64("alice", _PASSWORD), _base64("bob", _PROXY)):
        assert secret in everything
    assert ran.exit_code == 99, ran
    said["export"] = gzip.decompress(export.read_bytes())
    own = {test, certs / "ci.token", certs / "agent.token"}
    for folder in (groundswell.folder, tmp_path):
        found = (path for path in folder.rglob("*") if path.is_file() and path not in own)
        said |= {str(path): path.read_bytes() for path in found}
    assert len(said) > 20
    tokens = [(certs / name).read_text().strip() for name in ("ci.token", "agent.token")]
    for name, content in said.items():
        for form in _forms(_ENV, _SECRET, _SETUP, _PASSWORD, _PROXY, _OUTPUT, _COOKIE, *tokens):
            assert form not in content, f"{form!r} is in {name}"


def _metrics(port: int, token: Path) -> bytes:
    request = urllib.request.Request(f"https://127.0.0.1:{port}/metrics")
    request.add_header("Authorization", f"Bearer {token.read_text().strip()}")
    with urllib.request.urlopen(request, context=unverified()) as answer:
        text: bytes = answer.read()
    assert b"groundswell_" in text
    return text


def _base64(user: str, password: str) -> str:
    return base64.b64encode(f"{user}:{password}".encode()).decode()


def _forms(*secrets: str) -> Iterator[bytes]:
    """Each as it is, and in base64 wherever in a text it may have stood."""
    for secret in secrets:
        yield secret.encode()
        for before in range(3):
            # Only what does not depend on what stood before and after it.
            whole = base64.b64encode(b"\0" * before + secret.encode())
            yield whole[(0, 2, 3)[before] : -4]
