"""The controller of Jobs: an indexed pod for each completion, and another where one has failed."""

from __future__ import annotations

import copy
import secrets
from typing import TYPE_CHECKING

from tests.kubernetes.store import now

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.kubernetes.store import Object, Store

_INDEX = "batch.kubernetes.io/job-completion-index"


class JobController:
    def __init__(self, store: Store, over_quota: Callable[[Object], str]) -> None:
        self._store = store
        self._over_quota = over_quota

    def reconcile(self) -> None:
        for job in self._store.of("jobs"):
            if "status" not in job:
                self._make_up(job)

    def fail(self, job: Object, reason: str) -> None:
        """As its deadline or its backoffLimit would: its pods are told to end."""
        job["status"] = {"conditions": [{"type": "Failed", "status": "True", "reason": reason}]}
        self._store.touch("jobs", job)
        for pod in self._pods(job):
            self._store.delete("pods", pod["metadata"]["name"])

    def _make_up(self, job: Object) -> None:
        pods = self._pods(job)
        failed = sum(
            one["status"].get("phase") == "Failed" and not _is_disrupted(one) for one in pods
        )
        if failed > job["spec"]["backoffLimit"]:
            self.fail(job, "BackoffLimitExceeded")
            return
        for index in range(job["spec"]["completions"]):
            own = [one for one in pods if one["metadata"]["annotations"][_INDEX] == str(index)]
            if all(one["status"].get("phase") == "Failed" for one in own):
                self._make(job, index)

    def _make(self, job: Object, index: int) -> None:
        template: Object = copy.deepcopy(job["spec"]["template"])
        name = job["metadata"]["name"]
        metadata: Object = {
            **template["metadata"],
            "name": f"{name}-{index}-{secrets.token_hex(3)[:5]}",
            "namespace": job["metadata"]["namespace"],
            "ownerReferences": [
                {
                    "apiVersion": "batch/v1",
                    "kind": "Job",
                    "name": name,
                    "uid": job["metadata"]["uid"],
                    "controller": True,
                }
            ],
        }
        metadata["annotations"] = {**metadata.get("annotations", {}), _INDEX: str(index)}
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": metadata,
            "spec": template["spec"],
            "status": {},
        }
        if problem := self._over_quota(pod):
            self._tell(job, problem)
            return
        self._store.create("pods", pod)

    def _tell(self, job: Object, problem: str) -> None:
        name = job["metadata"]["name"]
        if ("events", name) in self._store.objects:
            return
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": job["metadata"]["namespace"]},
            "involvedObject": {"kind": "Job", "name": name},
            "type": "Warning",
            "reason": "FailedCreate",
            "message": f"Error creating: {problem}",
            "firstTimestamp": now(),
        }
        self._store.create("events", event)

    def _pods(self, job: Object) -> list[Object]:
        uid = job["metadata"]["uid"]
        return [
            one
            for one in self._store.of("pods")
            if any(owner["uid"] == uid for owner in one["metadata"].get("ownerReferences", ()))
            and _INDEX in one["metadata"].get("annotations", {})
        ]


def _is_disrupted(pod: Object) -> bool:
    return any(one["type"] == "DisruptionTarget" for one in pod["status"].get("conditions", ()))
