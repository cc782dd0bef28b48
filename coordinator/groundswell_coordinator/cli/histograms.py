"""`run --hdr DIR`: a run's HdrHistogram logs, written from its store once it has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell_coordinator.cli.stored import opened

if TYPE_CHECKING:
    from pathlib import Path

    from groundswell.credentials import Remote


def write_histograms(run_id: str, coordinator: Remote | None, folder: Path) -> None:
    # Not before the agents have been started: it is heavy.
    from groundswell_coordinator.report.hlog import write_interval_logs

    with opened(run_id, coordinator) as (run, intervals):
        write_interval_logs(folder, run, intervals)
