"""`python -m deploy.grafana [FOLDER]`, in the checkout: write the dashboards, into this folder unless told another."""

from __future__ import annotations

import sys
from pathlib import Path

from deploy.grafana.dashboards import DASHBOARDS

folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
for name, dashboard in DASHBOARDS.items():
    (folder / f"{name}.json").write_text(dashboard.text())
