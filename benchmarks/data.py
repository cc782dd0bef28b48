"""Ten million unique rows over fifty agents: whether each is one agent's, and what they cost it.

Each agent is a process of its own that prepares the test as a real one does and then takes all of its rows.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.cpu import resident_bytes
from groundswell.files.places import Kept
from groundswell.rows.layout import Layout
from groundswell.rows.table import inspect
from groundswell.v1 import agent_pb2
from groundswell_agent.engine.data import DataFeed, row_taker
from groundswell_agent.engine.prepared import PreparedTest

ROWS = 10_000_000
AGENTS = 50

_FILE, _TAKEN = "users.csv", "taken-{}.npy"
_TEST = """
test: data
target: http://127.0.0.1:9
data: {users: {file: users.csv, pick: unique}}
scenarios:
  s:
    executor: constant-arrival-rate
    rate: 5000/s
    duration: 30m
    max_vus: 1000
    steps: [{get: "/{{ users.id }}"}]
"""
_MIB = 1024**2


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one agent: bytes over those of one without data, before and after it took all its rows; CPU
    seconds to find them, and for one that is taken.
    """

    rows: int
    indexed_bytes: int
    taken_bytes: int
    finding_s: float
    taking_s: float


class _Vu:
    """Keeps its rows as a VU does."""

    def __init__(self) -> None:
        self.fields: dict[str, object] = {}

    def give_rows(self, rows: dict[str, object]) -> None:
        self.fields.clear()
        self.fields.update(rows)


def table() -> str:
    """As Markdown."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        size = write_rows(folder / _FILE, ROWS)
        began = time.process_time()
        inspect(folder / _FILE, Layout("csv"))
        looking_s = time.process_time() - began
        one = _cost(folder, 0, 1)
        fifty = [_cost(folder, number, AGENTS) for number in range(AGENTS)]
        largest = max(fifty, key=lambda cost: cost.taken_bytes)
        counts = _times_taken(folder)
    lines = [
        f"| {ROWS:,} rows of CSV, {size / _MIB:.0f} MiB | the only agent | one of {AGENTS} |",
        "|---|---|---|",
        f"| rows | {one.rows:,} | {largest.rows:,} |",
        f"| its share of the file | {size / _MIB:.0f} MiB | {size / AGENTS / _MIB:.0f} MiB |",
        f"| memory for finding them | {_mib(one.indexed_bytes)} | {_mib(largest.indexed_bytes)} |",
        f"| memory after all were taken | {_mib(one.taken_bytes)} | {_mib(largest.taken_bytes)} |",
        f"| CPU to find them | {one.finding_s:.2f} s | {largest.finding_s:.2f} s |",
        f"| CPU to take one | {one.taking_s * 1e6:.2f} µs | {largest.taking_s * 1e6:.2f} µs |",
    ]
    once = "each exactly once" if (counts == 1).all() else f"{counts.min()} to {counts.max()} times"
    lines += [
        "",
        f"All {AGENTS} together took {int(counts.sum()):,} rows, {once}. The client looked the file "
        f"through in {looking_s:.2f} s of CPU.",
    ]
    return "\n".join(lines)


def write_rows(path: Path, rows: int) -> int:
    """Made up ones; returns the size of the file in bytes."""
    with path.open("w") as file:
        file.write("id,email,password\n")
        for start in range(0, rows, 100_000):
            numbers = range(start, min(start + 100_000, rows))
            file.writelines(f"{n},user{n}@example.com,pw{n * 7919 % 1_000_003}\n" for n in numbers)
    return path.stat().st_size


def _cost(folder: Path, number: int, agents: int) -> Cost:
    words = [sys.executable, "-m", "benchmarks.data", str(folder), str(number), str(agents)]
    done = subprocess.run(words, stdout=subprocess.PIPE, check=True)
    return Cost(**json.loads(done.stdout))


def _times_taken(folder: Path) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    counts = np.zeros(ROWS, dtype=np.int64)
    for number in range(AGENTS):
        np.add.at(counts, np.load(folder / _TAKEN.format(number)), 1)
    return counts


def _be_an_agent(folder: Path, number: int, agents: int) -> Cost:
    shares = [agent_pb2.ShareEntry(agent=f"a{n}", weight=1) for n in range(agents)]
    prepare = agent_pb2.Prepare(
        source=agent_pb2.TestSource(name="data.yaml", text=_TEST.encode()),
        shares=agent_pb2.ShareTable(entries=shares),
        agent=f"a{number}",
    )
    empty = resident_bytes(os.getpid())
    began = time.process_time()
    prepared = PreparedTest.of(prepare, Kept({}, {_FILE: folder / _FILE}))
    finding_s = time.process_time() - began
    indexed = resident_bytes(os.getpid()) - empty
    feed, take, vu = prepared.data["users"], row_taker(prepared.data), _Vu()
    assert isinstance(feed, DataFeed)
    assert take is not None
    taken = np.zeros(ROWS, dtype=np.int32)
    rows = 0
    began = time.process_time()
    while take(vu):  # type: ignore[arg-type]  # all that it asks of a VU
        taken[rows] = int(vu.fields["users"]["id"])  # type: ignore[index]
        rows += 1
    taking_s = time.process_time() - began
    own = resident_bytes(os.getpid()) - empty - taken[:rows].nbytes
    np.save(folder / _TAKEN.format(number), taken[:rows])
    return Cost(rows, indexed, own, finding_s, taking_s / rows)


def _mib(size: int) -> str:
    return f"{size / _MIB:.0f} MiB"


if __name__ == "__main__":
    cost = _be_an_agent(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
    json.dump(asdict(cost), sys.stdout)
