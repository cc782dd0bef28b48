"""Test files, in short."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# YAML's own nesting: whatever a test file may hold.
Fields = dict[str, Any]

# The machine that runs the tests may be busy; how late its generator is then is not asked here.
UNHURRIED = {"send_lag": "10s", "loop_lag": "10s"}
# The product's own limits, by which a PASS is a PASS.
STRICT = {"send_lag": "5ms", "loop_lag": "5ms"}


def write_test(
    folder: Path, target: str, scenarios: Mapping[str, Fields], *, name: str = "e2e", **more: object
) -> Path:
    """Write `name`.yaml; `more` are further keys of the file."""
    content = {
        "test": name,
        "target": target,
        "generator_limits": UNHURRIED,
        "scenarios": dict(scenarios),
        **more,
    }
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return path


def arrivals(
    rate: str, duration: str, path: str = "/", *, max_vus: int = 200, **more: object
) -> Fields:
    """An open scenario of one request; `more` are further keys of it."""
    return {
        "executor": "constant-arrival-rate",
        "rate": rate,
        "duration": duration,
        "max_vus": max_vus,
        "steps": [{"get": path}],
        **more,
    }


def users(vus: int, duration: str, path: str = "/", **more: object) -> Fields:
    """A closed scenario of one request."""
    return {
        "executor": "constant-vus",
        "vus": vus,
        "duration": duration,
        "steps": [{"get": path}],
        **more,
    }


def iterations(count: int, path: str = "/", *, vus: int = 2, **more: object) -> Fields:
    """A scenario that ends as soon as so many iterations are done."""
    return {
        "executor": "shared-iterations",
        "vus": vus,
        "iterations": count,
        "steps": [{"get": path}],
        **more,
    }
