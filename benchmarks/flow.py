"""`python -m benchmarks.flow`: what templates, captures and checks cost. Requests per CPU-second of an
agent with them, against the same request without.
"""

from __future__ import annotations

import json
import os
import statistics
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.nginx_server import running_nginx

from benchmarks.speed import run_agent
from benchmarks.target import TARGET_CORE

_PRODUCT = {
    "id": 7,
    "sku": "GS-007",
    "name": "Wave 7",
    "price": 14,
    "images": ["/images/7-front.webp", "/images/7-back.webp"],
}
PRODUCT_LOCATION = (
    f"location /products {{ default_type application/json; return 200 '{json.dumps(_PRODUCT)}'; }}"
)
_VUS = 64

BARE = "{get: /products/7, query: {page: 1}, headers: {X-Trace: abc}}"
# Two templates, one capture and two checks in each request, as people write them.
_READ = "name: product, capture: {sku: $.sku}, check: {status: 200, $.price: '> 0'}"
_HEADERS = 'query: {page: 1}, headers: {X-Trace: "{{ iteration }}"}'
FLOW = (
    f'{{get: "/products/{{{{ vu }}}}", {_HEADERS}, {_READ}}},'
    f' {{get: "/products/{{{{ sku }}}}", {_HEADERS}, {_READ}}}'
)


def flow_ratios(*, seconds: int, rounds: int) -> list[tuple[float, float]]:
    """Requests per CPU-second of the bare request and of the flow, in turns."""
    with (
        TemporaryDirectory() as name,
        running_nginx(Path(name), locations=PRODUCT_LOCATION) as nginx,
    ):
        os.sched_setaffinity(nginx.pid, {TARGET_CORE})
        load = f"executor: constant-vus\n    vus: {_VUS}\n    duration: {seconds + 4}s"
        return [
            (_rate(nginx.url, load, BARE, Path(name)), _rate(nginx.url, load, FLOW, Path(name)))
            for _ in range(rounds)
        ]


def _rate(url: str, load: str, step: str, folder: Path) -> float:
    summary, spent = run_agent(url, load, step, folder)
    return float(summary["metrics"]["http_reqs"]["values"]["count"]) / spent


if __name__ == "__main__":
    pairs = flow_ratios(seconds=4, rounds=5)
    for bare, flow in pairs:
        print(f"{bare:,.0f} bare, {flow:,.0f} with steps that read: {flow / bare:.2f}")
    print(f"median {statistics.median(flow / bare for bare, flow in pairs):.2f}")
