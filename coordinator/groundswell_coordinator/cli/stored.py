"""A stored run with its seconds, wherever it is stored: for what is made of more than its summary."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from groundswell_coordinator.cli.pool import ask_coordinator

if TYPE_CHECKING:
    from collections.abc import Generator

    from groundswell.credentials import Remote
    from groundswell_coordinator.report.material import Stored


@contextmanager
def opened(run_id: str, coordinator: Remote | None) -> Generator[Stored]:
    """From the user's own store, or from a coordinator's, which gives the run as a file."""
    # Not before the agents have been started: SQLAlchemy is heavy.
    if coordinator is None:
        from groundswell_coordinator.store.run_store import RunStore

        with RunStore.open() as store:
            yield store.get_run(run_id), store.intervals(run_id)
        return
    from groundswell_coordinator.cli.export import write_export
    from groundswell_coordinator.store.run_file import reading

    with tempfile.TemporaryDirectory(prefix="groundswell-") as temporary:
        file = Path(temporary) / "run.groundswell"
        ask_coordinator(coordinator, lambda client: write_export(client, run_id, file))
        with reading(file) as foreign:
            yield foreign.run, foreign.intervals()
