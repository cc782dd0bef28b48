"""What the pods of both roles have in common; deploy/kustomize/base has the same for a pool, and says why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell_coordinator.launch.kubernetes.settings import TLS_FOLDER

if TYPE_CHECKING:
    from groundswell_coordinator.launch.kubernetes.manifest import Object
    from groundswell_coordinator.launch.kubernetes.settings import RunSettings

# The image's user.
_USER = 65532
_HOME = "/var/lib/groundswell"
# A run is over where one of its pods is moved.
_NOT_MOVED = {
    "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
    "karpenter.sh/do-not-disrupt": "true",
}
# A proxy beside an agent would be measured, too.
_NO_SIDECAR_LABEL = {"sidecar.istio.io/inject": "false"}
_NO_SIDECAR = {"linkerd.io/inject": "disabled"}

TLS_WORDS = [
    f"--ca={TLS_FOLDER}/ca.crt",
    f"--cert={TLS_FOLDER}/tls.crt",
    f"--key={TLS_FOLDER}/tls.key",
]


def pod_metadata(settings: RunSettings, role: str) -> Object:
    return {
        "labels": {**settings.labels_of(role), **_NO_SIDECAR_LABEL},
        "annotations": {
            "kubectl.kubernetes.io/default-container": role,
            **_NO_SIDECAR,
            **_NOT_MOVED,
        },
    }


def pod_spec(settings: RunSettings, role: str, container: Object) -> Object:
    """Pod Security `restricted`, with nothing of the API server in it."""
    return {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": settings.grace_s,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "fsGroup": _USER,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        **({"nodeSelector": dict(settings.node_selector)} if settings.node_selector else {}),
        "containers": [{"name": role, "image": settings.image, **_COMMON, **container}],
        "volumes": _volumes(settings, role),
    }


_COMMON: Object = {
    "imagePullPolicy": "IfNotPresent",
    # Why a container ended is then in the pod's status, for who may not read logs.
    "terminationMessagePolicy": "FallbackToLogsOnError",
    "securityContext": {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    },
    "volumeMounts": [
        {"name": "home", "mountPath": _HOME},
        {"name": "tmp", "mountPath": "/tmp"},
        {"name": "tls", "mountPath": TLS_FOLDER, "readOnly": True},
    ],
}


def _volumes(settings: RunSettings, role: str) -> list[Object]:
    certificates = {"ca.crt": "ca.crt", f"{role}.crt": "tls.crt", f"{role}.key": "tls.key"}
    return [
        {"name": "home", "emptyDir": {"sizeLimit": "4Gi"}},
        {"name": "tmp", "emptyDir": {"sizeLimit": "1Gi"}},
        {
            "name": "tls",
            "secret": {
                "secretName": settings.secret,
                "defaultMode": 0o440,
                # Each role its own key, and no other's.
                "items": [{"key": key, "path": path} for key, path in certificates.items()],
            },
        },
    ]
