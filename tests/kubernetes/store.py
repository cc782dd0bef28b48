"""The objects of a cluster in memory: versions, watches, owners; what an API server keeps in etcd."""

from __future__ import annotations

import asyncio
import copy
import itertools
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

Object = dict[str, Any]
Key = tuple[str, str]


class Conflict(Exception):
    """An object of this name is there."""


class Store:
    """By plural and name, of one namespace. All is done in one event loop."""

    def __init__(self) -> None:
        self.objects: dict[Key, Object] = {}
        # All that was ever created, as it was sent.
        self.created: list[Object] = []
        self._versions = itertools.count(1)
        self._version = 0
        self._log: list[tuple[int, str, str, Object]] = []
        self._changed = asyncio.Event()

    @property
    def version(self) -> str:
        return str(self._version)

    def of(self, plural: str) -> list[Object]:
        return [one for (kind, _), one in self.objects.items() if kind == plural]

    def create(self, plural: str, one: Object) -> Object:
        self.created.append(copy.deepcopy(one))
        metadata = one["metadata"]
        if (plural, metadata["name"]) in self.objects:
            raise Conflict(f'{plural} "{metadata["name"]}" already exists')
        metadata["uid"] = str(uuid.uuid4())
        metadata["creationTimestamp"] = now()
        self.objects[plural, metadata["name"]] = one
        self._note("ADDED", plural, one)
        return one

    def touch(self, plural: str, one: Object) -> None:
        """It was changed in its place."""
        if (plural, one["metadata"]["name"]) in self.objects:
            self._note("MODIFIED", plural, one)

    def remove(self, plural: str, name: str) -> None:
        """For good, and all that it owned with it, as a garbage collector would a little later."""
        one = self.objects.pop((plural, name), None)
        if one is None:
            return
        self._note("DELETED", plural, one)
        for (kind, owned_name), owned in list(self.objects.items()):
            owners = owned["metadata"].get("ownerReferences", ())
            if any(owner["uid"] == one["metadata"]["uid"] for owner in owners):
                self.delete(kind, owned_name)

    def delete(self, plural: str, name: str) -> None:
        """A pod is told to end, and is removed by its node; all else goes at once."""
        one = self.objects[plural, name]
        if plural != "pods":
            self.remove(plural, name)
        elif "deletionTimestamp" not in one["metadata"]:
            one["metadata"]["deletionTimestamp"] = now()
            self._note("MODIFIED", plural, one)

    async def watch(self, plural: str, since: int) -> AsyncGenerator[tuple[str, Object]]:
        while True:
            self._changed.clear()
            for version, change, kind, one in list(self._log):
                if version > since:
                    since = version
                    if kind == plural:
                        yield change, one
            await self._changed.wait()

    def _note(self, change: str, plural: str, one: Object) -> None:
        self._version = next(self._versions)
        one["metadata"]["resourceVersion"] = self.version
        self._log.append((self._version, change, plural, copy.deepcopy(one)))
        self._changed.set()


def now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
