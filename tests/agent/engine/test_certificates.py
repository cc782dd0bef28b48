"""Certificates of a test's own against nginx, which asks for one and says whose it was."""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import trustme

from groundswell.errors import InvalidTest
from groundswell.files.places import Beside
from groundswell.scenario.loader import TestSource, load
from groundswell_agent.engine.engine import Engine
from groundswell_agent.engine.secrets import MissingSecret
from groundswell_agent.http.tls import InvalidCertificate
from groundswell_agent.preflight.preflight import preflight
from tests.agent.engine.played import Measured, Step, get, once, preparation
from tests.free_port import free_port
from tests.nginx_server import running_nginx

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from groundswell.v1 import agent_pb2
    from groundswell_agent.preflight.check import Check

_SERVER = """
server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {folder}/server.pem;
    ssl_certificate_key {folder}/server.key;
    ssl_client_certificate {folder}/ca.pem;
    ssl_verify_client optional;
    location / {{
        return 200 "$ssl_client_verify|$ssl_client_s_dn|$ssl_server_name|$http_host";
    }}
}}
"""
KEY, PASSWORD = "CLIENT_KEY", "KEY_PASSWORD"
CLIENT = {"certificate": "client.pem", "key": f"{{{{ secret.{KEY} }}}}"}


@dataclass(frozen=True)
class Place:
    """A test's folder, with the authority and the client's certificate in it, and the target."""

    folder: Path
    port: int
    key: str

    @property
    def target(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def prepare(self, tls: dict[str, object], *steps: Step, **http: object) -> agent_pb2.Prepare:
        scenario = once(*(steps or [get("/")]), http={"tls": tls, **http})
        return preparation({"s": scenario}, self.target)

    def build(self, prepare: agent_pb2.Prepare) -> Engine:
        return Engine.build(prepare, incarnation="i", files=Beside(self.folder))

    async def play(self, tls: dict[str, object], *steps: Step, **http: object) -> Measured:
        engine = self.build(self.prepare(tls, *steps, **http))
        begin = time.monotonic_ns()
        run = Measured(begin)
        await engine.run(begin, report=run.take, started=run.started_ns.append)
        return run


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA(organization_name="Ours")


@pytest.fixture(scope="module")
def place(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Generator[Place]:
    folder = tmp_path_factory.mktemp("certificates")
    server = authority.issue_cert("shop.test")
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    (folder / "server.pem").write_bytes(b"".join(one.bytes() for one in server.cert_chain_pems))
    (folder / "server.key").write_bytes(server.private_key_pem.bytes())
    client = authority.issue_cert("vu@shop.test", common_name="a virtual user")
    (folder / "client.pem").write_bytes(b"".join(one.bytes() for one in client.cert_chain_pems))
    (folder / "both.pem").write_bytes(client.private_key_and_cert_chain_pem.bytes())
    port = free_port()
    with running_nginx(folder, servers=_SERVER.format(port=port, folder=folder)):
        yield Place(folder, port, client.private_key_pem.bytes().decode())


def says(expected: str) -> dict[str, object]:
    """A check of what nginx has said."""
    return {"check": {"body": expected}}


async def test_an_authority_of_ones_own_and_the_name_in_the_certificate(place: Place) -> None:
    tls: dict[str, object] = {"ca": "ca.pem", "server_name": "shop.test"}
    host = f"127.0.0.1:{place.port}"
    run = await place.play(tls, get("/", **says(f"NONE||shop.test|{host}")))
    assert run.rate("checks") == (1, 1)
    # The same by the host's own name, at a fixed address.
    step = get(
        f"https://shop.test:{place.port}/", **says(f"NONE||shop.test|shop.test:{place.port}")
    )
    run = await place.play({"ca": "ca.pem"}, step, hosts={"*.test": "127.0.0.1"})
    assert run.rate("checks") == (1, 1)


async def test_without_them_the_target_is_not_believed(place: Place) -> None:
    for tls in ({}, {"ca": "ca.pem"}, {"server_name": "shop.test"}):
        run = await place.play(dict(tls))
        assert run.count("http_reqs", error="tls") == 1
        assert run.rate("http_req_failed") == (1, 1)


async def test_unverified_it_is_and_everybody_is_told(place: Place) -> None:
    run = await place.play({"verify": False}, get("/", check={"status": 200}))
    assert run.rate("checks") == (1, 1)
    found = await findings(place, {"verify": False})
    assert [(one.code, one.refuses) for one in found if one.code] == [("tls_unverified", False)]
    (told,) = (one for one in found if one.code)
    assert "NOT verified" in told.message
    assert not [
        one
        for one in await findings(place, {"ca": "ca.pem", "server_name": "shop.test"})
        if one.code
    ]


async def findings(place: Place, tls: dict[str, object], **http: object) -> list[Check]:
    engine = place.build(place.prepare(tls, **http))
    return await preflight(engine.test, engine.shares, engine.connectors)


async def test_what_is_looked_at_before_the_load_is_the_load_s_own_way(place: Place) -> None:
    for tls, failed in (
        ({"ca": "ca.pem", "server_name": "shop.test"}, False),
        ({"ca": "ca.pem"}, True),
        ({}, True),
    ):
        codes = [one.code for one in await findings(place, dict(tls)) if one.code]
        assert codes == (["target_tls"] if failed else [])


@pytest.mark.parametrize("is_encrypted", [False, True])
async def test_a_certificate_of_the_client(
    place: Place, monkeypatch: pytest.MonkeyPatch, is_encrypted: bool
) -> None:
    tls: dict[str, object] = {"ca": "ca.pem", "server_name": "shop.test", **CLIENT}
    monkeypatch.setenv(KEY, encrypted(place.key, "open sesame") if is_encrypted else place.key)
    if is_encrypted:
        monkeypatch.setenv(PASSWORD, "open sesame")
        tls["key_password"] = f"{{{{ secret.{PASSWORD} }}}}"
    run = await place.play(tls, get("/", check={"body": "~ ^SUCCESS[|]CN=a virtual user,"}))
    assert run.rate("checks") == (1, 1)


def encrypted(key: str, password: str) -> str:
    """By the openssl of the machine."""
    done = subprocess.run(
        ["openssl", "pkey", "-aes256", "-passout", f"pass:{password}"],
        input=key.encode(),
        capture_output=True,
        check=True,
    )
    return done.stdout.decode()


async def test_keys_that_do_not_fit_are_refused_before_the_load(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare = place.prepare({"ca": "ca.pem", **CLIENT})
    with pytest.raises(MissingSecret, match=KEY):
        place.build(prepare)
    other = trustme.CA().issue_cert("other.test").private_key_pem.bytes().decode()
    for key in (other, "no key at all", encrypted(place.key, "open sesame")):
        monkeypatch.setenv(KEY, key)
        with pytest.raises(InvalidCertificate) as refused:
            place.build(prepare)
        assert "BEGIN" not in str(refused.value)
        assert "no key at all" not in str(refused.value)


def test_a_key_is_in_no_file_that_travels(place: Place) -> None:
    """Wherever a test goes, its files are kept on disks."""
    test = {
        "test": "t",
        "target": place.target,
        "http": {"tls": {"certificate": "both.pem", "key": f"{{{{ secret.{KEY} }}}}"}},
        "scenarios": {"s": once(get("/"))},
    }
    source = TestSource("t.yaml", json.dumps(test).encode(), files=Beside(place.folder))
    with pytest.raises(InvalidTest, match="holds a private key"):
        load(source)
