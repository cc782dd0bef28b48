"""All pods of a run at one moment: whether they can begin, what is told of who waits, what is hopeless."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from groundswell_coordinator.counted import counted
from groundswell_coordinator.launch.kubernetes import agents_job, coordinator_pod
from groundswell_coordinator.launch.kubernetes.errors import PlacementFailed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from groundswell_coordinator.launch.kubernetes.pod_state import PodState
    from groundswell_coordinator.launch.kubernetes.settings import RunSettings

# So many agents' pods ended by themselves: the next ones would, too.
_ENOUGH_CRASHES = 3


@dataclass(frozen=True, slots=True)
class Census:
    settings: RunSettings
    pods: tuple[PodState, ...]

    @classmethod
    def of(cls, settings: RunSettings, pods: Iterable[PodState]) -> Census:
        return cls(settings, tuple(pods))

    @property
    def is_complete(self) -> bool:
        return self._is_coordinator_ready and self.ready_agents >= self.settings.agents

    @property
    def ready_agents(self) -> int:
        """Of pods of several, as many as are ordered."""
        ready = sum(one.is_ready for one in self._agents) * self.settings.agents_per_pod
        return min(ready, self.settings.agents)

    @property
    def missing_pods(self) -> int:
        """Of agents, which the Job has not made."""
        living = sum(not one.ended and not one.is_moved for one in self._agents)
        return max(self.settings.pods - living, 0)

    def check(self) -> None:
        """Raises PlacementFailed where waiting would be in vain."""
        for pod in self.pods:
            if pod.hopeless:
                raise PlacementFailed(f"pod {pod.name}: {pod.hopeless}", hint=pod.hint)
        crashed = [one for one in self._agents if one.ended and not one.is_moved]
        if len(crashed) >= min(_ENOUGH_CRASHES, 2 * self.settings.pods):
            pod = crashed[-1]
            raise PlacementFailed(
                f"agents end before the run begins: pod {pod.name}: {pod.ended}",
                hint="is --image one of this version of groundswell?",
            )
        if (why := self.lost) is not None:
            raise PlacementFailed(f"the coordinator's pod has ended: {why}")

    @property
    def lost(self) -> str | None:
        """Why the coordinator is gone for good; None where it is there, or still to come."""
        for pod in self.pods:
            if pod.role == coordinator_pod.ROLE and (pod.ended or pod.is_moved):
                return pod.ended or "it was told to end"
        return None

    def __str__(self) -> str:
        """`38/50 agents ready, 12 pending: Insufficient cpu`."""
        ready, agents = self.ready_agents, self.settings.agents
        line = f"{ready}/{counted(agents, 'agent')} ready"
        if ready < agents:
            line += f", {agents - ready} pending{self._why()}"
        if not self._is_coordinator_ready:
            why = [one.pending for one in self.pods if one.role == coordinator_pod.ROLE]
            line += f"; coordinator: {why[0] if why and why[0] else 'pending'}"
        return line

    def _why(self) -> str:
        """What most wait for comes first."""
        reasons = Counter(one.pending for one in self._agents if one.pending)
        if self.missing_pods:
            reasons["no pod yet"] += self.missing_pods
        return ": " + "; ".join(why for why, _ in reasons.most_common(2)) if reasons else ""

    @property
    def _agents(self) -> list[PodState]:
        return [one for one in self.pods if one.role == agents_job.ROLE]

    @property
    def _is_coordinator_ready(self) -> bool:
        return any(one.is_ready for one in self.pods if one.role == coordinator_pod.ROLE)
