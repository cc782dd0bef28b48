"""Pod Security `restricted`, as its standard lists it, and what we ask for besides."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.deploy.manifests import Manifests, Object, Workload

# The image's user; there is no other in it.
USER = 65532

_SAFE_SYSCTLS = frozenset(
    {
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range",
    }
)
_VOLUMES = frozenset(
    {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim"}
    | {"projected", "secret"}
)


def pods_are_restricted(manifests: Manifests) -> Iterator[str]:
    for workload in manifests.workloads:
        for text in (*_of_pod(workload.pod), *_of_containers(workload)):
            yield f"{workload.called}: {text}"


def sysctls_are_safe(manifests: Manifests) -> Iterator[str]:
    """Others need a kubelet that was told to allow them."""
    for workload in manifests.workloads:
        for sysctl in workload.pod.get("securityContext", {}).get("sysctls", []):
            if sysctl["name"] not in _SAFE_SYSCTLS:
                yield f"{workload.called}: {sysctl['name']} is no safe sysctl"


def nothing_of_the_api_server_is_mounted(manifests: Manifests) -> Iterator[str]:
    bound = {
        subject["name"]
        for binding in manifests.of("RoleBinding")
        for subject in binding["subjects"]
        if subject["kind"] == "ServiceAccount"
    }
    for workload in manifests.workloads:
        mounts = workload.pod.get("automountServiceAccountToken", True)
        if mounts and workload.pod.get("serviceAccountName") not in bound:
            yield f"{workload.called}: mounts a token that it has no use for"


def services_set_no_variables(manifests: Manifests) -> Iterator[str]:
    """`GROUNDSWELL_…` are options: a Service's name must not become one."""
    for workload in manifests.workloads:
        if workload.pod.get("enableServiceLinks", True):
            yield f"{workload.called}: enableServiceLinks is not false"


def _of_pod(pod: Object) -> Iterator[str]:
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(key):
            yield key
    context = pod.get("securityContext", {})
    if context.get("runAsNonRoot") is not True or context.get("runAsUser") != USER:
        yield f"does not run as {USER}, not root"
    if context.get("seccompProfile", {}).get("type") not in ("RuntimeDefault", "Localhost"):
        yield "has no seccomp profile"
    for volume in pod.get("volumes", []):
        if unknown := volume.keys() - {"name"} - _VOLUMES:
            yield f"volume {volume['name']} is {', '.join(unknown)}"


def _of_containers(workload: Workload) -> Iterator[str]:
    for container in workload.containers:
        context = container.get("securityContext", {})
        if context.get("allowPrivilegeEscalation") is not False:
            yield f"{container['name']} may escalate privileges"
        if context.get("capabilities") != {"drop": ["ALL"]}:
            yield f"{container['name']} keeps capabilities"
        if context.get("readOnlyRootFilesystem") is not True:
            yield f"{container['name']} may write into its image"
        if context.get("privileged") or context.get("runAsUser", USER) != USER:
            yield f"{container['name']} is another user"
        if any("hostPort" in port for port in container.get("ports", [])):
            yield f"{container['name']} takes a port of its node"
