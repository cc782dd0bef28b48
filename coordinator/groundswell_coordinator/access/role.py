"""What somebody may be to a coordinator, and how a certificate says it: `groundswell://role/agent`."""

from __future__ import annotations

from enum import StrEnum

_SCHEME = "groundswell://role/"


class Role(StrEnum):
    """Which methods each may call stands in `access.methods`."""

    AGENT = "agent"
    VIEWER = "viewer"
    OPERATOR = "operator"

    @property
    def uri(self) -> str:
        """Its subject alternative name."""
        return f"{_SCHEME}{self}"


def role_of_uri(uri: str) -> Role | None:
    """None for whatever else stands in a certificate."""
    try:
        return Role(uri.removeprefix(_SCHEME)) if uri.startswith(_SCHEME) else None
    except ValueError:
        return None
