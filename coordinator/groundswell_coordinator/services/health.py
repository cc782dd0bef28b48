"""grpc.health.v1 and reflection beside our own services: what probes and grpcurl ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from groundswell.v1 import agent_pb2, control_pb2

if TYPE_CHECKING:
    import grpc

    from groundswell_coordinator.services.readiness import Readiness

AGENT_SERVICE = agent_pb2.DESCRIPTOR.services_by_name["AgentService"].full_name
CONTROL_SERVICE = control_pb2.DESCRIPTOR.services_by_name["ControlService"].full_name

# The empty name is the whole server.
_WATCHED = ("", AGENT_SERVICE, CONTROL_SERVICE)
_REFLECTED = (AGENT_SERVICE, CONTROL_SERVICE, health.SERVICE_NAME, reflection.SERVICE_NAME)


class Health:
    """Says of every service what `readiness` says of the coordinator."""

    def __init__(self, readiness: Readiness) -> None:
        self._readiness = readiness
        self._servicer = health.aio.HealthServicer()

    def add_to(self, server: grpc.aio.Server) -> None:
        """Before the server starts."""
        health_pb2_grpc.add_HealthServicer_to_server(self._servicer, server)
        reflection.enable_server_reflection(_REFLECTED, server)

    async def say(self) -> None:
        """Once, what is so now."""
        status = (
            health_pb2.HealthCheckResponse.SERVING
            if self._readiness.is_ready
            else health_pb2.HealthCheckResponse.NOT_SERVING
        )
        for service in _WATCHED:
            await self._servicer.set(service, status)

    async def follow(self) -> None:
        """For ever, whenever it changes."""
        while True:
            await self.say()
            await self._readiness.change()
