"""A coordinator behind TLS in this process, and all kinds of people who come to it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from groundswell.credentials import Credentials, Remote
from groundswell_coordinator.access.access import Access, AccessFiles
from groundswell_coordinator.access.role import Role
from groundswell_coordinator.access.server_tls import ServerFiles
from groundswell_coordinator.access.tokens import TokenLine, new_token
from groundswell_coordinator.certs.authority import Authority
from groundswell_coordinator.certs.issued_folder import IssuedFolder
from tests.integration.site import running_site

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from groundswell_coordinator.certs.authority import Issued
    from tests.integration.site import Site

_A_DAY = timedelta(days=1)


class Papers:
    """Certificates and tokens of every kind, as files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = Authority.create()
        self.foreign = Authority.create()
        self.server = self._written(
            "coordinator", self.authority.issue_coordinator("c", ["localhost", "127.0.0.1"], _A_DAY)
        )
        self.tokens = folder / "tokens"
        self.tokens.write_text("")

    def certificate(
        self, role: Role, name: str = "", *, left: timedelta = _A_DAY, foreign: bool = False
    ) -> Credentials:
        """One that is good for so long."""
        issuer = self.foreign if foreign else self.authority
        name = name or f"{role}-{left.days}-{foreign}"
        return self._shown(self._written(name, issuer.issue_role(role, name, left)))

    def without_role(self) -> Credentials:
        """A certificate of the same authority that says nothing of us: cert-manager makes many."""
        certificate = self.authority.issue_role(Role.VIEWER, "someone", _A_DAY)
        place = self._written("someone", certificate)
        stripped = without_uri(self.authority, place)
        place.write(stripped, self.authority.roots_pem)
        return self._shown(place)

    def token(self, role: Role) -> Credentials:
        secret = new_token()
        with self.tokens.open("a") as file:
            file.write(f"{TokenLine.of(role, f'{role}-token', secret)}\n")
        return self.shown_token(secret)

    def shown_token(self, secret: str) -> Credentials:
        file = self.folder / f"{len(list(self.folder.iterdir()))}.token"
        file.write_text(f"{secret}\n")
        return Credentials(ca=self.server.roots, token_file=file)

    def nothing(self) -> Credentials:
        return Credentials(ca=self.server.roots)

    def access(self, *, mutual: bool, tokens: bool = False) -> Access:
        ca = self.server.roots if mutual else None
        files = ServerFiles(self.server.certificate, self.server.key, ca)
        return Access(AccessFiles(files, self.tokens if tokens else None))

    def renew_server(self, authority: Authority) -> None:
        self.server.write(
            authority.issue_coordinator("c", ["localhost", "127.0.0.1"], _A_DAY),
            authority.roots_pem,
        )

    def _shown(self, place: IssuedFolder) -> Credentials:
        return Credentials(ca=self.server.roots, cert=place.certificate, key=place.key)

    def _written(self, name: str, issued: Issued) -> IssuedFolder:
        place = IssuedFolder(self.folder / name)
        place.write(issued, self.authority.roots_pem)
        return place


def without_uri(authority: Authority, place: IssuedFolder) -> Issued:
    """The same authority's certificate for a host, for client authentication."""
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    names = [x509.DNSName("someone.internal")]
    return authority._issue(  # pyright: ignore[reportPrivateUsage]
        place.read().subject, names, ExtendedKeyUsageOID.CLIENT_AUTH, _A_DAY
    )


@dataclass
class Guarded:
    site: Site
    access: Access
    papers: Papers

    def remote(self, credentials: Credentials) -> Remote:
        return Remote.of(self.site.address, credentials)


@contextlib.asynccontextmanager
async def guarded_site(
    folder: Path, papers: Papers, *, mutual: bool = True, tokens: bool = False
) -> AsyncGenerator[Guarded]:
    access = papers.access(mutual=mutual, tokens=tokens)
    async with running_site(folder, access=access) as site:
        yield Guarded(site, access, papers)
