"""A pod's container as a process of this machine: with its arguments, volumes, variables, and its end."""

from __future__ import annotations

import asyncio
import base64
import os
import re
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

import aiohttp

from tests.deploy.manifests import VARIABLE
from tests.unverified import unverified

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from tests.kubernetes.store import Object

_FIELD = re.compile(r"metadata\.annotations\['([^']+)'\]")
_HOME = "/var/lib/groundswell"
_LINES = 80


class Container:
    """`folder` has its volumes and its log. Network names and ports are `reached`'s: there is one network here."""

    def __init__(
        self,
        pod: Object,
        folder: Path,
        entrypoint: Sequence[str],
        secrets: Mapping[str, Object],
        reached: Callable[[str], str],
    ) -> None:
        self._pod = pod
        self._spec: Object = pod["spec"]["containers"][0]
        self.folder = folder
        self._entrypoint = entrypoint
        self._mounts = {
            mount["mountPath"]: folder / mount["name"] for mount in self._spec["volumeMounts"]
        }
        self._reached = reached
        self._process: Process | None = None
        for volume in pod["spec"]["volumes"]:
            _make(volume, folder / volume["name"], secrets)

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def run(self) -> int:
        """Its exit code, or 128 and the signal that killed it."""
        variables = self._variables()
        words = [VARIABLE.sub(lambda one: variables[one[1]], word) for word in self._spec["args"]]
        words = [self._reached(self._moved(word)) for word in words]
        home, temporary = self._moved(_HOME), self._moved("/tmp")
        inherited = {
            key: value for key, value in os.environ.items() if not key.startswith("GROUNDSWELL")
        }
        with (self.folder / "log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(*self._entrypoint, *words),
                env={**inherited, **variables, "GROUNDSWELL_HOME": home, "TMPDIR": temporary},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        code = await self._process.wait()
        return 128 - code if code < 0 else code

    def last_words(self) -> str:
        return "\n".join((self.folder / "log").read_text().splitlines()[-_LINES:])

    def signal(self, number: signal.Signals) -> None:
        """To it and, as a cgroup's end would, to all that it started."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            if number is signal.SIGKILL:
                os.killpg(self._process.pid, number)
            else:
                self._process.send_signal(number)

    async def gone(self) -> None:
        if self._process is not None:
            await self._process.wait()

    async def is_ready(self) -> bool:
        """As its readiness probe says."""
        probe = self._spec["readinessProbe"]
        if "exec" in probe:
            words = [self._moved(word) for word in probe["exec"]["command"]]
            process = await asyncio.create_subprocess_exec(*words)
            return await process.wait() == 0
        return await self._asked(probe["httpGet"])

    async def _asked(self, probe: Object) -> bool:
        ports = {one["name"]: one["containerPort"] for one in self._spec["ports"]}
        address = self._reached(f"--http=0.0.0.0:{ports[probe['port']]}").partition("=")[2]
        url = f"{probe['scheme'].lower()}://{address}{probe['path']}"
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.get(url, ssl=unverified()) as answer,
            ):
                return answer.status < 400
        except (aiohttp.ClientError, OSError):
            return False

    def _variables(self) -> dict[str, str]:
        return {
            one["name"]: self._field(one["valueFrom"]["fieldRef"]["fieldPath"])
            for one in self._spec.get("env", ())
        }

    def _field(self, path: str) -> str:
        if match := _FIELD.fullmatch(path):
            return str(self._pod["metadata"]["annotations"][match[1]])
        assert path == "spec.nodeName", path
        return str(self._pod["spec"]["nodeName"])

    def _moved(self, word: str) -> str:
        """With the folder that stands for a mount, where one begins a path."""
        paths = "|".join(map(re.escape, sorted(self._mounts, key=len, reverse=True)))
        return re.sub(
            rf"(^|=)({paths})(?=/|$)", lambda one: f"{one[1]}{self._mounts[one[2]]}", word
        )


def _make(volume: Object, folder: Path, secrets: Mapping[str, Object]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if "secret" in volume:
        data = secrets[volume["secret"]["secretName"]]["data"]
        for item in volume["secret"]["items"]:
            file = folder / item["path"]
            file.write_bytes(base64.b64decode(data[item["key"]]))
            file.chmod(volume["secret"]["defaultMode"])
