"""What a pod's status says of it: ready, still to come and why, or never."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from groundswell_coordinator.launch.kubernetes.errors import IN_VAIN
from groundswell_coordinator.launch.kubernetes.manifest import part, parts
from groundswell_coordinator.launch.kubernetes.settings import ROLE_LABEL

if TYPE_CHECKING:
    from groundswell_coordinator.launch.kubernetes.manifest import Object

_STARTING = "starting"
# "0/3 nodes are available: 1 node(s) had …, 2 Insufficient cpu. preemption: …"
_NODES = re.compile(r"available: (?P<why>.*?)(?:\. |\.?$)", re.DOTALL)
_COUNT = re.compile(r"^\d+ ")


@dataclass(frozen=True, slots=True)
class PodState:
    """`pending` is why it is not ready yet, `hopeless` why it will never be, `ended` how it has ended.

    `is_moved` is one that was taken away, by a drain or an eviction: the Job makes another.
    """

    name: str
    role: str
    is_ready: bool = False
    pending: str = ""
    hopeless: str = ""
    hint: str = ""
    ended: str = ""
    is_moved: bool = False

    @classmethod
    def of(cls, pod: Object) -> PodState:
        metadata, status = pod["metadata"], part(pod, "status")
        name, role = metadata["name"], metadata["labels"][ROLE_LABEL]
        conditions = {one["type"]: one for one in parts(status, "conditions")}
        moved = "deletionTimestamp" in metadata or _holds(conditions, "DisruptionTarget")
        if status.get("phase") in ("Failed", "Succeeded") or moved:
            return cls(name, role, ended=_end(status), is_moved=moved)
        for container in parts(status, "containerStatuses"):
            waiting = part(part(container, "state"), "waiting")
            if (reason := waiting.get("reason", "")) in IN_VAIN:
                why = _joined(reason, waiting.get("message"), _last_words(container))
                return cls(name, role, pending=reason, hopeless=why, hint=IN_VAIN[reason])
        if _holds(conditions, "Ready"):
            return cls(name, role, is_ready=True)
        return cls(name, role, pending=_why_pending(status, conditions))


def _holds(conditions: dict[str, Object], kind: str) -> bool:
    return part(conditions, kind).get("status") == "True"


def _why_pending(status: Object, conditions: dict[str, Object]) -> str:
    scheduled = part(conditions, "PodScheduled")
    if scheduled.get("status") == "False":
        return _unschedulable(scheduled.get("message") or scheduled.get("reason") or "no node")
    for container in parts(status, "containerStatuses"):
        waiting = part(part(container, "state"), "waiting")
        if (reason := waiting.get("reason")) not in (None, "ContainerCreating", "PodInitializing"):
            return str(reason)
    return _STARTING


def _unschedulable(message: str) -> str:
    """What the scheduler says of nodes, without their number: pods that wait for one thing say the same."""
    if (match := _NODES.search(message)) is None:
        return " ".join(message.split())
    reasons = (_COUNT.sub("", one.strip()) for one in match["why"].split(", "))
    return ", ".join(dict.fromkeys(reasons))


def _end(status: Object) -> str:
    for container in parts(status, "containerStatuses"):
        if terminated := part(part(container, "state"), "terminated"):
            return _terminated(terminated)
    return _joined(status.get("reason") or "ended", status.get("message"))


def _last_words(container: Object) -> str:
    terminated = part(part(container, "lastState"), "terminated")
    return _terminated(terminated) if terminated else ""


def _terminated(terminated: Object) -> str:
    reason, code = terminated.get("reason") or "Error", terminated.get("exitCode")
    return _joined(f"{reason}, exit {code}", _last_line(terminated.get("message") or ""))


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def _joined(*parts: str | None) -> str:
    return ": ".join(" ".join(part.split()) for part in parts if part)
