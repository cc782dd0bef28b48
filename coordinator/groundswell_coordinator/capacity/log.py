"""What the store keeps of a search: as events, each written before it is acted on.

    searched    what is searched for, when the run is made
    level       a further level, before any agent hears of it
    judged      what came of one

Everything that is said of a search follows from them: taken up by another coordinator it goes on from
where it was, and its verdict can be worked out at any time.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from fractions import Fraction
from typing import TYPE_CHECKING

import msgspec
from google.protobuf import json_format

from groundswell.capacity.settings import SearchSettings
from groundswell.schedule.levels import Level
from groundswell.v1 import agent_pb2
from groundswell_coordinator.report.capacity_summary import LevelSummary

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from groundswell_coordinator.store.records import StoredEvent

SEARCHED, LEVEL, JUDGED = "capacity_search", "capacity_level", "capacity_judged"


def search_detail(settings: SearchSettings) -> Mapping[str, float | str]:
    return {"search": json_format.MessageToJson(settings.to_wire(), indent=None)}


def level_detail(level: Level) -> Mapping[str, float | str]:
    return {
        "number": level.number,
        "begin": level.begin,
        "end": level.end,
        "factor": str(level.factor),
    }


def judged_detail(judged: LevelSummary) -> Mapping[str, float | str]:
    return {"level": json.dumps(asdict(judged), allow_nan=False)}


def stored_search(events: Iterable[StoredEvent]) -> SearchSettings | None:
    """None for a run that is none."""
    for detail in _details(events, SEARCHED):
        message = json_format.Parse(str(detail["search"]), agent_pb2.Search())
        return SearchSettings.of(message)
    return None


def stored_levels(events: Iterable[StoredEvent]) -> tuple[Level, ...]:
    return tuple(
        Level(int(one["number"]), int(one["begin"]), int(one["end"]), Fraction(str(one["factor"])))
        for one in _details(events, LEVEL)
    )


def stored_judged(events: Iterable[StoredEvent]) -> tuple[LevelSummary, ...]:
    return tuple(
        msgspec.json.decode(str(one["level"]), type=LevelSummary)
        for one in _details(events, JUDGED)
    )


def _details(events: Iterable[StoredEvent], code: str) -> Iterable[Mapping[str, float | str]]:
    return (event.detail for event in events if event.code == code and event.detail is not None)
