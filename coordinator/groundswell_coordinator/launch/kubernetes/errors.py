"""What a cluster may do instead of giving a run its pods.

ClusterUnreachable   106   no answer from the API server, or none that is one
ClusterRefuses       106   it is there, and does not let us do that
PlacementFailed      102   no pods, or none that get ready: quota, images, nodes, crashes
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell.errors import (
    CoordinatorRefuses,
    CoordinatorUnreachable,
    GroundswellError,
    InvalidConfiguration,
    NotEnoughAgents,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND = 401, 403, 404
_CONFLICT, _INVALID = 409, (400, 422)
_QUOTA = "exceeded quota"
_ROLE = "docs/kubernetes.md has the Role that `run --kubernetes` needs"


class ClusterUnreachable(CoordinatorUnreachable):
    """The API server does not answer."""


class ClusterRefuses(CoordinatorRefuses):
    """The API server does not let this user in, or not do this."""


class Missing(InvalidConfiguration):
    """The namespace is not there, or the object is not any more."""


class PlacementFailed(NotEnoughAgents):
    """The cluster does not give the run the pods that it needs."""


def error_of(code: int, message: str, verb: str, resource: str, namespace: str) -> GroundswellError:
    """What the answer to a request means."""
    what = f"{verb} {resource} in namespace {namespace}"
    if code == _UNAUTHORIZED:
        return ClusterRefuses(
            f"the cluster does not know you: {message}",
            hint="log in again; `kubectl auth whoami` says who you are",
        )
    if code == _FORBIDDEN and _QUOTA in message:
        return quota_exceeded(message)
    if code == _FORBIDDEN:
        return ClusterRefuses(f"you may not {what}: {message}", hint=_ROLE)
    if code == _NOT_FOUND:
        return Missing(
            f"cannot {what}: {message}",
            hint="--namespace names one that is there; --context another cluster",
        )
    if code == _CONFLICT:
        return GroundswellError(f"cannot {what}: {message}")
    if code in _INVALID:
        return InvalidConfiguration(f"cannot {what}, the cluster does not take it: {message}")
    return ClusterUnreachable(f"cannot {what}: the API server answers {code}: {message}")


def quota_exceeded(message: str) -> PlacementFailed:
    return PlacementFailed(
        message, hint="ask for fewer --agents, end what else is there, or have the quota raised"
    )


# What a container may wait for in vain, and what helps.
IN_VAIN: Mapping[str, str] = {
    "ImagePullBackOff": "--image names one that the nodes can pull; `kubectl describe pod` says what was tried",
    "ErrImageNeverPull": "--image names one that the nodes can pull",
    "InvalidImageName": "--image is a name such as registry.internal/groundswell:0.1.0",
    "CreateContainerConfigError": "`kubectl describe pod` says what is missing",
    "CreateContainerError": "`kubectl describe pod` says why",
    "RunContainerError": "is --image one of groundswell?",
    "CrashLoopBackOff": "is --image one of this version of groundswell?",
}
