"""`http`: how connections are made, for the whole test or for one scenario."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from groundswell.scenario.agent_secrets import KnownBefore, OnlySecret
from groundswell.scenario.certificates import CERTIFICATES
from groundswell.scenario.hosts import EXCEPTIONS, HOSTS, SOURCES, matches
from groundswell.scenario.http_model import Http, Policy, Proxy, Shared, Tls
from groundswell.scenario.nodes import Mapping, Node, Scalar
from groundswell.scenario.record import Fields, Key, Record
from groundswell.scenario.scalars import (
    BOOLEAN,
    DURATION,
    POSITIVE_DURATION,
    choice,
    refuse_comment,
    whole,
)
from groundswell.scenario.shape import Json, Leaf, Refusal, Shape

if TYPE_CHECKING:
    from groundswell.scenario.problems import Problems

_POLICIES = ("per-vu", "new")
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")
_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?")
_PROXY_PORT = 3128
_MOST_SHARED = 100_000


def _build_shared(fields: Fields) -> Shared | None:
    return Shared(fields.values["shared"]) if fields.complete else None


_SHARED = Record(
    "connections",
    {"shared": Key(whole(1, _MOST_SHARED), "How many, for each agent and host.", required=True)},
    _build_shared,
)


class _Policy(Shape[Policy]):
    """`per-vu`, `new`, or `{shared: 50}`."""

    def read(self, node: Node, label: str, problems: Problems) -> Policy | None:
        if isinstance(node, Mapping):
            return _SHARED.read(node, label, problems)
        if isinstance(node, Scalar) and not node.late and node.text == "shared":
            problems.add(node, f"`{label}` does not say how many", "write {shared: 50}")
            return None
        return cast("Policy | None", choice(*_POLICIES).read(node, label, problems))

    def schema(self, definitions: Json) -> Json:
        shared, plain = _SHARED.schema(definitions), choice(*_POLICIES).schema(definitions)
        return {"if": {"type": "object"}, "then": shared, "else": plain}


def _build_tls(fields: Fields) -> Tls | None:
    values = fields.values
    for one, other in (("certificate", "key"), ("key", "certificate"), ("key_password", "key")):
        if fields.given(one) and not fields.given(other):
            fields.refuse(one, f"`{one}` needs a `{other}`")
    if values.get("verify") is False and fields.given("ca"):
        fields.refuse("ca", "`ca` has no use where `verify` is false", "remove one of them")
    return Tls(**values) if fields.complete else None


def _server_name(scalar: Scalar) -> str | None:
    refuse_comment(scalar)
    if not _NAME.fullmatch(scalar.text) or len(scalar.text) > 253:
        raise Refusal(f"{scalar.shown} is not the name of a host", "such as shop.example.com")
    return scalar.text.lower()


_TLS = Record(
    "tls",
    {
        "verify": Key(BOOLEAN, "Whether servers must show valid certificates.", default=True),
        "ca": Key(
            CERTIFICATES, "The authorities to trust: a file of PEM, or a secret that holds PEM."
        ),
        "certificate": Key(
            CERTIFICATES, "What clients show: a file of PEM, or a secret that holds PEM."
        ),
        "key": Key(OnlySecret("a private key"), "Its private key: a secret that holds PEM."),
        "key_password": Key(OnlySecret("a password"), "What the key is encrypted with: a secret."),
        "server_name": Key(
            Leaf("the name of a host", _server_name, {"type": "string"}),
            "What the target's host is called in the handshake, and in its certificate.",
        ),
    },
    _build_tls,
)


def _proxy_url(scalar: Scalar) -> tuple[str, int] | None:
    refuse_comment(scalar)
    try:
        url = urlsplit(scalar.text)
        port = url.port
    except ValueError:
        return None
    if "@" in url.netloc:
        raise Refusal("holds a user name", "`user` and `password` are keys of `proxy`")
    if url.scheme == "https":
        raise Refusal(
            f"{scalar.shown} is a proxy over TLS, which is not supported yet",
            "http:// is how both http and https go through a proxy",
        )
    if url.scheme != "http" or not url.hostname or not _HOST.fullmatch(url.hostname) or port == 0:
        return None
    if url.path.strip("/") or url.query or url.fragment:
        raise Refusal(f"{scalar.shown} is more than http://HOST:PORT")
    return url.hostname, port or _PROXY_PORT


_PROXY_URL = Leaf(
    "an address such as http://proxy.internal:3128",
    _proxy_url,
    {"type": "string", "pattern": r"^[hH][tT][tT][pP]://[^/?#@\s]+/?$"},
)


def _build_proxy(fields: Fields) -> Proxy | None:
    user = fields.values.get("user")
    if isinstance(user, str) and ":" in user:
        fields.refuse("user", "`user` holds a colon, which ends a user name here")
    if fields.given("password") and not fields.given("user"):
        fields.refuse("password", "`password` needs a `user`")
    if not fields.complete:
        return None
    values = dict(fields.values)
    host, port = values.pop("url")
    return Proxy(host=host, port=port, exceptions=values.pop("except", ()), **values)


_PROXY = Record(
    "proxy",
    {
        "url": Key(_PROXY_URL, "Where it is; port 3128 unless it says so.", required=True),
        "user": Key(KnownBefore(), "The user's name, for basic authentication."),
        "password": Key(KnownBefore(), "The user's password, such as {{ secret.NAME }}."),
        "except": Key(EXCEPTIONS, "Hosts and networks that are connected to directly."),
    },
    _build_proxy,
)


class _Proxy(Shape[Proxy]):
    """Its URL, or that with more."""

    def read(self, node: Node, label: str, problems: Problems) -> Proxy | None:
        if isinstance(node, Mapping):
            return _PROXY.read(node, label, problems)
        place = _PROXY_URL.read(node, label, problems)
        return None if place is None else Proxy(host=place[0], port=place[1])

    def schema(self, definitions: Json) -> Json:
        full, plain = _PROXY.schema(definitions), _PROXY_URL.schema(definitions)
        return {"if": {"type": "object"}, "then": full, "else": plain}


def _build(fields: Fields) -> Http | None:
    _refuse_hosts_of_proxy(fields)
    return Http(**fields.values) if fields.complete else None


def _refuse_hosts_of_proxy(fields: Fields) -> None:
    """A proxy looks up what it is asked for itself."""
    proxy: Proxy | None = fields.values.get("proxy")
    hosts = fields.node.get("hosts")
    if proxy is None or not isinstance(hosts, Mapping) or "hosts" not in fields.values:
        return
    for name, _ in hosts.pairs:
        host, _, port = name.text.lower().partition(":")
        if host == proxy.host or any(
            matches(one, host, int(port or 0)) for one in proxy.exceptions
        ):
            continue
        message = f"`{name.text}` is looked up by the proxy, whatever `hosts` says"
        fields.problems.add(name, message, "add it to the proxy's `except`, or remove it")
        fields.complete = False


HTTP = Record(
    "http",
    {
        "connections": Key(
            _Policy(),
            "One for each VU (per-vu), a new one for each request (new), or {shared: 50} for each"
            " agent and host.",
            default="per-vu",
        ),
        "connect_timeout": Key(
            POSITIVE_DURATION, "How long name, TCP and TLS may take together.", default="10s"
        ),
        "tls": Key(_TLS, "Certificates: whom to trust, and what to show."),
        "hosts": Key(HOSTS, "Addresses of hosts, which are then not looked up."),
        "dns_ttl": Key(DURATION, "How long an agent uses what a lookup has found.", default="5m"),
        "source_addresses": Key(
            SOURCES, "Local addresses that connections come from, one after the other."
        ),
        "proxy": Key(_Proxy(), "The proxy that requests go through; never the environment's."),
    },
    _build,
)
# As k6 calls them, in lower case and without underscores, and as they are called here.
_ELSEWHERE = {
    **{key.replace("_", ""): f"{key}: …" for key in HTTP.keys},
    "insecureskiptlsverify": "tls: {verify: false}",
    "tlsauth": "tls: {certificate: …, key: …}",
    "noconnectionreuse": "connections: new",
    "novuconnectionreuse": "connections: new",
    "localips": "source_addresses: …",
    "dns": "dns_ttl: 5m",
}


def hint_for_connections(key: str) -> tuple[str, str] | None:
    """Where a key belongs that stands in the test itself."""
    here = _ELSEWHERE.get(key.lower().replace("_", ""))
    return None if here is None else (f"unknown key `{key}` in the test", f"write http: {{{here}}}")
