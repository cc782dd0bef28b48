"""What comes late is stored in one go, and acknowledged after that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.coordinator.reporting import Reporter
from tests.coordinator.run.recorded import AGENTS, recording

if TYPE_CHECKING:
    from groundswell_coordinator.attachment import Stream


def acknowledged(stream: Stream) -> list[int]:
    """The intervals that were acknowledged since the last time."""
    found: list[int] = []
    while not stream.outbox.empty():
        message = stream.outbox.get_nowait()
        assert message is not None
        found.append(message.report_acknowledged.interval)
    return found


async def test_late_reports_are_acknowledged_once_all_of_them_are_stored(url: str) -> None:
    reporters = {incarnation: Reporter(incarnation) for incarnation in AGENTS}
    async with recording(url) as run:
        streams = {agent.incarnation: agent.begin_stream() for agent in run.crew.agents}
        await run.take(reporters["i1"].report(0, {"http_reqs": 1}), 1.0)
        await run.measurement.advance(1.8)
        assert [acknowledged(stream) for stream in streams.values()] == [[0], [], []]

        for late in ("i2", "i3"):
            await run.take(reporters[late].report(0, {"http_reqs": 1}), 1.9)
        # Sent again on a new stream, before the first copy is stored.
        await run.take(reporters["i2"].report(0, {"http_reqs": 1}), 1.9)
        assert [acknowledged(stream) for stream in streams.values()] == [[], [], []]

        await run.measurement.store_late()
        assert [acknowledged(stream) for stream in streams.values()] == [[], [0], [0]]
        _, (stored,) = run.stored()
    assert [one.incarnation for one in stored.contained] == ["i1"]
    assert [one.incarnation for one in stored.amendments] == ["i2", "i3"]


async def test_what_is_late_at_the_end_is_stored_with_it(url: str) -> None:
    reporters = {incarnation: Reporter(incarnation) for incarnation in AGENTS}
    async with recording(url) as run:
        await run.take(reporters["i1"].report(0, {"http_reqs": 1}), 1.0)
        await run.measurement.advance(1.8)
        await run.take(reporters["i2"].report(0, {"http_reqs": 1}, last=True), 1.9)
        await run.measurement.close()
        _, (stored,) = run.stored()
    assert [one.incarnation for one in stored.amendments] == ["i2"]
