"""The certificates of one run: those of its pods as a Secret, the client's own in a private folder.

They are worth nothing once the cluster has taken the run away.
"""

from __future__ import annotations

import base64
import tempfile
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from groundswell.credentials import Credentials
from groundswell_coordinator.access.role import Role
from groundswell_coordinator.certs.authority import Authority
from groundswell_coordinator.certs.issued_folder import IssuedFolder
from groundswell_coordinator.launch.kubernetes.settings import KEPT_S

if TYPE_CHECKING:
    from collections.abc import Generator

    from groundswell_coordinator.launch.kubernetes.manifest import Object
    from groundswell_coordinator.launch.kubernetes.settings import RunSettings


class RunCertificates:
    """An authority of the run's own, of which nobody keeps the key."""

    def __init__(self, settings: RunSettings) -> None:
        lasts = timedelta(seconds=settings.deadline_s + KEPT_S, hours=1)
        authority = Authority.create(lasts)
        self._roots = authority.roots_pem
        hosts = settings.coordinator_hosts
        self._coordinator = authority.issue_coordinator("coordinator", hosts, lasts)
        self._agent = authority.issue_role(Role.AGENT, "agent", lasts)
        self._operator = authority.issue_role(Role.OPERATOR, "operator", lasts)

    def secret(self, settings: RunSettings, owner: Object) -> Object:
        """Without the client's: nobody in the cluster can order a run."""
        files = {"ca.crt": self._roots}
        for role, issued in (("coordinator", self._coordinator), ("agent", self._agent)):
            files[f"{role}.crt"] = issued.certificate_pem
            files[f"{role}.key"] = issued.key_pem
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": settings.secret,
                "namespace": settings.namespace,
                "labels": settings.labels,
                "ownerReferences": [owner],
            },
            "type": "Opaque",
            "immutable": True,
            "data": {name: base64.b64encode(text).decode() for name, text in files.items()},
        }

    @contextmanager
    def of_client(self) -> Generator[Credentials]:
        """An operator's, in files that only this user can read, and that go with the block."""
        with tempfile.TemporaryDirectory(prefix="groundswell-tls-") as folder:
            own = IssuedFolder(Path(folder))
            own.write(self._operator, self._roots)
            yield Credentials(ca=own.roots, cert=own.certificate, key=own.key)
