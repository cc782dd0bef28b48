"""The hosts that a test names itself: what its guard allows, and what an operator is asked about."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from groundswell.scenario.expressions import Template
from groundswell.scenario.model import all_requests
from groundswell.scenario.urls import NO_TARGET

if TYPE_CHECKING:
    from collections.abc import Iterator

    from groundswell.scenario.expressions import Text
    from groundswell.scenario.model import Phase, Scenario, Test

# Up to where its host ends.
_WITH_HOST = re.compile(r"https?://[^/?]+(?=[/?])")


@dataclass(frozen=True, slots=True)
class NamedHosts:
    """Names and addresses without ports, in lower case, each once; `urls` are those of steps with a whole
    URL, without the target's. `made_up`: what else is loaded, only the run knows.
    """

    target: str | None
    urls: tuple[str, ...]
    fixed: tuple[str, ...]
    proxies: tuple[str, ...]
    made_up: bool

    @property
    def all(self) -> tuple[str, ...]:
        target = () if self.target is None else (self.target,)
        return tuple(dict.fromkeys((*target, *self.urls, *self.fixed, *self.proxies)))


def named_hosts(test: Test) -> NamedHosts:
    workloads = list(_workloads(test))
    target = None if test.target == NO_TARGET else host_of(test.target)
    urls = dict.fromkeys(host for one in workloads for host in _of_steps(one))
    return NamedHosts(
        target,
        tuple(host for host in urls if host is not None and host != target),
        tuple(dict.fromkeys(address for one in workloads for address in _fixed(one))),
        tuple(
            dict.fromkeys(one.http.proxy.host for one in workloads if one.http.proxy is not None)
        ),
        None in urls or any(scenario.function is not None for scenario in test.scenarios.values()),
    )


def host_of(url: str) -> str | None:
    """The host of a whole URL, without the brackets of IPv6."""
    try:
        return urlsplit(url).hostname
    except ValueError:
        # Said where the step is compiled.
        return None


def _workloads(test: Test) -> Iterator[Scenario | Phase]:
    yield from test.scenarios.values()
    for phase in (test.setup, test.teardown):
        if phase is not None:
            yield phase


def _of_steps(workload: Scenario | Phase) -> Iterator[str | None]:
    """None for a request whose host shows when it is sent."""
    for step in all_requests(workload.steps):
        beginning = _beginning(step.path)
        if not beginning.startswith("/"):
            found = _WITH_HOST.match(beginning)
            yield None if found is None else host_of(found[0])


def _beginning(path: Text) -> str:
    """What of it is the same in each iteration; nothing where it starts with a template."""
    if not isinstance(path, Template):
        # A whole URL may end with its host.
        return f"{path}/"
    first = path.parts[0]
    return first if isinstance(first, str) else ""


def _fixed(workload: Scenario | Phase) -> Iterator[str]:
    for endpoints in (workload.http.hosts or {}).values():
        for endpoint in endpoints:
            yield endpoint.address
