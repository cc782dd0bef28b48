"""The Job of a run's agents, which owns all other objects of the run: what deletes it deletes all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell_coordinator.launch.kubernetes.pod_parts import TLS_WORDS, pod_metadata, pod_spec
from groundswell_coordinator.launch.kubernetes.settings import GRPC_PORT, KEPT_S

if TYPE_CHECKING:
    from groundswell_coordinator.launch.kubernetes.manifest import Object
    from groundswell_coordinator.launch.kubernetes.settings import RunSettings

ROLE = "agent"
# Inside the pod, whose /tmp is a volume of its own.
_READY_FILE = "/tmp/ready"
_INDEX = "metadata.annotations['batch.kubernetes.io/job-completion-index']"
_MEMORY_MIB = 512


def agents_job(settings: RunSettings) -> Object:
    """All pods at once. One that a drain or an eviction takes is replaced, and counts as no failure."""
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": settings.name,
            "namespace": settings.namespace,
            "labels": settings.labels_of(ROLE),
        },
        "spec": {
            "completionMode": "Indexed",
            "completions": settings.pods,
            "parallelism": settings.pods,
            "backoffLimit": 2 * settings.pods,
            "activeDeadlineSeconds": settings.deadline_s,
            "ttlSecondsAfterFinished": KEPT_S,
            "podFailurePolicy": {
                "rules": [
                    {
                        "action": "Ignore",
                        "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}],
                    }
                ]
            },
            "template": {
                "metadata": pod_metadata(settings, ROLE),
                "spec": _pod(settings),
            },
        },
    }


def _pod(settings: RunSettings) -> Object:
    spec = pod_spec(settings, ROLE, _container(settings))
    # A safe one, of the pod's own network: 64,512 connections to each address of the target.
    spec["securityContext"]["sysctls"] = [
        {"name": "net.ipv4.ip_local_port_range", "value": "1024 65535"}
    ]
    return {
        **spec,
        "restartPolicy": "Never",
        "dnsConfig": {"options": [{"name": "ndots", "value": "2"}]},
        "topologySpreadConstraints": [_spread(settings)],
    }


def _container(settings: RunSettings) -> Object:
    count = settings.agents_per_pod
    return {
        "args": [
            "agent",
            f"--coordinator={settings.coordinator}:{GRPC_PORT}",
            *TLS_WORDS,
            f"--workers={count}",
            "--name=agent-$(INDEX)",
            "--label=node=$(NODE)",
            f"--ready-file={_READY_FILE}",
            # It may load what the test names. One that is told to leave is not done: the Job is to make another.
            "--one-run",
            *(f"--allow-target={pattern}" for pattern in settings.allowed),
            "--log-format=json",
        ],
        "env": [
            {"name": "INDEX", "valueFrom": {"fieldRef": {"fieldPath": _INDEX}}},
            {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
        ],
        # Ready is attached: of several agents, all.
        "readinessProbe": {
            "exec": {"command": ["test", "-e", _READY_FILE]},
            "periodSeconds": 1,
            "failureThreshold": 2,
            "timeoutSeconds": 5,
        },
        # A core for each agent, and no limit: it would stop an agent in the middle of its load.
        "resources": {
            "requests": {"cpu": str(count), "memory": f"{count * _MEMORY_MIB}Mi"},
            "limits": {"memory": f"{2 * count * _MEMORY_MIB}Mi"},
        },
    }


def _spread(settings: RunSettings) -> Object:
    return {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": settings.labels_of(ROLE)},
    }
