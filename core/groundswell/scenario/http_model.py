"""How an agent connects to what it loads: what `http` says, in a test and in its scenarios."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

    from groundswell.scenario.expressions import Text


@dataclass(frozen=True, slots=True)
class Shared:
    """So many connections for all VUs of an agent, to each origin."""

    count: int


# One connection for each VU and origin, as browsers keep theirs; or a new one for each request.
Policy = Literal["per-vu", "new"] | Shared


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An IP address. `port` is None where the origin's own is meant."""

    address: str
    port: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """`ca` and `certificate` are paths of files beside the test, or templates of a secret that holds
    PEM; `key` and `key_password` are secrets.
    """

    verify: bool = True
    ca: Text | None = None
    certificate: Text | None = None
    key: Text | None = None
    key_password: Text | None = None
    # What the target's host is called in the handshake, and what its certificate is held against.
    server_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """`exceptions` are hosts and networks that are connected to directly."""

    host: str
    port: int
    user: Text | None = None
    password: Text | None = None
    exceptions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Http:
    """None: nothing is said, so the test's word holds in a scenario, and the default in a test."""

    connections: Policy | None = None
    connect_timeout: Fraction | None = None
    tls: Tls | None = None
    # By host, `*.domain` or host:port.
    hosts: Mapping[str, tuple[Endpoint, ...]] | None = None
    dns_ttl: Fraction | None = None
    # Addresses and networks of the agent's machine.
    source_addresses: tuple[str, ...] | None = None
    proxy: Proxy | None = None

    def over(self, other: Http) -> Http:
        """What is said here, and else what the other says."""
        said: dict[str, Any] = {
            field.name: value
            for field in fields(self)
            if (value := getattr(self, field.name)) is not None
        }
        return replace(other, **said)

    @property
    def verifies(self) -> bool:
        return self.tls is None or self.tls.verify
