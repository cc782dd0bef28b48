"""The Secrets that cert-manager would make of a render's Certificates, with a real authority behind them."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

from groundswell_coordinator.access.role import role_of_uri
from groundswell_coordinator.certs.authority import Authority

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from groundswell_coordinator.certs.authority import Issued
    from tests.deploy.manifests import Manifests, Object


def certificates(manifests: Manifests) -> dict[str, dict[str, bytes]]:
    """Files by the names of their Secrets, all of one authority."""
    authority = Authority.create()
    return {
        certificate["spec"]["secretName"]: {
            "ca.crt": authority.roots_pem,
            "tls.crt": issued.certificate_pem,
            "tls.key": issued.key_pem,
        }
        for certificate in manifests.of("Certificate")
        if not certificate["spec"].get("isCA")
        for issued in _issued(authority, certificate["spec"])
    }


def secrets(manifests: Manifests) -> list[Object]:
    """The same as objects, to be applied beside the manifests."""
    return [
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "kubernetes.io/tls",
            "metadata": {"name": name, "namespace": "groundswell"},
            "data": {file: b64encode(content).decode() for file, content in files.items()},
        }
        for name, files in certificates(manifests).items()
    ]


def written(files: Mapping[str, bytes], folder: Path) -> Path:
    """As a pod has them mounted."""
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def _issued(authority: Authority, spec: Object) -> Iterator[Issued]:
    if "dnsNames" in spec:
        hosts = [*spec["dnsNames"], *spec.get("ipAddresses", [])]
        yield authority.issue_coordinator(spec["commonName"], hosts)
    else:
        (uri,) = spec["uris"]
        role = role_of_uri(uri)
        assert role is not None, uri
        yield authority.issue_role(role, spec["commonName"])
