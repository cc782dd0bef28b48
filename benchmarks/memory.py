"""What an idle VU costs: the growth of an agent's resident memory from one VU to many, each in a long pause."""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.cpu import resident_bytes
from benchmarks.generators import agent_of, running_agent

VUS = (1_000, 10_000, 100_000)
# Until all VUs are there: a large number takes some seconds.
_SETTLE_S, _SETTLE_S_PER_VU = 5, 1e-4


def bytes_per_idle_vu(vus: int) -> float:
    """Never made a request, as what peers are measured by."""
    return (_resident_with(vus) - _resident_with(1)) / (vus - 1)


def table() -> str:
    """As Markdown."""
    rows = (f"| {vus:,} | {bytes_per_idle_vu(vus) / 1024:.1f} KiB |" for vus in VUS)
    return "\n".join(("| idle VUs | memory of each |", "|---|---|", *rows))


def _resident_with(vus: int) -> int:
    settle = round(_SETTLE_S + vus * _SETTLE_S_PER_VU)
    with TemporaryDirectory() as name:
        folder = Path(name)
        test = folder / "idle.yaml"
        load = f"executor: constant-vus, vus: {vus}, duration: {settle + 3}s, graceful_stop: 0s"
        test.write_text(
            "test: idle\ntarget: http://127.0.0.1:9\n"
            f"scenarios:\n  idle: {{{load}, steps: [{{pause: 1h}}]}}\n"
        )
        with running_agent(test, folder) as client:
            time.sleep(settle)
            return resident_bytes(agent_of(client))
