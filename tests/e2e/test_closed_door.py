"""A pool behind mutual TLS, as processes: certificates of `groundswell certs`, a token, and an authority that
is replaced while a run goes on.
"""

from __future__ import annotations

import shutil
from contextlib import ExitStack, contextmanager
from signal import SIGTERM
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from groundswell.credentials import Credentials
from groundswell_coordinator.certs.issued_folder import IssuedFolder
from groundswell_coordinator.cli.certs_group import command
from tests.e2e.processes import eventually
from tests.e2e.service import serving
from tests.e2e.writing import arrivals, write_test
from tests.free_port import free_port

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from tests.e2e.commands import Groundswell, Running
    from tests.e2e.demo import Demo

_UP_S = 30.0


def shown(folder: Path) -> list[str]:
    """A certificate, as options."""
    place = IssuedFolder(folder)
    return Credentials(place.roots, place.certificate, place.key).words()


@pytest.fixture
def certs(groundswell: Groundswell) -> Path:
    folder = groundswell.home / "certs"
    for words in (
        ("init",),
        ("issue", "coordinator", "--host", "localhost"),
        ("issue", "agent"),
        ("issue", "operator"),
        ("issue", "viewer"),
        ("token", "operator", "--name", "ci"),
        ("token", "agent"),
    ):
        # In this process: the command itself is tried where it rotates.
        made = CliRunner().invoke(command, words, env={"GROUNDSWELL_CERTS": str(folder)})
        assert made.exit_code == 0, made.output
    return folder


@contextmanager
def coordinator(groundswell: Groundswell, port: int, *words: str) -> Generator[Running]:
    listen = f"127.0.0.1:{port}"
    with serving(groundswell, "--lease", "10s", *words, listen=listen) as service:
        yield service.running


def test_an_authority_is_replaced_during_a_run_and_nothing_is_lost(
    groundswell: Groundswell, certs: Path, demo: Demo, tmp_path: Path
) -> None:
    port = free_port()
    where, serves = ("--coordinator", f"localhost:{port}"), shown(certs / "coordinator")
    test = write_test(tmp_path, demo.url, {"load": arrivals("50/s", "6s")})
    stolen = tmp_path / "stolen"
    shutil.copytree(certs / "operator", stolen)
    with ExitStack() as up:
        first = up.enter_context(coordinator(groundswell, port, *serves))
        agents = ("--workers", "2", "--name", "box", *shown(certs / "agent"))
        up.enter_context(groundswell.starting("agent", *where, *agents))
        refused = groundswell("run", test, *where, *shown(certs / "viewer"))
        assert (refused.exit_code, "viewer" in refused.stderr) == (106, True), refused
        running = up.enter_context(
            groundswell.starting_run(test, *where, *shown(certs / "operator"), agents=2)
        )
        eventually(lambda: demo.requests() >= 50, _UP_S, "a second of it")

        for step in ("--ca", "--all"):
            assert groundswell("certs", "rotate", step).exit_code == 0
        eventually(lambda: "certificates: read anew" in first.stderr, _UP_S, "new certificates")
        # With these, the next coordinator and the agents' next streams begin.
        first.signal(SIGTERM)
        assert first.end().exit_code == 0
        second = up.enter_context(coordinator(groundswell, port, *serves))
        assert groundswell("certs", "rotate", "--finish").exit_code == 0
        eventually(lambda: "certificates: read anew" in second.stderr, _UP_S, "one authority")
        ran = running.end_of_run()

        late = groundswell("agents", *where, *shown(stolen))
        assert late.exit_code == 106, late
        good = groundswell("agents", *where, *shown(certs / "operator"))
        assert (good.exit_code, "box-2" in good.stdout) == (0, True), good

    assert (ran.exit_code, ran.summary.verdict) == (0, "PASS"), ran
    load = ran.summary.scenarios["load"]
    assert (load.planned, load.fired, load.dropped, load.unknown) == (300, 300, {}, 0)
    assert ran.count("http_reqs") == demo.requests() == 300


def test_a_token_out_of_the_environment_runs_a_test_until_its_line_is_gone(
    groundswell: Groundswell, certs: Path, demo: Demo, tmp_path: Path
) -> None:
    port = free_port()
    place, tokens = IssuedFolder(certs / "coordinator"), certs / "tokens"
    where = ("--coordinator", f"127.0.0.1:{port}")
    serves = ("--cert", str(place.certificate), "--key", str(place.key), "--tokens", str(tokens))
    env = {"GROUNDSWELL_CA": str(place.roots), "GROUNDSWELL_TOKEN_FILE": str(certs / "ci.token")}
    test = write_test(tmp_path, demo.url, {"load": arrivals("50/s", "1s")})
    with coordinator(groundswell, port, *serves) as running:
        agent = ("--ca", str(place.roots), "--token-file", str(certs / "agent.token"))
        with groundswell.starting("agent", *where, "--workers", "1", *agent):
            with groundswell.starting_run(test, *where, env=env) as run:
                assert run.end_of_run().exit_code == 0
            tokens.write_text("# nobody\n")
            eventually(lambda: "tokens: read anew" in running.stderr, _UP_S, "no token")
            refused = groundswell("agents", *where, env=env)
    assert refused.exit_code == 106, refused
    assert "does not know this token" in refused.stderr
    secret = (certs / "ci.token").read_text().strip()
    assert secret not in running.stderr + refused.stderr


def test_tls_alone_is_no_door(groundswell: Groundswell, certs: Path) -> None:
    place = IssuedFolder(certs / "coordinator")
    words = ("coordinator", "--listen", "0.0.0.0:0", "--http", "off")
    tls = ("--cert", str(place.certificate), "--key", str(place.key))
    done = groundswell(*words, *tls)
    assert (done.exit_code, "TLS alone lets anybody in" in done.stderr) == (104, True), done
    wrong = ("--cert", str(place.certificate), "--key", str(place.roots), "--ca", str(place.roots))
    done = groundswell(*words, *wrong)
    assert (done.exit_code, "holds no key" in done.stderr) == (104, True), done
