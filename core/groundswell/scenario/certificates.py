"""Certificates that a test names: files of PEM beside it, or secrets of the agents that hold PEM.

Files are kept where the test goes, so a private key is never one of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell.scenario.agent_secrets import OnlySecret
from groundswell.scenario.expressions import Text
from groundswell.scenario.file_path import FILE
from groundswell.scenario.nodes import Node, Scalar
from groundswell.scenario.shape import Json, Shape

if TYPE_CHECKING:
    from pathlib import Path

    from groundswell.scenario.problems import Problems

_LARGEST = 10 * 1024 * 1024
_CERTIFICATE = b"-----BEGIN CERTIFICATE-----"
_KEY = b"PRIVATE KEY-----"
_SECRET = OnlySecret("what an iteration knows")


class Certificates(Shape[Text]):
    """A path, or a template of one secret. The file is looked at where it can be."""

    def read(self, node: Node, label: str, problems: Problems) -> Text | None:
        if isinstance(node, Scalar) and node.late:
            return _SECRET.read(node, label, problems)
        path = FILE.read(node, label, problems)
        if path is None:
            return None
        place = problems.files.find(path)
        refusal = None if place is None else _refusal(place)
        if refusal is None:
            return path
        problems.add(node, f"`{label}`: {node.shown} {refusal[0]}", refusal[1])
        return None

    def schema(self, definitions: Json) -> Json:
        return FILE.schema(definitions)


def _refusal(place: Path) -> tuple[str, str] | None:
    try:
        with place.open("rb") as file:
            content = file.read(_LARGEST)
    except OSError as error:
        return f"cannot be read: {error.strerror}", "look at its permissions"
    if _KEY in content:
        hint = 'files are kept with the run: give the key as a secret, key: "{{ secret.NAME }}"'
        return "holds a private key", hint
    if _CERTIFICATE not in content:
        return "holds no certificate", "it must be PEM, which has -----BEGIN CERTIFICATE----- in it"
    return None


CERTIFICATES = Certificates()
