"""Where somebody listens: HOST:PORT, as an option of a command and as what grpc and sockets take."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

import click

LOCALHOST = "localhost"


@dataclass(frozen=True, slots=True)
class Address:
    """`host` is without the brackets of an IPv6 address."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether nobody on another machine can reach it; another name is not asked what it means."""
        if self.host == LOCALHOST:
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


class AddressOption(click.ParamType[Address]):
    """The type of a click option; one to dial has no port 0."""

    name = "HOST:PORT"

    def __init__(self, *, dials: bool = False) -> None:
        self._dials = dials

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Address:
        if isinstance(value, Address):
            return value
        text = str(value)
        try:
            parts = urlsplit(f"//{text}")
            host, port = parts.hostname, parts.port
        except ValueError:
            host = port = None
        # What the parser takes beyond that, such as a user or a path, is not there when it is written again.
        address = Address(host or "", port or 0)
        if not host or port is None or text.lower() != str(address) or any(map(str.isspace, text)):
            self.fail(f"{text!r} is no HOST:PORT, such as 127.0.0.1:9700 or [::1]:9700", param, ctx)
        if self._dials and port == 0:
            self.fail(f"{text!r}: nobody listens on port 0", param, ctx)
        return address
