"""The pods of a run as the cluster tells of them, whenever one changes."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Self

from groundswell_coordinator.launch.kubernetes.errors import ClusterUnreachable
from groundswell_coordinator.launch.kubernetes.pod_state import PodState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from groundswell_coordinator.launch.kubernetes.cluster import Cluster
    from groundswell_coordinator.launch.kubernetes.manifest import Object

_AGAIN_S = 1.0


class PodsWatch:
    """`async with PodsWatch(cluster, labels, tell) as watch:`; a watch that breaks is begun again."""

    def __init__(
        self, cluster: Cluster, labels: Mapping[str, str], tell: Callable[[str], None]
    ) -> None:
        self.states: tuple[PodState, ...] = ()
        # Once the run is under way, nobody else says what became of a pod.
        self.tells_ends = False
        self._cluster = cluster
        self._labels = labels
        self._tell = tell
        self._changed = asyncio.Event()
        self._known: dict[str, tuple[Object, PodState]] = {}

    async def __aenter__(self) -> Self:
        self._watching = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *exception: object) -> None:
        self._watching.cancel()
        await asyncio.wait([self._watching])

    async def changed(self, within_s: float) -> None:
        """Returns at the next change, or after a while. Raises what ended the watch for good."""
        if self._watching.done():
            self._watching.result()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._changed.wait()
        self._changed.clear()

    async def _watch(self) -> None:
        while True:
            try:
                async with contextlib.aclosing(self._cluster.watch_pods(self._labels)) as changes:
                    async for pods in changes:
                        self._note(self._states(pods))
            except ClusterUnreachable:
                # A run does not need the API server; whoever waits has a limit of its own.
                pass
            finally:
                self._changed.set()
            await asyncio.sleep(_AGAIN_S)

    def _states(self, pods: Mapping[str, Object]) -> tuple[PodState, ...]:
        """Of many pods one has changed."""
        known, self._known = self._known, {}
        for name, pod in pods.items():
            before = known.get(name)
            if before is None or before[0] is not pod:
                before = (pod, PodState.of(pod))
            self._known[name] = before
        return tuple(state for _, state in self._known.values())

    def _note(self, states: tuple[PodState, ...]) -> None:
        if self.tells_ends:
            known = {one.name for one in self.states if one.ended}
            for one in states:
                if one.ended and one.name not in known:
                    self._tell(f"pod {one.name} has ended: {one.ended}")
        self.states = states
        self._changed.set()
