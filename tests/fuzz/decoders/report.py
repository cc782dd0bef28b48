"""Reports of an agent, one after the other, as a run's timeline takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.message import DecodeError

from groundswell.errors import GroundswellError
from groundswell.v1.metrics_pb2 import Report
from groundswell_coordinator.timeline.timeline import Timeline
from tests.coordinator.reporting import RUN, Reporter, account
from tests.fuzz.decoder import Decoder
from tests.fuzz.messages import altered, joined, split

if TYPE_CHECKING:
    from random import Random

_WORDS = (RUN, "a", "http_reqs", "http_req_duration", "vus", "scenario", "browse", "no_vu", "check")


def _take(data: bytes) -> None:
    timeline = Timeline(RUN, {"a": "agent", "b": "other"}, keeps_reports=True)
    for number, text in enumerate(split(data)):
        timeline.add(Report.FromString(text), number / 2)
        for interval in timeline.seal_due(number / 2):
            timeline.release_reports(interval.number)
            interval.to_report(RUN)
    for _ in timeline.close():
        pass


def _reports() -> list[Report]:
    reporter = Reporter("a")
    return [
        reporter.report(
            number,
            {
                "http_reqs{name:a,status:200}": 7,
                "http_req_duration{name:a}": [1.5, 20, 3000],
                "http_req_failed": (1, 9),
                "vus": 3,
                "send_lag{scenario:browse}": [0.1, 0.2],
                "agent_cpu": 0.4,
            },
            [account("browse", 10 * number, 9 * number, {"no_vu": number})],
            last=number == 2,
        )
        for number in range(3)
    ]


def _grow(chance: Random) -> bytes:
    reports = _reports()
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(reports))
        other = altered(reports[at], chance, _WORDS)
        assert isinstance(other, Report)
        if chance.random() < 0.7:
            other.run_id, other.incarnation = RUN, chance.choice("ab")
        if chance.random() < 0.5:
            other.interval = chance.randint(0, 4)
        reports[at] = other
    return joined(reports)


DECODER = Decoder(
    "reports",
    _take,
    seeds=(joined(_reports()), joined(_reports()[:1])),
    words=(b"a", b"http_reqs", RUN.encode()),
    grow=_grow,
    refusals=(GroundswellError, DecodeError),
)
