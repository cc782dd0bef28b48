"""A coordinator: the pool, the runs, the store, and the gRPC server in front of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc

from groundswell.errors import CoordinatorUnreachable
from groundswell.v1 import agent_pb2_grpc, control_pb2_grpc
from groundswell.wire import MESSAGE_OPTIONS
from groundswell_coordinator.history.past_runs import PastRuns
from groundswell_coordinator.lease import LEASE_S
from groundswell_coordinator.pool import Pool
from groundswell_coordinator.run.registry import RunRegistry
from groundswell_coordinator.run_files import RunFiles
from groundswell_coordinator.services.agent_service import AgentService
from groundswell_coordinator.services.control_service import ControlService
from groundswell_coordinator.telemetry import Telemetry

if TYPE_CHECKING:
    from collections.abc import Callable

    from groundswell.files.cache import FileCache
    from groundswell_coordinator.access.access import Access
    from groundswell_coordinator.run.owner import RunOwner

_OPTIONS = (
    *MESSAGE_OPTIONS,
    # A second coordinator on the same port would get half of the agents.
    ("grpc.so_reuseport", 0),
    # Who does not even answer a ping is gone, whatever its connection says.
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    # Clients and agents find out the same way; who pings more often has no use for its connection.
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
    # Nobody has said who they are before this has come to its end.
    ("grpc.server_handshake_timeout_ms", 10_000),
    # Calls at once on one connection, of which clients have two or three and agents one.
    ("grpc.max_concurrent_streams", 64),
    # Without a call: whoever comes back makes another one.
    ("grpc.max_connection_idle_ms", 300_000),
)


class Coordinator:
    """Serves on one address from `start` to `stop`; takes runs once it has a store."""

    def __init__(
        self,
        owner: RunOwner,
        *,
        lease_s: float = LEASE_S,
        store: str | None = None,
        telemetry: Telemetry | None = None,
        cache: FileCache | None = None,
        access: Access | None = None,
    ) -> None:
        """`store` is the URL of the one that `runs` will use: past runs are read beside it. `cache` keeps
        the files of tests. Without `access`, whoever reaches the port may do everything.
        """
        self._access = access
        self.owner = owner
        self.past = PastRuns(store)
        self.pool = Pool(lease_s)
        self.telemetry = telemetry or Telemetry()
        self.files = RunFiles(cache)
        self.runs = RunRegistry(self.pool, owner, self.telemetry, self.files)
        self._server = grpc.aio.server(
            interceptors=() if access is None else (access.admission,), options=_OPTIONS
        )
        agent_pb2_grpc.add_AgentServiceServicer_to_server(
            AgentService(self.pool, owner, self.files), self._server
        )
        control_pb2_grpc.add_ControlServiceServicer_to_server(
            ControlService(self.runs, self.pool, self.past, self.files), self._server
        )

    def serve_too(self, add: Callable[[grpc.aio.Server], None]) -> None:
        """Give the server more services, before `start`."""
        add(self._server)

    async def start(self, address: str) -> int:
        """Listen on `HOST:PORT`; port 0 takes a free one. Returns the port."""
        try:
            port = self._listen(address)
        except RuntimeError as error:
            raise CoordinatorUnreachable(
                f"cannot listen on {address}",
                hint="is another coordinator there? --listen 127.0.0.1:0 takes a free port",
            ) from error
        await self._server.start()
        return port

    def _listen(self, address: str) -> int:
        if self._access is None:
            return self._server.add_insecure_port(address)
        return self._server.add_secure_port(address, self._access.tls.credentials())

    async def stop(self) -> None:
        """Stop every run and let it write its end; then end every stream."""
        await self.runs.close()
        await self._server.stop(grace=0.5)
        await self.past.close()

    async def suspend(self) -> None:
        """End, but not the runs: whoever owns the store next takes them up."""
        await self._server.stop(grace=0.2)
        await self.past.close()
        await self.runs.suspend()
