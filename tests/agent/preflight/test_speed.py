from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from groundswell.folders import cache_folder
from groundswell_agent.preflight import speed as speeds
from groundswell_agent.preflight.check import Status
from groundswell_agent.preflight.speed import compared, speed

if TYPE_CHECKING:
    from pathlib import Path


async def test_the_engine_measures_itself_once_and_remembers(tmp_path: Path) -> None:
    folder = tmp_path / "not there yet"
    first = await speed(folder)
    # Whatever the machine: Python neither is that slow nor that quick.
    assert 500 < first < 1_000_000
    kept = json.loads((folder / "speed.json").read_text())
    assert kept["requests_per_s"] == round(first)
    (folder / "speed.json").write_text(json.dumps({**kept, "requests_per_s": 1234}))
    assert await speed(folder) == 1234


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "7",
        '{"requests_per_s": "x"}',
        '{"machine": ["another"], "requests_per_s": 9}',
    ],
)
async def test_what_is_not_of_this_machine_and_version_is_measured_anew(
    tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def measure() -> float:
        return 4321.6

    monkeypatch.setattr(speeds, "measure", measure)
    (tmp_path / "speed.json").write_text(text)
    assert await speed(tmp_path) == 4321.6
    assert await speed(tmp_path) == 4322
    assert os.listdir(tmp_path) == ["speed.json"]


async def test_a_folder_that_cannot_be_written_is_no_reason_to_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def measure() -> float:
        return 5000.0

    monkeypatch.setattr(speeds, "measure", measure)
    (tmp_path / "file").write_text("")
    assert await speed(tmp_path / "file") == 5000


def test_the_cache_is_in_the_folder_of_groundswell_or_of_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GROUNDSWELL_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "cache"
    monkeypatch.delenv("GROUNDSWELL_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg/groundswell"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache/groundswell"


@pytest.mark.parametrize(
    ("rate", "status"),
    [(0, Status.OK), (400, Status.OK), (24_000, Status.OK), (24_001, Status.WARNING)],
)
def test_a_rate_near_to_what_an_agent_makes_is_warned_of(rate: float, status: Status) -> None:
    assert compared(rate, 30_000).status is status


def test_it_says_how_many_times_too_much_it_is() -> None:
    check = compared(96_000, 31_234)
    assert check.message == (
        "96,000 requests/s planned for each agent, of about 31,000/s that an agent makes here"
        " on one core, of 1 KiB each"
    )
    assert check.hint == "use 3.8 times as many agents, on cores of their own"
    assert check.code == "rate_above_speed"
