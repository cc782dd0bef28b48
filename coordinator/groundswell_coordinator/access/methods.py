"""Which role may call which method: the only place that says so.

A method that is not in the table is refused to everybody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell_coordinator.access.role import Role

if TYPE_CHECKING:
    from collections.abc import Mapping

_AGENT = "/groundswell.v1.AgentService/"
ATTACH = f"{_AGENT}Attach"
_CONTROL = "/groundswell.v1.ControlService/"
_HEALTH = "/grpc.health.v1.Health/"
_REFLECTION = "/grpc.reflection.v1alpha.ServerReflection/"

_AGENTS = frozenset({Role.AGENT})
_READS = frozenset({Role.VIEWER, Role.OPERATOR})
_CHANGES = frozenset({Role.OPERATOR})
# With no role, or none that we know; a probe has no credentials at all.
ANYBODY = frozenset[Role]({*Role})

METHODS: Mapping[str, frozenset[Role]] = {
    ATTACH: _AGENTS,
    f"{_AGENT}FetchFile": _AGENTS,
    f"{_CONTROL}Watch": _READS,
    f"{_CONTROL}ListAgents": _READS,
    f"{_CONTROL}ListRuns": _READS,
    f"{_CONTROL}GetRun": _READS,
    f"{_CONTROL}JudgeRun": _READS,
    f"{_CONTROL}ExportRun": _READS,
    f"{_CONTROL}ListBaselines": _READS,
    # A test is code on every agent, or at least load on whatever it names.
    f"{_CONTROL}Submit": _CHANGES,
    f"{_CONTROL}FindFiles": _CHANGES,
    f"{_CONTROL}SendFile": _CHANGES,
    f"{_CONTROL}StopRun": _CHANGES,
    f"{_CONTROL}DeleteRun": _CHANGES,
    f"{_CONTROL}ImportRun": _CHANGES,
    f"{_CONTROL}SetBaseline": _CHANGES,
    f"{_CONTROL}RemoveBaseline": _CHANGES,
    f"{_HEALTH}Check": ANYBODY,
    f"{_HEALTH}List": ANYBODY,
    f"{_HEALTH}Watch": ANYBODY,
    f"{_REFLECTION}ServerReflectionInfo": _READS,
}
