"""How whoever comes to a coordinator shows who it is, and finds out that it is the right one.

A certificate and its key, a token, or neither where the coordinator is on loopback. Files are read
when a channel is opened: what has been renewed meanwhile counts from the next one on.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import click

from groundswell.address import Address
from groundswell.errors import InvalidConfiguration

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import grpc

R = TypeVar("R")

_LARGEST = 1024 * 1024
_SOCKET = "unix:"
_LONGEST_TOKEN = 4096
_WORD = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class Credentials:
    """Paths; all None is a channel without TLS."""

    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    token_file: Path | None = None

    @property
    def is_tls(self) -> bool:
        return any(getattr(self, one.name) is not None for one in fields(self))

    def check(self) -> None:
        """Raises UsageError for options that do not go together."""
        check_pair(self.cert, self.key)

    def read(self) -> None:
        """Raises InvalidConfiguration where a file cannot be: said once, before several processes say it."""
        for path in (self.ca, self.cert, self.key):
            read_file(path)
        if self.token_file is not None:
            self.token()

    def words(self) -> list[str]:
        """As options of a command."""
        given = ((one.name, getattr(self, one.name)) for one in fields(self))
        return [
            word
            for name, path in given
            if path is not None
            for word in (f"--{name.replace('_', '-')}", str(path))
        ]

    def channel(self, address: str, options: Sequence[tuple[str, Any]]) -> grpc.aio.Channel:
        """Raises InvalidConfiguration where a file cannot be read."""
        # grpc takes a third of a second to import: not for --help.
        import grpc

        if not self.is_tls:
            return grpc.aio.insecure_channel(address, options=options)
        credentials = grpc.ssl_channel_credentials(
            read_file(self.ca), read_file(self.key), read_file(self.cert)
        )
        if self.token_file is not None:
            token = grpc.access_token_call_credentials(self.token())
            credentials = grpc.composite_channel_credentials(credentials, token)
        return grpc.aio.secure_channel(address, credentials, options=options)

    def token(self) -> str:
        """Raises InvalidConfiguration where the file is none; never says what it holds."""
        text = (read_file(self.token_file) or b"").decode("latin-1").strip()
        if not 0 < len(text) <= _LONGEST_TOKEN or not _WORD.fullmatch(text):
            raise InvalidConfiguration(
                f"{self.token_file} holds no token",
                hint="one line, as `groundswell certs token` writes it",
            )
        return text


NONE = Credentials()


@dataclass(frozen=True, slots=True)
class Remote(Address):
    """A coordinator's address, and what is shown there."""

    credentials: Credentials = NONE

    @classmethod
    def of(cls, address: str, credentials: Credentials = NONE) -> Remote:
        """Of HOST:PORT, or of a socket on this machine, `unix:PATH`; ValueError where it is neither."""
        if address.startswith(_SOCKET):
            return cls(address, 0, credentials)
        parts = urlsplit(f"//{address}")
        return cls(parts.hostname or "", parts.port or 0, credentials)

    # Of a dataclass with slots, the base's is not found by itself.
    def __str__(self) -> str:
        return self.host if self.host.startswith(_SOCKET) else Address.__str__(self)

    @property
    def socket(self) -> Path | None:
        """Where it listens, if not on a port."""
        return Path(self.host.removeprefix(_SOCKET)) if self.host.startswith(_SOCKET) else None

    def words(self) -> list[str]:
        """As options of a command."""
        return ["--coordinator", str(self), *self.credentials.words()]


def check_pair(cert: Path | None, key: Path | None) -> None:
    """Raises UsageError for one without the other."""
    if (cert is None) != (key is None):
        raise click.UsageError("--cert and --key go together: a certificate and its key.")


def read_file(path: Path | None) -> bytes | None:
    """None of None. Raises InvalidConfiguration."""
    if path is None:
        return None
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        raise InvalidConfiguration(f"cannot read {path}: {error.strerror}") from error
    if len(content) > _LARGEST:
        raise InvalidConfiguration(f"{path} is too large for a certificate, a key or a token")
    return content


def credential_options(*, from_environment: bool) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Give a command `credentials: Credentials`."""

    def decorate(command: Callable[..., R]) -> Callable[..., R]:
        @functools.wraps(command)
        def wrapper(**kwargs: Any) -> R:  # noqa: ANN401 # whatever the other options are
            credentials = Credentials(*(kwargs.pop(name) for name, _ in _OPTIONS))
            credentials.check()
            return command(credentials=credentials, **kwargs)

        decorated: Callable[..., R] = wrapper
        for name, text in reversed(_OPTIONS):
            decorated = _option(name, text, from_environment)(decorated)
        return decorated

    return decorate


_OPTIONS = (
    ("ca", "The authority that the coordinator's certificate is of."),
    ("cert", "A certificate to show, with a role in it."),
    ("key", "Its key."),
    ("token_file", "A file with a token to show, instead of a certificate."),
)


def _option(
    name: str, text: str, from_environment: bool
) -> Callable[[Callable[..., R]], Callable[..., R]]:
    return click.option(
        f"--{name.replace('_', '-')}",
        name,
        metavar="FILE",
        # Whether it is there is said where it is needed: the environment may name it for all commands.
        type=click.Path(dir_okay=False, path_type=Path),
        envvar=f"GROUNDSWELL_{name.upper()}" if from_environment else None,
        show_envvar=from_environment,
        help=text,
    )
