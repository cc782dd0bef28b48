"""What an idle VU costs: the growth of an agent's resident memory from one VU to many, each in a long pause."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.cpu import children, resident_bytes

_SETTLE_S = 6


def bytes_per_idle_vu(vus: int) -> float:
    """Never made a request, as what peers are measured by."""
    return (_resident_with(vus) - _resident_with(1)) / (vus - 1)


def _resident_with(vus: int) -> int:
    with TemporaryDirectory() as folder:
        test = Path(folder) / "idle.yaml"
        test.write_text(
            "test: idle\ntarget: http://127.0.0.1:9\nscenarios:\n  idle:\n"
            f"    executor: constant-vus\n    vus: {vus}\n    duration: {_SETTLE_S + 2}s\n"
            "    graceful_stop: 0s\n    steps: [{pause: 1h}]\n"
        )
        command = [sys.executable, "-m", "groundswell", "run", str(test), "--agents", "1", "-q"]
        client = subprocess.Popen(command)
        try:
            time.sleep(_SETTLE_S)
            return resident_bytes(children(client.pid)[0])
        finally:
            client.wait()
