"""`run --hdr DIR`: a run's HdrHistogram logs, written from its store once it has ended."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from groundswell_coordinator.cli.pool import ask_coordinator

if TYPE_CHECKING:
    from groundswell.address import Address


def write_histograms(run_id: str, coordinator: Address | None, folder: Path) -> None:
    """From the user's own store, or from a coordinator's, which gives the run as a file."""
    if coordinator is None:
        _write(run_id, None, folder)
        return
    from groundswell_coordinator.cli.export import write_export

    with tempfile.TemporaryDirectory(prefix="groundswell-") as temporary:
        file = Path(temporary) / "run.groundswell"
        ask_coordinator(coordinator, lambda client: write_export(client, run_id, file))
        _write(run_id, f"sqlite:///{temporary}/run.db", folder, imported=file)


def _write(run_id: str, store_url: str | None, folder: Path, imported: Path | None = None) -> None:
    # Not before the agents have been started: all of this is heavy.
    from groundswell_coordinator.report.hlog import write_interval_logs
    from groundswell_coordinator.store.run_store import RunStore

    with RunStore.open(store_url) as store:
        if imported is not None:
            store.import_run(imported)
        write_interval_logs(folder, store.get_run(run_id), store.intervals(run_id))
