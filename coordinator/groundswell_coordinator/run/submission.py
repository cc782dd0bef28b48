"""What a client asks for: a test, read and found valid, and how to run it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from groundswell.capacity.searched import searched
from groundswell.capacity.settings import SearchSettings
from groundswell.errors import ProtocolViolation
from groundswell.files.places import Sent
from groundswell.files.wire import stamp_to_wire, stamps_from_wire
from groundswell.scenario.loader import TestSource, load
from groundswell.v1 import agent_pb2, control_pb2
from groundswell_coordinator.outputs.outputs import parse_outputs
from groundswell_coordinator.run.events import LossPolicy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from groundswell.scenario.model import Test
    from groundswell_coordinator.outputs.destination import Destination

# What the store's key takes.
_LONGEST_ID = 128

PREPARE_S = 60.0
# Bytes a second over which files come to all machines of a pool, one after the other.
_SLOWEST_LINE = 2_000_000


@dataclass(frozen=True, slots=True)
class Submission:
    """`wait` is in seconds."""

    run_id: str
    source: TestSource
    test: Test
    agents: int
    labels: Mapping[str, str]
    seed: int
    wait: float
    created_at: datetime
    selector: Mapping[str, str] = field(default_factory=dict[str, str])
    on_agent_loss: LossPolicy = LossPolicy.RESHARE
    agent_histograms: bool = False
    outputs: tuple[Destination, ...] = ()
    # Of a search for capacity: what for, and the test by which its levels are judged. `test` has no
    # thresholds then, since the run as a whole is nothing to judge.
    search: SearchSettings | None = None
    level_test: Test | None = None

    @classmethod
    def from_wire(
        cls, request: control_pb2.SubmitRequest, *, may_write_files: bool = False
    ) -> Submission:
        """Raises InvalidTest and InvalidConfiguration for what the client should have refused.

        Files are written for whoever this process belongs to, and for nobody else.
        """
        if not 0 < len(request.run_id) <= _LONGEST_ID:
            raise ProtocolViolation(f"a run's id has 1 to {_LONGEST_ID} letters")
        source = source_from_wire(request.source)
        search = SearchSettings.of(request.search) if request.HasField("search") else None
        test, level_test = tests_of(source, search)
        return cls(
            run_id=request.run_id,
            source=source,
            test=test,
            agents=max(1, request.agents),
            labels=dict(request.labels),
            seed=request.seed,
            wait=request.wait_ms / 1000,
            created_at=datetime.now(UTC),
            selector=dict(request.selector),
            on_agent_loss=_policy(request.on_agent_loss),
            agent_histograms=request.agent_histograms,
            outputs=parse_outputs(request.outputs, may_write_files=may_write_files),
            search=search,
            level_test=level_test,
        )

    @property
    def prepare_s(self) -> float:
        """How long agents may take to be ready for it, files included."""
        size = sum(stamp.size for stamp in self.source.files.stamps.values())
        return PREPARE_S + size / _SLOWEST_LINE


def tests_of(source: TestSource, search: SearchSettings | None) -> tuple[Test, Test | None]:
    """The test as it is run, and by which the levels of a search are judged; InvalidTest,
    InvalidConfiguration.
    """
    test = load(source)
    if search is None:
        return test, None
    level_test = searched(test, search)
    return replace(level_test, thresholds={}), level_test


def _policy(name: str) -> LossPolicy:
    try:
        return LossPolicy(name) if name else LossPolicy.RESHARE
    except ValueError:
        raise ProtocolViolation(f"no policy for lost agents is called {name!r}") from None


def source_to_wire(source: TestSource) -> agent_pb2.TestSource:
    return agent_pb2.TestSource(
        name=source.name,
        text=source.text,
        env=dict(source.env),
        target=source.target or "",
        files={path: stamp_to_wire(stamp) for path, stamp in source.files.stamps.items()},
    )


def source_from_wire(source: agent_pb2.TestSource) -> TestSource:
    files = Sent(stamps_from_wire(source.files))
    return TestSource(source.name, source.text, dict(source.env), source.target or None, files)
