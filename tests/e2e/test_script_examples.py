"""The examples in Python: typed, and against the real thing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from groundswell_coordinator.report.consistency import discrepancies
from tests.postgres_server import MISSING, find_programs, running_postgres

if TYPE_CHECKING:
    from tests.e2e.commands import Groundswell, Ran
    from tests.e2e.demo import Demo

_EXAMPLES = Path(__file__).parents[2] / "examples"
_SHORT = ("-e", "DURATION=1s")
# Their limits on latency are for a machine that has nothing else to do.
_HASTE = ("p(95)",)


def _held(ran: Ran) -> bool:
    """All but what a busy machine breaks."""
    asked = [one for one in ran.summary.thresholds if not one.expression.startswith(_HASTE)]
    return all(one.ok for one in asked)


@pytest.mark.slow
def test_they_are_strictly_typed(tmp_path: Path) -> None:
    """As one has them who has installed groundswell: from another folder, without our settings."""
    examples = sorted(map(str, _EXAMPLES.glob("*.py")))
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", "", *examples]
    cache = ("--cache-dir", str(tmp_path))
    done = subprocess.run(
        [*command, *cache], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(examples) >= 3


def test_the_shop_counts_what_the_demo_target_counts(groundswell: Groundswell, demo: Demo) -> None:
    words = ("-e", f"BASE_URL={demo.url}", "-e", "WARMUP=0s", *_SHORT)
    ran = groundswell.run(_EXAMPLES / "shop.py", *words, agents=2)
    assert ran.exit_code in (0, 96, 99), ran
    assert _held(ran), ran
    assert ran.count("http_reqs") == demo.requests()
    assert ran.count("orders") == demo.statuses_of("/pay")["201"] == 20
    assert discrepancies(ran.summary) == ()


@pytest.mark.slow
def test_the_websocket_connects_once_an_iteration(groundswell: Groundswell, demo: Demo) -> None:
    url = demo.url.replace("http", "ws", 1)
    ran = groundswell.run(_EXAMPLES / "websocket.py", "-e", f"WS_URL={url}/ws", *_SHORT)
    assert ran.exit_code in (0, 96, 99), ran
    assert _held(ran), ran
    assert ran.count("iterations") == demo.requests_of("/ws") > 20
    assert ran.count("ws_messages") == ran.count("ws_answer") == 10 * ran.count("iterations")
    assert ran.count("http_reqs") == 0


@pytest.mark.slow
def test_the_database_has_had_what_the_run_says(groundswell: Groundswell) -> None:
    programs = find_programs()
    if programs is None:
        pytest.skip(MISSING)
    with running_postgres(programs) as server:
        words = ("-e", f"DATABASE_URL={server.url()}", *_SHORT)
        ran = groundswell.run(_EXAMPLES / "postgres.py", *words, agents=2)
        asked = "SELECT tup_updated, tup_inserted, numbackends FROM pg_stat_database"
        counted = server.sql(f"{asked} WHERE datname = 'postgres'")
    updated, inserted, backends = map(int, counted.split("|"))
    assert ran.exit_code in (0, 96, 99), ran
    assert _held(ran), ran
    assert ran.count("sold") == ran.count("buy") > 10
    assert ran.count("find") == 100
    # PostgreSQL's own tables are counted, too.
    assert 0 <= updated - ran.count("sold") < 200
    assert inserted >= 1000
    # All pools are closed; who asks is one.
    assert backends <= 1
