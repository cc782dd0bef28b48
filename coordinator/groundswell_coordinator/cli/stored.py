"""A stored run with its seconds, wherever it is stored: for what is made of more than its summary."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from groundswell_coordinator.cli.pool import ask_coordinator

if TYPE_CHECKING:
    from collections.abc import Generator

    from groundswell.address import Address
    from groundswell_coordinator.report.material import Stored


@contextmanager
def opened(run_id: str, coordinator: Address | None) -> Generator[Stored]:
    """From the user's own store, or from a coordinator's, which gives the run as a file."""
    if coordinator is None:
        with _read(run_id, None, None) as stored:
            yield stored
        return
    from groundswell_coordinator.cli.export import write_export

    with tempfile.TemporaryDirectory(prefix="groundswell-") as temporary:
        file = Path(temporary) / "run.groundswell"
        ask_coordinator(coordinator, lambda client: write_export(client, run_id, file))
        with _read(run_id, f"sqlite:///{temporary}/run.db", file) as stored:
            yield stored


@contextmanager
def _read(run_id: str, store_url: str | None, imported: Path | None) -> Generator[Stored]:
    # Not before the agents have been started: SQLAlchemy is heavy.
    from groundswell_coordinator.store.run_store import RunStore

    with RunStore.open(store_url) as store:
        if imported is not None:
            store.import_run(imported)
        yield store.get_run(run_id), store.intervals(run_id)
