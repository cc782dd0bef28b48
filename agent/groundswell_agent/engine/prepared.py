"""A test as one agent prepares it: read again, its share known, its data opened.

Looking through a large file takes seconds, so this is done beside the event loop where there is one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from groundswell.capacity.searched import searched
from groundswell.capacity.settings import SearchSettings
from groundswell.files.places import UNSEEN
from groundswell.scenario.loader import TestSource, load
from groundswell.schedule.division import Division, table_from_wire
from groundswell_agent.engine.data import open_data
from groundswell_agent.script.script import Script

if TYPE_CHECKING:
    from collections.abc import Mapping

    from groundswell.files.places import Files
    from groundswell.scenario.model import Scenario, Test
    from groundswell.v1 import agent_pb2
    from groundswell_agent.engine.values import Namespace


@dataclass(frozen=True, slots=True)
class PreparedTest:
    """`data` is what its sources give on this agent, by name; `files` are those that it names. A test in
    Python has a `script`.
    """

    source: TestSource
    test: Test
    division: Division
    data: Mapping[str, Namespace]
    files: Files
    script: Script | None = None

    @classmethod
    def of(
        cls, prepare: agent_pb2.Prepare, files: Files = UNSEEN, *, scripts: bool = True
    ) -> PreparedTest:
        """Raises InvalidTest and its kin, and FileUnavailable. `scripts` is whether it may be one in
        Python, whose modules may take their time to be imported.
        """
        sent = prepare.source
        source = TestSource(sent.name, sent.text, dict(sent.env), sent.target or None, files)
        test = load(source)
        if prepare.HasField("search"):
            test = searched(test, SearchSettings.of(prepare.search))
        table = table_from_wire(prepare.shares)
        data = open_data(test, table, prepare.agent, files)
        script = Script.load(test, source, is_allowed=scripts)
        return cls(source, test, Division(table), data, files, script)

    def namespaces(self, scenario: Scenario) -> dict[str, Namespace]:
        """What templates of a scenario may name besides captures."""
        return {name: self.data[name] for name in scenario.data}
