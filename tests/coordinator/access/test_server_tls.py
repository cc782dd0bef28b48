"""Keys of all kinds: what gRPC would not shake hands with is refused at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from groundswell.errors import InvalidConfiguration
from groundswell_coordinator.access.server_tls import ServerFiles, ServerTls
from tests.coordinator.certs.self_signed import self_signed

if TYPE_CHECKING:
    from pathlib import Path


def on_curve(name: str) -> tuple[str, ...]:
    return "ec", "-pkeyopt", f"ec_paramgen_curve:{name}"


@pytest.mark.parametrize(
    "kind", [("rsa:2048",), on_curve("P-256"), on_curve("P-384")], ids=["rsa", "P-256", "P-384"]
)
def test_keys_that_everybody_knows_are_taken(tmp_path: Path, kind: tuple[str, ...]) -> None:
    files = ServerFiles(*self_signed(tmp_path, *kind))
    assert ServerTls(files).identity.certificate_pem == files.cert.read_bytes()


@pytest.mark.parametrize(
    "kind",
    [("ed25519",), on_curve("P-521"), on_curve("secp256k1"), on_curve("prime239v1")],
    ids=["ed25519", "P-521", "secp256k1", "prime239v1"],
)
def test_keys_that_grpc_does_not_take_are_named(tmp_path: Path, kind: tuple[str, ...]) -> None:
    files = ServerFiles(*self_signed(tmp_path, *kind))
    with pytest.raises(InvalidConfiguration, match="a kind that gRPC does not take") as raised:
        ServerTls(files)
    assert str(files.cert) in raised.value.message
