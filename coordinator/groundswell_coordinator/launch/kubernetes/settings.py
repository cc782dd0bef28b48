"""What one run asks of a cluster, and how its objects are called."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

GRPC_PORT = 9700
HTTP_PORT = 9701
TLS_FOLDER = "/etc/groundswell/tls"
# Of a fixed name, so that one command finds all that a client left behind.
NAME_LABEL = "app.kubernetes.io/name"
RUN_LABEL = "app.kubernetes.io/instance"
ROLE_LABEL = "app.kubernetes.io/component"

# Beyond the planned length: images, the start, setup, a summary that is fetched.
_SPARE_S = 600
# An ended Job, and with it whatever a client left, is kept for so long.
KEPT_S = 300
# An agent ends its iterations first, then waits for its last acknowledgement.
_LAST_REPORTS_S = 30


@dataclass(frozen=True, slots=True)
class RunSettings:
    """`planned_s` is the run from T to the end of its last graceful stop, `graceful_stop_s` the longest of these.

    `allowed` are patterns of targets besides what the test names. `host` is where the client reaches the
    coordinator, if not through a forwarded port.
    """

    run_id: str
    namespace: str
    image: str
    agents: int
    planned_s: float
    graceful_stop_s: float
    agents_per_pod: int = 1
    wait_s: float = 300.0
    host: str | None = None
    node_selector: Mapping[str, str] = field(default_factory=dict[str, str])
    allowed: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Of the Job, and the beginning of all other names."""
        return f"groundswell-{self.run_id}"

    @property
    def coordinator(self) -> str:
        """Of the coordinator's Pod and Service."""
        return f"{self.name}-coordinator"

    @property
    def secret(self) -> str:
        return f"{self.name}-tls"

    @property
    def pods(self) -> int:
        """Of agents."""
        return math.ceil(self.agents / self.agents_per_pod)

    @property
    def deadline_s(self) -> int:
        """From the Job's creation, when the cluster ends it whoever else is left."""
        return math.ceil(self.planned_s + self.wait_s) + _SPARE_S

    @property
    def grace_s(self) -> int:
        return math.ceil(self.graceful_stop_s) + _LAST_REPORTS_S

    @property
    def labels(self) -> dict[str, str]:
        return {NAME_LABEL: "groundswell", RUN_LABEL: self.name}

    def labels_of(self, role: str) -> dict[str, str]:
        return {**self.labels, ROLE_LABEL: role}

    @property
    def coordinator_hosts(self) -> list[str]:
        """What its certificate is for: the Service's names, the forwarded port, and `host`."""
        service = f"{self.coordinator}.{self.namespace}.svc"
        own = [self.coordinator, f"{self.coordinator}.{self.namespace}", service]
        return [*own, "localhost", "127.0.0.1", *([self.host] if self.host else [])]
