"""A cluster of one node in this process: API server, Job controller, scheduler and kubelet, in a thread of its own.

What is real: every request of the client, every object as it sends it, and what pods run, as processes
that speak TLS with each other. What is not: nodes, images, the pods' network and its names, cgroups.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import yaml
from aiohttp import web

from groundswell import __version__
from tests.kubernetes import kubectl, rights
from tests.kubernetes.api import ApiServer
from tests.kubernetes.jobs import JobController
from tests.kubernetes.node import Node
from tests.kubernetes.store import Object, Store

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

T = TypeVar("T")

NAMESPACE = "load"
IMAGE = f"groundswell:{__version__}"
# One that holds something else.
FOREIGN_IMAGE = "elsewhere:1"
_IMAGES = {
    IMAGE: [sys.executable, "-m", "groundswell"],
    FOREIGN_IMAGE: [sys.executable, "-c", "raise SystemExit('what is an agent?')"],
}
_TURN_S = 0.05


class LocalCluster:
    """Everything of it is looked at and changed by `do`, in its own loop."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kubeconfig = folder / "kubeconfig"
        kubectl.install(folder / "bin")
        self.store = Store()
        self.node = Node(self.store, folder / "pods", _IMAGES)
        self.api = ApiServer(self.store, NAMESPACE, rights.RUN, self.node.port_of)
        self.jobs = JobController(self.store, self.api.over_quota)
        self._loop = asyncio.SelectorEventLoop()
        self._end = asyncio.Event()

    def do(self, what: Callable[[], T]) -> T:
        async def done() -> T:
            return what()

        return asyncio.run_coroutine_threadsafe(done(), self._loop).result(30)

    def names(self) -> set[str]:
        """Of all objects, as `pods/NAME`."""
        return self.do(lambda: {f"{plural}/{name}" for plural, name in self.store.objects})

    def pods(self, role: str) -> list[Object]:
        label = "app.kubernetes.io/component"
        return self.do(
            lambda: [
                one for one in self.store.of("pods") if one["metadata"]["labels"][label] == role
            ]
        )

    @property
    def environment(self) -> dict[str, str]:
        """Of a client: its kubeconfig, and the stand-in for kubectl before all else on PATH."""
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        return {"KUBECONFIG": str(self.kubeconfig), "PATH": path}

    @contextmanager
    def running(self) -> Generator[LocalCluster]:
        thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))
        ready = self._ready = threading.Event()
        thread.start()
        try:
            assert ready.wait(30)
            yield self
            self.do(self.node.check)
        finally:
            self._loop.call_soon_threadsafe(self._end.set)
            thread.join(30)
            self._loop.close()

    async def _serve(self) -> None:
        # A watch is open as long as its client is.
        runner = web.AppRunner(self.api.app(), shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.kubeconfig.write_text(yaml.safe_dump(_kubeconfig(*runner.addresses[0][:2])))
        self._ready.set()
        try:
            while not self._end.is_set():
                self.jobs.reconcile()
                self.node.reconcile()
                await asyncio.sleep(_TURN_S)
        finally:
            await self.node.end()
            await runner.cleanup()
            left = asyncio.all_tasks() - {asyncio.current_task()}
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)


def _kubeconfig(host: str, port: int) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "clusters": [{"name": "local", "cluster": {"server": f"http://{host}:{port}"}}],
        "users": [{"name": "tester", "user": {}}],
        "contexts": [
            {
                "name": "here",
                "context": {"cluster": "local", "user": "tester", "namespace": NAMESPACE},
            }
        ],
    }
