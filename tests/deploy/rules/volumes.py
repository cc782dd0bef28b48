"""Volumes: what is mounted is there, and what is there is mounted."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.deploy.manifests import Manifests


def mounts_have_volumes(manifests: Manifests) -> Iterator[str]:
    for workload in manifests.workloads:
        volumes = {volume["name"] for volume in workload.pod.get("volumes", [])}
        mounts = {
            mount["name"]
            for container in workload.containers
            for mount in container.get("volumeMounts", [])
        }
        for name in volumes ^ mounts:
            yield f"{workload.called}: volume {name} is there or mounted, and not both"
        for container in workload.containers:
            paths = {mount["mountPath"] for mount in container.get("volumeMounts", [])}
            for path in {"/tmp", "/var/lib/groundswell"} - paths:
                yield f"{workload.called}: {container['name']} cannot write to {path}"


def claims_exist_and_are_mounted(manifests: Manifests) -> Iterator[str]:
    used: set[str] = set()
    for workload in manifests.workloads:
        for volume in workload.pod.get("volumes", []):
            if "persistentVolumeClaim" in volume:
                used.add(volume["persistentVolumeClaim"]["claimName"])
    for name in used ^ manifests.names("PersistentVolumeClaim"):
        yield f"PersistentVolumeClaim/{name}: is there or mounted, and not both"
