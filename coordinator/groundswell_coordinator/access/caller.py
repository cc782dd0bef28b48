"""Who calls: a certificate that TLS has verified, or a token, or both; and what that one may."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from groundswell.errors import NotAuthenticated
from groundswell_coordinator.access.role import Role, role_of_uri

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from groundswell_coordinator.access.tokens import Tokens

# As grpc names what it knows of a peer.
COMMON_NAME, URI, CERTIFICATE = "x509_common_name", "peer_uri", "x509_pem_cert"
_HEADER, _SCHEME = "authorization", "Bearer "


@dataclass(frozen=True, slots=True)
class Caller:
    """`identity` tells callers apart: who has the same certificate's name, or the same token, is the same one."""

    identity: str
    roles: frozenset[Role]

    def may(self, roles: Iterable[Role]) -> bool:
        return not self.roles.isdisjoint(roles)

    def __str__(self) -> str:
        return f"{self.identity} ({', '.join(sorted(self.roles)) or 'no role'})"


# Of the call that is being served; None where nobody is asked who he is.
CALLER: ContextVar[Caller | None] = ContextVar("caller", default=None)


def caller_of(
    peer: Mapping[str, Iterable[bytes]], metadata: Mapping[str, str], tokens: Tokens | None
) -> Caller:
    """`peer` is what grpc knows of the other end. Who shows both may what either may.

    Raises NotAuthenticated for who shows nothing, or a token that is none of ours.
    """
    roles, names = set[Role](), list[str]()
    if peer.get(CERTIFICATE):
        names.append(f"certificate {_text(peer.get(COMMON_NAME, ())) or 'without a name'}")
        found = (role_of_uri(uri.decode("utf-8", "replace")) for uri in peer.get(URI, ()))
        roles.update(role for role in found if role is not None)
    if (header := metadata.get(_HEADER)) is not None:
        line = None if tokens is None else tokens.find(header.removeprefix(_SCHEME))
        if line is None:
            raise NotAuthenticated(
                "the coordinator does not know this token",
                hint="its list of tokens has a line for each; `groundswell certs token` makes one",
            )
        names.append(f"token {line.name}")
        roles.add(line.role)
    if not names:
        raise NotAuthenticated(
            "the coordinator wants to know who asks",
            hint="--token-file shows a token, --cert and --key a certificate",
        )
    return Caller(" and ".join(names), frozenset(roles))


def _text(values: Iterable[bytes]) -> str:
    text = b" ".join(values).decode("utf-8", "replace")
    # It stands in lines of a log.
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text
    )
