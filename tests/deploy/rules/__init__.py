"""What an API server does not refuse and a cluster would not do as it is meant: one problem, one line.

A rule takes all objects of a render and gives its complaints; without any, it holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.deploy.rules import (
    arguments,
    certificates,
    ending,
    images,
    ports,
    quantities,
    references,
    rights,
    security,
    selectors,
    volumes,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.deploy.manifests import Manifests

RULES: tuple[Callable[[Manifests], Iterator[str]], ...] = (
    selectors.workloads_select_their_own_pods,
    selectors.services_and_budgets_find_pods,
    selectors.policies_find_pods,
    selectors.names_can_be_asked_for,
    selectors.monitors_find_services,
    ports.services_lead_to_ports,
    ports.probes_ask_ports,
    ports.policies_name_ports,
    quantities.can_be_read,
    quantities.requests_fit_limits,
    security.pods_are_restricted,
    security.sysctls_are_safe,
    security.nothing_of_the_api_server_is_mounted,
    security.services_set_no_variables,
    references.accounts_exist,
    references.priorities_exist,
    references.configuration_exists_or_is_documented,
    references.variables_are_set,
    rights.are_of_one_namespace,
    rights.are_listed,
    volumes.mounts_have_volumes,
    volumes.claims_exist_and_are_mounted,
    images.are_named_exactly,
    arguments.are_understood,
    arguments.files_are_mounted,
    arguments.listen_where_ports_are,
    arguments.probes_speak_as_the_port_does,
    certificates.have_an_issuer,
    certificates.name_the_coordinator_as_agents_do,
    certificates.give_agents_their_role_alone,
    ending.leaves_time_for_the_graceful_stop,
    ending.one_volume_has_one_pod,
)


def complaints(manifests: Manifests) -> list[str]:
    """Of all rules."""
    return [text for rule in RULES for text in rule(manifests)]
