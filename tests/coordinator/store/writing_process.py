"""A process that stores intervals until it is killed, and names each on stdout once it is stored.

python writing_process.py URL RUN_ID [COUNT]
"""

from __future__ import annotations

import itertools
import sys
from datetime import UTC, datetime

from groundswell_coordinator.store.records import Contribution, NewRun
from groundswell_coordinator.store.run_store import RunStore


def main(url: str, run_id: str, count: str | None = None) -> None:
    run = NewRun(
        run_id=run_id,
        test="checkout",
        test_hash="sha256:1234",
        source=b"test: checkout",
        seed=1,
        created_at=datetime.now(UTC),
        groundswell_version="0.1.0",
        coordinator_id="coordinator-1",
    )
    numbers = itertools.count() if count is None else range(int(count))
    with RunStore.open(url) as store:
        store.create_run(run)
        for interval in numbers:
            store.save_interval(run_id, interval, b"m" * 5000, [Contribution("a", b"accounts")])
            print(interval, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
