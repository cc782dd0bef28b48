"""A run's objects in a cluster: created together, waited for, and taken away whatever happened."""

from __future__ import annotations

import asyncio
import shlex
import time
from typing import TYPE_CHECKING, Self

from groundswell.errors import CoordinatorUnreachable, GroundswellError, InvalidConfiguration
from groundswell_coordinator.counted import counted
from groundswell_coordinator.launch.kubernetes.census import Census
from groundswell_coordinator.launch.kubernetes.errors import (
    ClusterRefuses,
    ClusterUnreachable,
    PlacementFailed,
    quota_exceeded,
)
from groundswell_coordinator.launch.kubernetes.objects import agents_job, owned, owner_reference
from groundswell_coordinator.launch.kubernetes.pods_watch import PodsWatch
from groundswell_coordinator.launch.kubernetes.quota import check_quotas, needed

if TYPE_CHECKING:
    from collections.abc import Callable

    from groundswell_coordinator.launch.kubernetes.certificates import RunCertificates
    from groundswell_coordinator.launch.kubernetes.cluster import Cluster
    from groundswell_coordinator.launch.kubernetes.manifest import Object
    from groundswell_coordinator.launch.kubernetes.settings import RunSettings

# Of what was not created for sure there is nothing to remove.
_NOT_MADE = (ClusterRefuses, InvalidConfiguration, PlacementFailed)
_LOOK_S = 1.0
_SETTLE_S = 0.1
_SAY_EVERY_S = 1.0
_EVENTS_EVERY_S = 2.0
_REMOVE_S = 20.0
_GONE_S = 20.0
_AGAIN_S = 0.5


class Placement:
    """`async with Placement(…) as placement:`; `tell` hears how it gets on, `removing` that the end begins."""

    def __init__(
        self,
        cluster: Cluster,
        settings: RunSettings,
        certificates: RunCertificates,
        tell: Callable[[str], None],
        removing: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._pods = PodsWatch(cluster, settings.labels, tell)
        self._cluster = cluster
        self._certificates = certificates
        self._tell = tell
        self._removing = removing
        # Kind and name, in the order of creation.
        self._made: list[tuple[str, str]] = []

    async def __aenter__(self) -> Self:
        """Raises PlacementFailed where a quota has no room, ClusterRefuses, ClusterUnreachable."""
        try:
            await self._check_quotas()
            await self._create()
            await self._pods.__aenter__()
        except BaseException:
            await self._remove()
            raise
        return self

    async def __aexit__(self, *exception: object) -> None:
        # From here on nothing is cut short: a Ctrl-C would leave behind what is being removed.
        self._removing()
        await self._pods.__aexit__()
        await self._remove()

    async def ready(self) -> None:
        """Returns when the coordinator serves and all agents are attached. Raises PlacementFailed."""
        begin = looked = time.monotonic()
        said, said_at = "", 0.0
        while True:
            census = Census.of(self._settings, self._pods.states)
            census.check()
            if census.is_complete:
                break
            now = time.monotonic()
            if now - begin > self._settings.wait_s:
                raise PlacementFailed(f"after {self._settings.wait_s:g} s: {census}", hint=_MORE)
            if census.missing_pods and now - looked > _EVENTS_EVERY_S:
                looked = now
                await self._check_events()
            # A thousand pods that get ready are no thousand lines.
            if now - said_at > _SAY_EVERY_S and (line := str(census)) != said:
                self._tell(line)
                said, said_at = line, now
            await self._pods.changed(_LOOK_S)
            await asyncio.sleep(_SETTLE_S)
        self._tell(str(census))
        self._pods.tells_ends = True

    async def lost(self) -> None:
        """Returns never. Raises CoordinatorUnreachable once the coordinator's pod is gone for good."""
        while True:
            if (why := Census.of(self._settings, self._pods.states).lost) is not None:
                raise CoordinatorUnreachable(
                    f"the coordinator's pod is gone, and the run with it: {why}",
                    hint="nodes are drained between runs, or a pool's coordinator has a volume",
                )
            try:
                await self._pods.changed(_LOOK_S)
            except GroundswellError as error:
                # As of a login that has expired: a run that is under way needs no API server.
                self._tell(f"its pods are not watched any more: {error.message}")
                await asyncio.Event().wait()

    async def _check_quotas(self) -> None:
        reference = owner_reference({"metadata": {"name": self._settings.name, "uid": ""}})
        objects = [
            agents_job(self._settings),
            *owned(self._settings, self._certificates, reference),
        ]
        check_quotas(await self._cluster.quotas(), needed(objects))

    async def _create(self) -> None:
        job = await self._create_one(agents_job(self._settings))
        for one in owned(self._settings, self._certificates, owner_reference(job)):
            await self._create_one(one)
        names = counted(self._settings.pods + 1, "pod")
        self._tell(f"job {self._settings.name} in namespace {self._settings.namespace}: {names}")

    async def _create_one(self, one: Object) -> Object:
        # Noted before: what was asked for may have been made though no answer came.
        self._made.append((one["kind"], one["metadata"]["name"]))
        try:
            return await self._cluster.create(one)
        except _NOT_MADE:
            self._made.pop()
            raise

    async def _check_events(self) -> None:
        """Why a Job makes no pods stands in its events alone."""
        for event in await self._cluster.events_of("Job", self._settings.name):
            if event.get("reason") == "FailedCreate":
                message = event.get("message") or "the Job cannot make its pods"
                if "exceeded quota" in message:
                    raise quota_exceeded(message)
                raise PlacementFailed(message, hint="the cluster's admission refuses the pods")

    # --- the end -------------------------------------------------------------------------------

    async def _remove(self) -> None:
        self._removing()
        if self._made:
            self._tell(f"removing job {self._settings.name} and what it owns…")
        deadline = time.monotonic() + _REMOVE_S
        is_clean = True
        # The Job first: else it would make its pods again.
        for kind, name in self._made:
            try:
                await self._remove_one(kind, name, deadline)
            except GroundswellError as error:
                self._tell_left(kind, name, error)
                is_clean = False
        if self._made and is_clean:
            await self._wait_until_gone()

    async def _remove_one(self, kind: str, name: str, deadline: float) -> None:
        while True:
            try:
                await self._cluster.delete(kind, name)
            except ClusterUnreachable:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(_AGAIN_S)
            else:
                return

    def _tell_left(self, kind: str, name: str, error: GroundswellError) -> None:
        words = ["kubectl", "delete", kind.lower(), name, "--namespace", self._settings.namespace]
        self._tell(f"could not remove {kind.lower()} {name}: {error.message}")
        self._tell(f"remove it: {shlex.join(words)}; the cluster does by itself after the run")

    async def _wait_until_gone(self) -> None:
        deadline = time.monotonic() + _GONE_S
        try:
            while left := await self._cluster.pods(self._settings.labels):
                if time.monotonic() > deadline:
                    self._tell(
                        f"{counted(len(left), 'pod')} of job {self._settings.name} still end"
                    )
                    return
                await asyncio.sleep(_AGAIN_S)
        except GroundswellError as error:
            self._tell(f"cannot see whether all pods are gone: {error.message}")


_MORE = "--wait gives them longer; `kubectl describe pod` says what they wait for"
