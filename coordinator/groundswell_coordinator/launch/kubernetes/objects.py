"""All objects of one run, as manifests: the Job first, which is the owner of the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell_coordinator.launch.kubernetes.agents_job import agents_job
from groundswell_coordinator.launch.kubernetes.coordinator_pod import (
    coordinator_pod,
    coordinator_service,
)

if TYPE_CHECKING:
    from groundswell_coordinator.launch.kubernetes.certificates import RunCertificates
    from groundswell_coordinator.launch.kubernetes.manifest import Object
    from groundswell_coordinator.launch.kubernetes.settings import RunSettings

__all__ = ["agents_job", "owned", "owner_reference"]


def owner_reference(job: Object) -> Object:
    """Of a Job as the cluster has it. It does not block its deletion: that needs a right of its own."""
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "name": job["metadata"]["name"],
        "uid": job["metadata"]["uid"],
    }


def owned(settings: RunSettings, certificates: RunCertificates, owner: Object) -> list[Object]:
    """In the order in which they are to be created: no pod waits for a Secret that is still to come."""
    return [
        certificates.secret(settings, owner),
        coordinator_service(settings, owner),
        coordinator_pod(settings, owner),
    ]
