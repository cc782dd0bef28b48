"""What a step is compiled in: its scenario, and the groups that it stands in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from groundswell.scenario.step_model import Step
    from groundswell_agent.engine.scenario_load import ScenarioLoad
    from groundswell_agent.engine.virtual_user import VirtualUser

# Between the names of groups within groups.
_WITHIN = "::"


class CompiledStep(Protocol):
    """What a VU awaits. It leaves in `vu.due` the moment at which the next step becomes due."""

    async def __call__(self, vu: VirtualUser) -> None: ...


class Compile(Protocol):
    """Compiles the steps that a step holds."""

    def __call__(self, steps: Sequence[Step], scope: Scope) -> tuple[CompiledStep, ...]: ...


@dataclass(frozen=True, slots=True)
class Scope:
    """`target` is where paths are below; `tags` are on every sample of the steps in it."""

    load: ScenarioLoad
    target: str
    tags: Mapping[str, str]
    takes_cookies: bool

    def in_group(self, name: str) -> Scope:
        outer = self.tags.get("group")
        path = name if outer is None else f"{outer}{_WITHIN}{name}"
        return replace(self, tags={**self.tags, "group": path})
