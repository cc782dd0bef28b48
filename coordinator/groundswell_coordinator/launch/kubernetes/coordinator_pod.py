"""The coordinator of one run: a Pod, whose store goes with it, and the Service that agents find it by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell_coordinator.launch.kubernetes.pod_parts import TLS_WORDS, pod_metadata, pod_spec
from groundswell_coordinator.launch.kubernetes.settings import GRPC_PORT, HTTP_PORT

if TYPE_CHECKING:
    from groundswell_coordinator.launch.kubernetes.manifest import Object
    from groundswell_coordinator.launch.kubernetes.settings import RunSettings

ROLE = "coordinator"


def coordinator_pod(settings: RunSettings, owner: Object) -> Object:
    """One whose container dies is started again in its place, with its store; one that is evicted is gone."""
    metadata = pod_metadata(settings, ROLE)
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {**metadata, **_named(settings, owner)},
        "spec": {
            **pod_spec(settings, ROLE, _container()),
            "restartPolicy": "Always",
        },
    }


def coordinator_service(settings: RunSettings, owner: Object) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            **_named(settings, owner),
            "labels": settings.labels_of(ROLE),
        },
        "spec": {
            "type": "ClusterIP",
            # There is one, and agents are to find it again within their lease: no time for a probe.
            "publishNotReadyAddresses": True,
            "selector": settings.labels_of(ROLE),
            "ports": [
                {
                    "name": "grpc",
                    "port": GRPC_PORT,
                    "targetPort": "grpc",
                    "appProtocol": "tls",
                }
            ],
        },
    }


def _named(settings: RunSettings, owner: Object) -> Object:
    return {
        "name": settings.coordinator,
        "namespace": settings.namespace,
        "ownerReferences": [owner],
    }


def _container() -> Object:
    return {
        "args": [
            "coordinator",
            f"--listen=0.0.0.0:{GRPC_PORT}",
            f"--http=0.0.0.0:{HTTP_PORT}",
            *TLS_WORDS,
            "--log-format=json",
        ],
        "ports": [
            {"name": "grpc", "containerPort": GRPC_PORT},
            {"name": "http", "containerPort": HTTP_PORT},
        ],
        "livenessProbe": {**_probe("/healthz"), "periodSeconds": 10, "failureThreshold": 6},
        "readinessProbe": {**_probe("/readyz"), "periodSeconds": 1, "failureThreshold": 3},
        "resources": {
            "requests": {"cpu": "500m", "memory": "512Mi"},
            "limits": {"memory": "1Gi"},
        },
    }


def _probe(path: str) -> Object:
    return {
        "httpGet": {"path": path, "port": "http", "scheme": "HTTPS"},
        "timeoutSeconds": 5,
    }
