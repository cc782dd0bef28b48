"""What `run --kubernetes` asks of the API server, in its namespace: by API group and resource.

docs/kubernetes.md has the same as a Role.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

RUN: Mapping[tuple[str, str], frozenset[str]] = {
    ("batch", "jobs"): frozenset({"create", "delete"}),
    ("", "pods"): frozenset({"create", "delete", "get", "list", "watch"}),
    ("", "services"): frozenset({"create", "delete"}),
    ("", "secrets"): frozenset({"create", "delete"}),
    ("", "resourcequotas"): frozenset({"list"}),
    ("", "events"): frozenset({"list"}),
    # By `kubectl port-forward`: a GET over WebSockets, a POST of older ones.
    ("", "pods/portforward"): frozenset({"create", "get"}),
}
