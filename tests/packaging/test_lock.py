"""What is installed is what was looked at: every version is locked, and every file by its hash."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements.lock").read_text()

_NAME = re.compile(r"[A-Za-z0-9._-]+")
_LOCKED = re.compile(
    r"([a-z0-9._-]+)(?:\[[a-z,]+\])?==[^\s;]+( ;[^\\]+)?((?: --hash=sha256:[0-9a-f]{64})+)"
)


def _requirements() -> list[str]:
    joined = re.sub(r" *\\\n *", " ", LOCK)
    return [line for line in joined.splitlines() if line and not line.startswith("#")]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _named(project: dict[str, Any]) -> set[str]:
    """All that pyproject.toml asks for by itself, for running, developing, and building."""
    extras = project["project"].get("optional-dependencies", {}).values()
    groups = project["dependency-groups"].values()
    lists = [
        project["project"]["dependencies"],
        project["build-system"]["requires"],
        *extras,
        *groups,
    ]
    texts = [one for each in lists for one in each if isinstance(one, str)]
    return {_normal(match[0]) for text in texts if (match := _NAME.match(text)) is not None}


def test_every_requirement_has_one_version_and_hashes() -> None:
    for line in _requirements():
        assert _LOCKED.fullmatch(line), line


def test_all_that_is_asked_for_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    locked = {_normal(line.partition("==")[0].partition("[")[0]) for line in _requirements()}
    assert _named(project) <= locked


def test_no_address_of_a_registry_is_in_the_lock() -> None:
    assert "://" not in LOCK
    assert "--index" not in LOCK
