"""Arguments: read by the very commands that will read them in the container."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import click

from groundswell.address import Address
from groundswell.cli import cli
from tests.deploy.manifests import VARIABLE
from tests.deploy.rules.ports import PROBES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.deploy.manifests import Manifests, Object

_PATH = re.compile(r"(?<![\w/:])(/[\w./-]+)")
# What certificates' Secrets hold, as cert-manager writes them.
_KEYS = frozenset({"ca.crt", "tls.crt", "tls.key"})


def are_understood(manifests: Manifests) -> Iterator[str]:
    """Each option is there and its value can be read."""
    for workload, container in manifests.containers:
        try:
            options(container)
        except click.UsageError as error:
            yield f"{workload.called}: {container['name']}: {error.format_message()}"


def files_are_mounted(manifests: Manifests) -> Iterator[str]:
    for workload, container in manifests.containers:
        for path in _paths(container):
            mount = _mount_of(container, path)
            if mount is None:
                yield f"{workload.called}: nothing is mounted where {path} is"
            elif not _holds(workload.pod, mount, path):
                yield f"{workload.called}: {mount['name']} has no file for {path}"


def listen_where_ports_are(manifests: Manifests) -> Iterator[str]:
    """The port that a container says it has is the one that its command listens on."""
    for workload, container in manifests.containers:
        if container["args"][0] != "coordinator":
            continue
        given = readable(container)
        if given is None:
            continue
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        for name, option in (("grpc", "listen"), ("http", "http")):
            address = given[option]
            assert isinstance(address, Address)
            if address.port != ports[name] or address.is_loopback:
                yield f"{workload.called}: {name} is {ports[name]}, and --{option} {address}"


def probes_speak_as_the_port_does(manifests: Manifests) -> Iterator[str]:
    """With a certificate, TLS is all that a coordinator's HTTP port speaks."""
    for workload, container in manifests.containers:
        has_certificate = any(word.startswith("--cert=") for word in container["args"])
        wanted = "HTTPS" if has_certificate else "HTTP"
        for probe in PROBES:
            asked = container.get(probe, {}).get("httpGet", {})
            if asked and asked.get("scheme", "HTTP") != wanted:
                yield f"{workload.called}: {probe} does not speak {wanted}"


def options(container: Object) -> dict[str, object]:
    """By name. Raises click.UsageError."""
    with tempfile.TemporaryDirectory() as root:
        # Files that have to be there are: empty ones, elsewhere.
        for path in _paths(container):
            place = Path(root, path.lstrip("/"))
            place.parent.mkdir(parents=True, exist_ok=True)
            place.mkdir(exist_ok=True) if _is_mount(container, path) else place.touch()
        name, *words = (_filled_in(word, root) for word in container["args"])
        with click.Context(cli) as outer:
            command = cli.get_command(outer, name)
        if command is None:
            raise click.UsageError(f"there is no command {name}")
        with command.make_context(name, words) as context:
            return dict(context.params)


def readable(container: Object) -> dict[str, object] | None:
    """None where they are not; `are_understood` says why."""
    try:
        return options(container)
    except click.UsageError:
        return None


def _filled_in(word: str, root: str) -> str:
    """Variables are numbers or names, and 1 is both."""
    return VARIABLE.sub("1", _PATH.sub(rf"{root}\1", word))


def _paths(container: Object) -> list[str]:
    return [path for word in container["args"] for path in _PATH.findall(word)]


def _is_mount(container: Object, path: str) -> bool:
    return path in {mount["mountPath"] for mount in container.get("volumeMounts", [])}


def _mount_of(container: Object, path: str) -> Object | None:
    """The deepest one."""
    over = [
        mount
        for mount in container.get("volumeMounts", [])
        if PurePosixPath(path).is_relative_to(mount["mountPath"])
    ]
    return max(over, key=lambda mount: len(mount["mountPath"]), default=None)


def _holds(pod: Object, mount: Object, path: str) -> bool:
    """A Secret has the keys that its volume lists, or else those of a certificate."""
    # A volume that is not there is another rule's.
    volumes: dict[str, Object] = {one["name"]: one for one in pod["volumes"]}
    volume = volumes.get(mount["name"], {})
    if path == mount["mountPath"] or "secret" not in volume:
        return True
    items = volume["secret"].get("items")
    files = _KEYS if items is None else {item["path"] for item in items}
    return str(PurePosixPath(path).relative_to(mount["mountPath"])) in files
