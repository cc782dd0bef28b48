"""The part of /metrics that is about runs: the latest sealed interval of each that is under way."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING

from groundswell.v1.control_pb2 import ThresholdState
from groundswell_coordinator.services.exposition import Family, Kind, Sample, tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from groundswell.v1.control_pb2 import Progress
    from groundswell_coordinator.run.conductor import Conductor
    from groundswell_coordinator.run.progress import Durations

_HEALTHS = ("ok", "saturated", "lost")
_STANDINGS = {
    ThresholdState.STANDING_PASSING: "passing",
    ThresholdState.STANDING_FAILING: "failing",
    ThresholdState.STANDING_NO_SAMPLES: "no_samples",
}


@dataclass(frozen=True, slots=True)
class Picture:
    """One run after its latest interval."""

    labels: Mapping[str, str]
    progress: Progress
    durations: Durations

    @classmethod
    def of(cls, run: Conductor) -> Picture | None:
        """None before the first interval, and after the last."""
        progress, durations = run.broadcast.latest_progress, run.durations
        if progress is None or durations is None:
            return None
        labels = {"run": run.run_id, "test": run.submission.test.test}
        return cls(labels, progress, durations)


# name, kind, help, value
_PLAIN: tuple[tuple[str, Kind, str, Callable[[Progress], float]], ...] = (
    (
        "groundswell_run_planned_rate",
        Kind.GAUGE,
        "Iterations a second that the test plans now.",
        lambda progress: progress.planned_rate,
    ),
    (
        "groundswell_run_achieved_rate",
        Kind.GAUGE,
        "Iterations started in the latest interval, a second long.",
        lambda progress: progress.achieved_rate,
    ),
    (
        "groundswell_run_elapsed_seconds",
        Kind.GAUGE,
        "How much of the run is sealed.",
        lambda progress: progress.elapsed_s,
    ),
    ("groundswell_vus", Kind.GAUGE, "Virtual users.", lambda progress: progress.vus),
    (
        "groundswell_http_reqs_total",
        Kind.COUNTER,
        "Requests, also failed ones.",
        lambda progress: progress.requests,
    ),
    (
        "groundswell_http_req_failed_total",
        Kind.COUNTER,
        "Requests that failed.",
        lambda progress: progress.failed,
    ),
    (
        "groundswell_dropped_iterations_total",
        Kind.COUNTER,
        "Planned iterations that were not started.",
        lambda progress: progress.dropped,
    ),
    (
        "groundswell_run_agent_cpu_max_ratio",
        Kind.GAUGE,
        "The busiest agent's CPU, in cores.",
        lambda progress: max((agent.cpu for agent in progress.agents), default=0.0),
    ),
    (
        "groundswell_run_send_lag_p99_max_seconds",
        Kind.GAUGE,
        "How late the latest agent starts what is planned, p99.",
        lambda progress: (
            max((agent.send_lag_p99_ms for agent in progress.agents), default=0.0) / 1000
        ),
    ),
)


def run_families(runs: Iterable[Conductor]) -> Iterator[Family]:
    """Empty ones where no run is under load."""
    pictures = [picture for run in runs if (picture := Picture.of(run)) is not None]
    for name, kind, text, value in _PLAIN:
        samples = (Sample(value(picture.progress), picture.labels) for picture in pictures)
        yield Family(name, kind, text, tuple(samples))
    yield _durations(pictures)
    yield _counted(
        "groundswell_run_agents",
        "The run's agents by their health.",
        "health",
        [(picture.labels, _healths(picture.progress)) for picture in pictures],
    )
    yield _counted(
        "groundswell_run_thresholds",
        "The run's thresholds by how they stand.",
        "standing",
        [(picture.labels, _standings(picture.progress)) for picture in pictures],
    )


def _durations(pictures: Sequence[Picture]) -> Family:
    """Quantiles of the latest interval, as no quantile can be had of sums; sum and count of all."""
    samples: list[Sample] = []
    for picture in pictures:
        progress = picture.progress
        quantiles = {"0.5": progress.p50_ms, "0.95": progress.p95_ms, "0.99": progress.p99_ms}
        for quantile, ms in quantiles.items():
            # Nothing takes no time at all: zero is an interval in which nothing was measured.
            labels = {**picture.labels, "quantile": quantile}
            samples.append(Sample(round(ms / 1000, 9) or nan, labels))
        samples.append(Sample(picture.durations.sum_s, picture.labels, "_sum"))
        samples.append(Sample(picture.durations.count, picture.labels, "_count"))
    return Family(
        "groundswell_http_req_duration_seconds",
        Kind.SUMMARY,
        "Duration of requests with a response; quantiles are those of the latest interval.",
        tuple(samples),
    )


def _counted(
    name: str,
    text: str,
    label: str,
    counts: Iterable[tuple[Mapping[str, str], Mapping[str, float]]],
) -> Family:
    samples = (
        Sample(number, {**labels, label: key})
        for labels, numbers in counts
        for key, number in numbers.items()
    )
    return Family(name, Kind.GAUGE, text, tuple(samples))


def _healths(progress: Progress) -> Mapping[str, float]:
    return tally(_HEALTHS, (agent.health for agent in progress.agents))


def _standings(progress: Progress) -> Mapping[str, float]:
    found = (_STANDINGS[state.standing] for state in progress.thresholds)
    return tally(_STANDINGS.values(), found)
