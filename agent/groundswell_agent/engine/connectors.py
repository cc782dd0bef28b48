"""From what a test says of its connections to what makes them: one connector for all scenarios that
say the same.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from groundswell.files.places import UNSEEN
from groundswell.scenario.expressions import Template
from groundswell.scenario.http_model import Shared
from groundswell_agent.engine.secrets import filled
from groundswell_agent.engine.sent_files import content_of
from groundswell_agent.http.client import Client
from groundswell_agent.http.connector import CONNECT_TIMEOUT, Connector
from groundswell_agent.http.fixed_hosts import FixedHosts
from groundswell_agent.http.policies import FreshClient, SharedClient
from groundswell_agent.http.pool import Pool
from groundswell_agent.http.proxy import Proxy
from groundswell_agent.http.request import split_url
from groundswell_agent.http.resolver import TTL, Resolver
from groundswell_agent.http.sources import Sources
from groundswell_agent.http.tls import ALPN, ClientCertificate, client_context

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Sequence

    from groundswell.files.places import Files
    from groundswell.scenario.expressions import Text
    from groundswell.scenario.http_model import Http, Policy, Tls
    from groundswell.scenario.http_model import Proxy as ProxySpec
    from groundswell_agent.http.guard import Guard
    from groundswell_agent.lease import Lease


class Connectors:
    """Of one run. `target` is the test's; `files` are those beside it.

    What cannot be used (a certificate, a source address, a secret) raises a GroundswellError when the
    connector is made, which is before the load.
    """

    def __init__(
        self,
        target: str,
        files: Files = UNSEEN,
        lease: Lease | None = None,
        guard: Guard | None = None,
    ) -> None:
        self._host = split_url(target)[0].host
        self._files = files
        self._lease = lease
        self._guard = guard
        self._made: list[tuple[Http, Connector, Pool | None]] = []
        # By how long they keep what they find: a host is looked up once for all who agree in that.
        self.resolvers: dict[float, Resolver] = {}

    @property
    def open_connections(self) -> int:
        return sum(connector.open_connections for _, connector, _ in self._made)

    def clients(self, http: Http) -> tuple[Connector, Callable[[], Client]]:
        """The connector for one way of connecting, and what makes the clients of VUs."""
        made = next((one for one in self._made if one[0] == http), None)
        if made is None:
            resolver = self.resolvers.setdefault(_ttl(http), _resolver(http))
            made = http, self.new_connector(http, resolver=resolver), _pool(http.connections)
            self._made.append(made)
        _, connector, pool = made
        if pool is not None:
            return connector, lambda: SharedClient(connector, pool)
        client = FreshClient if http.connections == "new" else Client
        return connector, lambda: client(connector)

    def close(self) -> None:
        """End the shared connections that nobody uses; a VU ends its own."""
        for _, _, pool in self._made:
            if pool is not None:
                pool.close()

    def new_connector(
        self, http: Http, alpn: Sequence[str] = ALPN, resolver: Resolver | None = None
    ) -> Connector:
        """One of its own, for whoever looks at the way beforehand."""
        tls, timeout = http.tls, http.connect_timeout
        name = None if tls is None else tls.server_name
        return Connector(
            tls=None if tls is None else self._context(tls, alpn),
            alpn=alpn,
            connect_timeout=CONNECT_TIMEOUT if timeout is None else float(timeout),
            resolver=resolver or _resolver(http),
            lease=self._lease,
            fixed=FixedHosts(http.hosts) if http.hosts else None,
            sources=Sources(http.source_addresses) if http.source_addresses else None,
            proxy=_proxy(http.proxy) if http.proxy is not None else None,
            server_names=None if name is None else {self._host: name},
            guard=self._guard,
        )

    def _context(self, tls: Tls, alpn: Sequence[str]) -> ssl.SSLContext:
        certificate: ClientCertificate | None = None
        if tls.certificate is not None and tls.key is not None:
            password = None if tls.key_password is None else filled(tls.key_password)
            certificate = ClientCertificate(self._pem(tls.certificate), filled(tls.key), password)
        ca = None if tls.ca is None else self._pem(tls.ca)
        return client_context(ca=ca, verify=tls.verify, certificate=certificate, alpn=alpn)

    def _pem(self, text: Text) -> bytes:
        """A file's content; or that of a secret, where it is nothing but one."""
        if isinstance(text, Template) and text.only is not None:
            return filled(text).encode()
        return content_of(self._files, filled(text))


def _ttl(http: Http) -> float:
    return TTL if http.dns_ttl is None else float(http.dns_ttl)


def _resolver(http: Http) -> Resolver:
    return Resolver(asyncio.get_running_loop(), ttl=_ttl(http))


def _pool(policy: Policy | None) -> Pool | None:
    return Pool(policy.count, asyncio.get_running_loop()) if isinstance(policy, Shared) else None


def _proxy(spec: ProxySpec) -> Proxy:
    return Proxy(
        spec.host,
        spec.port,
        user=None if spec.user is None else filled(spec.user),
        password="" if spec.password is None else filled(spec.password),
        exceptions=spec.exceptions,
    )
