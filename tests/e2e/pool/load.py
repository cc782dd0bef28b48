"""What loads a pool in its tests: one scenario, of which no fault of the pool's may cost a request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.writing import arrivals, write_test

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.pool.site import Site
    from tests.e2e.writing import Fields

LOAD = "load"

# So many that a machine which is busy for two seconds drops nothing.
MAX_VUS = 600


def write_load(site: Site, scenario: Fields, *, name: str = "e2e") -> Path:
    """A test of this scenario, against the site's target."""
    thresholds = {"http_req_failed": ["rate < 1%"]}
    folder, url = site.groundswell.folder, site.target.url
    return write_test(folder, url, {LOAD: scenario}, name=name, thresholds=thresholds)


def write_steady(site: Site, rate: int, seconds: int) -> Path:
    """One of so many arrivals a second."""
    return write_load(site, arrivals(f"{rate}/s", f"{seconds}s", max_vus=MAX_VUS))
