"""A process that owns a store until it is killed or its stdin ends, and says so on stdout.

python owning_process.py URL HOLDER
"""

from __future__ import annotations

import sys

from groundswell_coordinator.store.run_store import RunStore


def main(url: str, holder: str) -> None:
    with RunStore.open(url) as store:
        print(store.own(holder).generation, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
