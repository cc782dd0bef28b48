"""What TLS costs a coordinator: the same pool with and without, one after the other, by CPU time.

Certificates are mutual, as `groundswell certs` issues them. Two runs next to each other make a pair, and
only the ratio within a pair is looked at: what else the machine does changes from minute to minute.
"""

from __future__ import annotations

import statistics
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.pool import PoolCost, measure_pool
from groundswell.credentials import Credentials
from groundswell_coordinator.access.role import Role
from groundswell_coordinator.certs.authority import Authority, Issued
from groundswell_coordinator.certs.issued_folder import IssuedFolder

_A_DAY = timedelta(days=1)
# A machine that is busy otherwise makes agents late: that is to cost no pair.
_LEASE = "2m"


def measure_tls(agents: int, seconds: int, pairs: int) -> list[tuple[PoolCost, PoolCost]]:
    """Of each pair, the pool without TLS and the one with it."""
    with TemporaryDirectory() as folder:
        papers = {
            "coordinator": _shown(Path(folder), "coordinator"),
            "agent": _shown(Path(folder), "agent"),
            "operator": _shown(Path(folder), "operator"),
        }
        authority = Authority.create()
        for name, credentials in papers.items():
            assert credentials.cert is not None
            IssuedFolder(credentials.cert.parent).write(
                _issued(authority, name), authority.roots_pem
            )
        return [
            (
                measure_pool(agents, seconds, {}, _LEASE),
                measure_pool(agents, seconds, papers, _LEASE),
            )
            for _ in range(pairs)
        ]


def _shown(folder: Path, name: str) -> Credentials:
    place = IssuedFolder(folder / name)
    return Credentials(place.roots, place.certificate, place.key)


def _issued(authority: Authority, name: str) -> Issued:
    if name == "coordinator":
        return authority.issue_coordinator(name, ["127.0.0.1"], _A_DAY)
    return authority.issue_role(Role(name), name, _A_DAY)


def tls_table(measured: list[tuple[PoolCost, PoolCost]]) -> str:
    """As Markdown."""
    first = measured[0][0]
    rows = [
        f"| CPU of the coordinator at {first.agents:,} agents, {first.seconds} s | without TLS | with | ratio |"
    ]
    rows.append("|---|---|---|---|")
    ratios = list[float]()
    for number, pair in enumerate(measured, start=1):
        plain, tls = (statistics.mean(cost.cpu) for cost in pair)
        ratios.append(tls / plain)
        rows.append(f"| pair {number} | {plain:.3f} cores | {tls:.3f} cores | {tls / plain:.2f} |")
    rows.append(f"| median | | | {statistics.median(ratios):.2f} |")
    lost = sum(cost.unacknowledged for pair in measured for cost in pair)
    rows.append(
        f"\n{sum(cost.reports for pair in measured for cost in pair):,} reports, {lost} not acknowledged."
    )
    return "\n".join(rows)
