"""The only node of the cluster: scheduler and kubelet. Its containers are processes of this machine.

It has a network of one machine: where a container would listen on a port of its pod, it listens on one of
loopback, and where it would dial a Service, it dials that.
"""

from __future__ import annotations

import asyncio
import re
import signal
from typing import TYPE_CHECKING

from tests.deploy.quantity import quantity
from tests.free_port import free_port
from tests.kubernetes.container import Container
from tests.kubernetes.store import now

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kubernetes.store import Object, Store

NAME = "node-1"
_PORT = re.compile(r"(--(?:listen|http))=0\.0\.0\.0:(\d+)")
_SERVICE = re.compile(r"--coordinator=([a-z0-9.-]+):(\d+)")
_GRPC_PORT = 9700
_TURN_S = 0.1
# ruff: noqa: ASYNC110 # a small cluster looks again, as a kubelet does
_CRASHES = 2


class Node:
    """`cores` is what it has to give; `images` what it can pull, each with its entrypoint."""

    def __init__(self, store: Store, folder: Path, images: dict[str, list[str]]) -> None:
        self.cores = 100.0
        self.images = images
        self.containers: dict[str, Container] = {}
        self._store = store
        self._folder = folder
        self._ports: dict[tuple[str, int], int] = {}
        # Ports of pods that are to be known before there is a pod.
        self.fixed: dict[int, int] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def reconcile(self) -> None:
        for pod in self._store.of("pods"):
            name = pod["metadata"]["name"]
            if name not in self._tasks:
                if "deletionTimestamp" in pod["metadata"]:
                    self._store.remove("pods", name)
                elif self._is_placed(pod):
                    self._tasks[name] = asyncio.create_task(self._live(pod))

    def check(self) -> None:
        """Raises what went wrong with a pod that was not the pod's own doing."""
        for task in self._tasks.values():
            if task.done() and not task.cancelled():
                task.result()

    def port_of(self, pod: str) -> int | None:
        """That of this machine which is its gRPC port."""
        return self._ports.get((pod, _GRPC_PORT))

    async def end(self) -> None:
        containers = list(self.containers.values())
        for container in containers:
            container.signal(signal.SIGKILL)
        await asyncio.gather(*(container.gone() for container in containers))
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    # --- the scheduler -------------------------------------------------------------------------

    def _is_placed(self, pod: Object) -> bool:
        placed = (one for one in self._store.of("pods") if "nodeName" in one["spec"])
        taken = sum(_cores(one) for one in placed if not _is_over(one))
        if taken + _cores(pod) > self.cores:
            why = (
                "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available."
            )
            self._condition(pod, "PodScheduled", "False", message=why)
            return False
        pod["spec"]["nodeName"] = NAME
        self._condition(pod, "PodScheduled", "True")
        return True

    # --- the kubelet ---------------------------------------------------------------------------

    async def _live(self, pod: Object) -> None:
        name = pod["metadata"]["name"]
        running = asyncio.create_task(self._containers(pod))
        try:
            while not running.done() and "deletionTimestamp" not in pod["metadata"]:
                await self._probe(pod)
                await asyncio.wait([running], timeout=_TURN_S)
            await self._terminate(pod, running)
            if running.done() and not running.cancelled():
                running.result()
            while "deletionTimestamp" not in pod["metadata"]:
                await asyncio.sleep(_TURN_S)
        finally:
            running.cancel()
        self.containers.pop(name, None)
        self._store.remove("pods", name)

    async def _terminate(self, pod: Object, running: asyncio.Task[None]) -> None:
        container = self.containers.get(pod["metadata"]["name"])
        if running.done():
            return
        if container is None or not container.is_running:
            running.cancel()
            return
        for number, seconds in (
            (signal.SIGTERM, pod["spec"]["terminationGracePeriodSeconds"]),
            (signal.SIGKILL, 10),
        ):
            container.signal(number)
            done, _ = await asyncio.wait([running], timeout=seconds)
            if done:
                return

    async def _containers(self, pod: Object) -> None:
        """One after the other, while the pod's policy wants another."""
        image = pod["spec"]["containers"][0]["image"]
        if image not in self.images:
            await self._wait_in_vain(pod, "ErrImagePull", f'failed to pull "{image}": not found')
        crashes = 0
        while True:
            code = await self._one(pod)
            ended = self._ended(pod, code)
            if pod["spec"]["restartPolicy"] == "Never" or "deletionTimestamp" in pod["metadata"]:
                self._status(
                    pod, {"terminated": ended}, phase="Failed" if code else "Succeeded", ready=False
                )
                return
            crashes += 1
            if crashes > _CRASHES:
                waiting = {"reason": "CrashLoopBackOff", "message": "back-off restarting"}
                self._status(pod, {"waiting": waiting}, last=ended, ready=False)
                await asyncio.Event().wait()
            self._status(pod, {"waiting": {"reason": "Error"}}, last=ended, ready=False)

    async def _one(self, pod: Object) -> int:
        name = pod["metadata"]["name"]
        self._status(pod, {"waiting": {"reason": "ContainerCreating"}})
        secrets = await self._secrets(pod)
        await self._services(pod)
        container = Container(
            pod,
            self._folder / name,
            self.images[pod["spec"]["containers"][0]["image"]],
            secrets,
            lambda word: self._reached(pod, word),
        )
        self.containers[name] = container
        self._status(pod, {"running": {"startedAt": now()}}, phase="Running")
        return await container.run()

    def _ended(self, pod: Object, code: int) -> Object:
        container = self.containers[pod["metadata"]["name"]]
        reason = "Error" if code else "Completed"
        message = container.last_words() if code else ""
        return {"exitCode": code, "reason": reason, "message": message}

    async def _wait_in_vain(self, pod: Object, reason: str, message: str) -> None:
        self._status(pod, {"waiting": {"reason": reason, "message": message}})
        await asyncio.sleep(0.3)
        back_off = {"reason": "ImagePullBackOff", "message": f"Back-off pulling image: {message}"}
        self._status(pod, {"waiting": back_off})
        await asyncio.Event().wait()

    async def _secrets(self, pod: Object) -> dict[str, Object]:
        """Those that it mounts, once they are there."""
        names = [one["secret"]["secretName"] for one in pod["spec"]["volumes"] if "secret" in one]
        while any(("secrets", name) not in self._store.objects for name in names):
            await asyncio.sleep(_TURN_S)
        return {name: self._store.objects["secrets", name] for name in names}

    async def _services(self, pod: Object) -> None:
        """What it dials by name must be there to have a port: names are not looked up again here."""
        for word in pod["spec"]["containers"][0]["args"]:
            while (match := _SERVICE.fullmatch(word)) and self._pod_behind(match[1]) is None:
                await asyncio.sleep(_TURN_S)

    async def _probe(self, pod: Object) -> None:
        container = self.containers.get(pod["metadata"]["name"])
        if container is not None and pod["status"].get("phase") == "Running":
            ready = await container.is_ready()
            self._condition(pod, "Ready", str(ready))

    # --- the network ---------------------------------------------------------------------------

    def _reached(self, pod: Object, word: str) -> str:
        if match := _PORT.fullmatch(word):
            return f"{match[1]}=127.0.0.1:{self._port(pod['metadata']['name'], int(match[2]))}"
        if match := _SERVICE.fullmatch(word):
            behind = self._pod_behind(match[1])
            assert behind is not None
            return f"--coordinator=localhost:{self._port(behind, int(match[2]))}"
        return word

    def _port(self, pod: str, port: int) -> int:
        if (pod, port) not in self._ports:
            self._ports[pod, port] = self.fixed.get(port) or free_port()
        return self._ports[pod, port]

    def _pod_behind(self, service: str) -> str | None:
        found = self._store.objects.get(("services", service))
        selector: Object = {} if found is None else found["spec"]["selector"]
        for pod in self._store.of("pods"):
            if selector and selector.items() <= pod["metadata"]["labels"].items():
                return str(pod["metadata"]["name"])
        return None

    # --- what it says of a pod -----------------------------------------------------------------

    def _condition(self, pod: Object, kind: str, status: str, **more: str) -> None:
        conditions: list[Object] = pod.setdefault("status", {}).setdefault("conditions", [])
        condition = {"type": kind, "status": status, **more}
        if condition not in conditions:
            conditions[:] = [one for one in conditions if one["type"] != kind] + [condition]
            self._store.touch("pods", pod)

    def _status(
        self,
        pod: Object,
        state: Object,
        *,
        phase: str = "Pending",
        last: Object | None = None,
        ready: bool | None = None,
    ) -> None:
        spec = pod["spec"]["containers"][0]
        container = {
            "name": spec["name"],
            "image": spec["image"],
            "imageID": "",
            "ready": bool(ready),
            "restartCount": 0,
            "state": state,
        }
        if last is not None:
            container["lastState"] = {"terminated": last}
        pod["status"].update(phase=phase, containerStatuses=[container])
        if ready is not None:
            self._condition(pod, "Ready", str(ready))
        self._store.touch("pods", pod)


def _cores(pod: Object) -> float:
    return float(quantity(pod["spec"]["containers"][0]["resources"]["requests"]["cpu"]))


def _is_over(pod: Object) -> bool:
    return pod["status"].get("phase") in ("Failed", "Succeeded")
