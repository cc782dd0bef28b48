"""Who may come to a coordinator, and what is checked of it: TLS, tokens, roles; kept fresh while it serves."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography import x509

from groundswell.errors import InvalidConfiguration
from groundswell_coordinator.access.admission import Admission
from groundswell_coordinator.access.expiry import ExpiryWarnings
from groundswell_coordinator.access.server_tls import ServerFiles, ServerTls
from groundswell_coordinator.access.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from groundswell_coordinator.access.caller import Caller

LOOK_EVERY_S = 1.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AccessFiles:
    """`tokens` is None where there is to be no such way in, as `server.ca` is."""

    server: ServerFiles
    tokens: Path | None = None


class Access:
    """Of a coordinator with TLS; one on loopback, or told to be insecure, has none and asks nobody."""

    def __init__(self, files: AccessFiles) -> None:
        """Raises InvalidConfiguration."""
        # Before they are read: what changes meanwhile is read again.
        self._seen: dict[Path, object] = {}
        self._look(files.server.paths)
        if files.tokens is not None:
            self._look((files.tokens,))
        self.tls = ServerTls(files.server)
        self._tokens = None if files.tokens is None else Tokens.read(files.tokens)
        self._tokens_file = files.tokens
        self._warnings = ExpiryWarnings()
        self.admission = Admission(
            lambda: self._tokens, self._attaches, by_token_alone=files.server.ca is None
        )

    @property
    def tokens(self) -> Tokens | None:
        return self._tokens

    def certificates(self) -> Iterator[tuple[str, x509.Certificate]]:
        """Ours, and those that we trust, by what they are."""
        identity = self.tls.identity
        yield "coordinator", identity.certificate
        for number, root in enumerate(identity.roots, start=1):
            yield "ca" if number == 1 else f"ca-{number}", root

    async def keep_fresh(self) -> None:
        """For ever: read what has changed, warn of what ends."""
        while True:
            self.refresh()
            await asyncio.sleep(LOOK_EVERY_S)

    def refresh(self) -> None:
        """What cannot be used is said once, and what there was before stays in use."""
        if self._look(self.tls.files.paths):
            self._read("certificates", self.tls.refresh)
        if self._tokens_file is not None and self._look((self._tokens_file,)):
            self._read("tokens", self._read_tokens)
        for what, certificate in self.certificates():
            self._warnings.look(f"the certificate of {what}", certificate)

    def _attaches(self, caller: Caller, pem: bytes) -> None:
        """An agent lives for months, and nobody reads its log: we say when its certificate ends."""
        for certificate in x509.load_pem_x509_certificates(pem)[:1] if pem else ():
            self._warnings.look(f"the {caller.identity} of an agent", certificate)

    def _read_tokens(self) -> None:
        assert self._tokens_file is not None
        self._tokens = Tokens.read(self._tokens_file)

    def _read(self, what: str, read: Callable[[], None]) -> None:
        try:
            read()
        except InvalidConfiguration as error:
            _log.error("%s: those of before stay in use: %s", what, error)
        else:
            _log.info("%s: read anew", what)

    def _look(self, paths: tuple[Path, ...]) -> bool:
        """Whether a file is another one than when it was looked at last."""
        found = {path: _stamp(path) for path in paths}
        changed = any(self._seen.get(path) != stamp for path, stamp in found.items())
        self._seen.update(found)
        return changed


def _stamp(path: Path) -> object:
    try:
        status = path.stat()
    except OSError as error:
        return error.errno
    return status.st_mtime_ns, status.st_size, status.st_ino
