"""The wheel: the same bytes wherever and whenever it is made, with all that belongs into it and no more."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_PARTS = ("core", "coordinator", "agent", "pyproject.toml", "README.md")


def _built(source: Path, folder: Path, umask: int) -> Path:
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1767225600"}
    command += ["--wheel-dir", str(folder), str(source)]
    subprocess.run(command, check=True, env=environment, umask=umask, cwd=folder.parent)
    (wheel,) = folder.glob("*.whl")
    return wheel


def _copy(to: Path) -> Path:
    """Of what a wheel is made of, with other times and without what lies about here."""
    to.mkdir(parents=True)
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
    for part in _PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, to / part, ignore=ignored, copy_function=shutil.copyfile)
        else:
            shutil.copyfile(ROOT / part, to / part)
    return to


@pytest.mark.slow
def test_two_wheels_of_one_source_are_the_same_bytes(tmp_path: Path) -> None:
    one = _built(_copy(tmp_path / "one"), tmp_path / "one-dist", 0o022)
    two = _built(_copy(tmp_path / "elsewhere" / "two"), tmp_path / "two-dist", 0o077)
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.slow
def test_a_wheel_has_all_that_belongs_into_it_and_no_more(tmp_path: Path) -> None:
    wheel = _built(_copy(tmp_path / "one"), tmp_path / "dist", 0o022)
    with zipfile.ZipFile(wheel) as file:
        names = set(file.namelist())
        (about,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        metadata = file.read(about).decode()
    for package in ("groundswell", "groundswell_coordinator", "groundswell_agent"):
        assert f"{package}/py.typed" in names
        assert f"{package}/__init__.py" in names
    assert {f"groundswell/v1/{name}_pb2.pyi" for name in ("agent", "control", "metrics")} <= names
    assert "groundswell_coordinator/report/html/style.css" in names
    assert "License-Expression: Apache-2.0" in metadata
    folders = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert folders == {"groundswell", "groundswell_coordinator", "groundswell_agent"}
    assert not [name for name in names if name.endswith((".pyc", ".proto", ".db", ".log"))]
