"""An authority on a disk, and what it issued:

ca.crt          what everybody trusts; while the authority is being replaced, the new one and the old
ca.key          whoever has it can issue anything
tokens          what `coordinator --tokens` reads, where tokens are used
NAME/           a folder for each certificate that was issued, see `issued_folder`
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from groundswell.errors import InvalidConfiguration
from groundswell_coordinator.certs.authority import Authority
from groundswell_coordinator.certs.issued_folder import (
    CERTIFICATE,
    KEY,
    ROOTS,
    IssuedFolder,
    make_folder,
    write_file,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta
    from pathlib import Path
    from typing import Self

    from cryptography import x509

    from groundswell_coordinator.certs.authority import Issued

_AUTHORITY_KEY = "ca.key"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
# A certificate is due when a third of its time is left.
_LEFT = 3


class AuthorityFolder:
    """`create` one, or `open` it; what there is is never written over, but by `renew` and what follows."""

    def __init__(self, path: Path, authority: Authority) -> None:
        self.path = path
        self.authority = authority

    @classmethod
    def create(cls, path: Path, validity: timedelta) -> Self:
        """Raises InvalidConfiguration where there is one."""
        if (path / ROOTS).exists() or (path / _AUTHORITY_KEY).exists():
            raise InvalidConfiguration(
                f"{path} has an authority already",
                hint="`groundswell certs rotate --ca` replaces it; --dir names another folder",
            )
        folder = cls(path, Authority.create(validity))
        folder._write_authority()
        return folder

    @classmethod
    def open(cls, path: Path) -> Self:
        """Raises InvalidConfiguration where there is none."""
        try:
            authority = Authority.load(
                (path / ROOTS).read_bytes(), (path / _AUTHORITY_KEY).read_bytes()
            )
        except FileNotFoundError:
            raise InvalidConfiguration(
                f"there is no authority in {path}", hint="`groundswell certs init` makes one"
            ) from None
        except (OSError, ValueError, TypeError) as error:
            raise InvalidConfiguration(
                f"the authority in {path} cannot be read: {error}"
            ) from error
        return cls(path, authority)

    def place(self, name: str, elsewhere: Path | None = None) -> IssuedFolder:
        """Where a certificate goes that is to be issued. Raises InvalidConfiguration."""
        if not _NAME.fullmatch(name):
            raise InvalidConfiguration(
                f"{name!r} names no certificate", hint="1 to 64 of A-Z a-z 0-9 . _ -"
            )
        folder = IssuedFolder(elsewhere or self.path / name)
        if any((folder.path / file).exists() for file in (CERTIFICATE, KEY)):
            raise InvalidConfiguration(
                f"{folder.path} has a certificate already",
                hint="`groundswell certs rotate` renews it; --name or --out is for another one",
            )
        return folder

    def write(self, folder: IssuedFolder, issued: Issued) -> None:
        folder.write(issued, self.authority.roots_pem)

    def issued(self) -> list[IssuedFolder]:
        """All that are in this folder, by name."""
        return [IssuedFolder(found.parent) for found in sorted(self.path.glob(f"*/{CERTIFICATE}"))]

    # --- rotation ------------------------------------------------------------------------------

    def due(self, folders: Sequence[IssuedFolder]) -> list[IssuedFolder]:
        """Those that end soon, and those of an authority that is being replaced."""
        now = datetime.now(UTC)
        return [one for one in folders if self._is_due(one.read(), now)]

    def renew(self, folder: IssuedFolder, validity: timedelta | None) -> None:
        self.write(folder, self.authority.renew(folder.read(), validity))

    def replace_authority(self, folders: Sequence[IssuedFolder], validity: timedelta) -> None:
        """A new one issues from now on; everybody is to trust both until `forget_replaced`."""
        old = self.authority
        if old.replaced:
            raise InvalidConfiguration(
                "the authority is being replaced already",
                hint="`groundswell certs rotate`, then `groundswell certs rotate --finish`",
            )
        self.authority = Authority.create(validity, replaced=(old.certificate,))
        self._write_authority()
        self._give_roots(folders)

    def forget_replaced(self, folders: Sequence[IssuedFolder]) -> None:
        """Nobody trusts an old authority any more. Raises InvalidConfiguration where somebody still needs it."""
        if not self.authority.replaced:
            raise InvalidConfiguration(
                "no authority is being replaced", hint="`groundswell certs rotate --ca` begins it"
            )
        needed = [one.path.name for one in folders if not self._is_ours(one.read())]
        if needed:
            raise InvalidConfiguration(
                f"{', '.join(needed)}: still of the authority that is being replaced",
                hint="`groundswell certs rotate` renews what is",
            )
        self.authority.replaced = ()
        self._write_authority()
        self._give_roots(folders)

    def _is_due(self, certificate: x509.Certificate, now: datetime) -> bool:
        lasts = certificate.not_valid_after_utc - certificate.not_valid_before_utc
        left = certificate.not_valid_after_utc - now
        return left < lasts / _LEFT or not self._is_ours(certificate)

    def _is_ours(self, certificate: x509.Certificate) -> bool:
        return certificate.issuer == self.authority.certificate.subject

    def _give_roots(self, folders: Sequence[IssuedFolder]) -> None:
        for folder in folders:
            write_file(folder.roots, self.authority.roots_pem)

    def _write_authority(self) -> None:
        make_folder(self.path)
        # The key first: an authority without one is seen to be none.
        write_file(self.path / _AUTHORITY_KEY, self.authority.key_pem, secret=True)
        write_file(self.path / ROOTS, self.authority.roots_pem)
