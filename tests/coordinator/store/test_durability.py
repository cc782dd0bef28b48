"""What was acknowledged is there: after kill -9, beside other writers, and on a full disk."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from groundswell.errors import StoreFailed
from groundswell_coordinator.store.run_store import RunStore
from tests.coordinator.store.runs import close, new_run

if TYPE_CHECKING:
    from collections.abc import Callable

WRITER = str(Path(__file__).with_name("writing_process.py"))


def writing_process(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, WRITER, *arguments], stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("acknowledged", [1, 40, 400])
def test_what_was_acknowledged_survives_kill_9(url: str, acknowledged: int) -> None:
    with writing_process(url, "run-1") as writer:
        assert writer.stdout is not None
        named = [writer.stdout.readline() for _ in range(acknowledged)]
        writer.kill()
        # It went on until the signal reached it; what it still named must be there too.
        named += writer.stdout.read().splitlines(keepends=True)
        last = max(int(line) for line in named if line.endswith("\n"))

    with RunStore.open(url) as store:
        stored = [interval.interval for interval in store.intervals("run-1")]
        # One more may be committed than was named.
        assert stored in (list(range(last + 1)), list(range(last + 2)))
        assert [line.run_id for line in store.unowned_local_runs()] == ["run-1"]


def test_processes_that_open_a_new_store_and_write_at_once_all_succeed(url: str) -> None:
    names = [f"run-{number}" for number in range(6)]
    writers = [writing_process(url, name, "50") for name in names]
    for writer in writers:
        with writer:
            writer.communicate(timeout=60)
        assert writer.returncode == 0

    with RunStore.open(url) as store:
        assert sorted(line.run_id for line in store.list_runs()) == names
        assert all(len(list(store.intervals(name))) == 50 for name in names)


def test_a_full_disk_is_an_error_with_a_hint_and_takes_nothing_back(small_disk: Path) -> None:
    with RunStore.open(f"sqlite:///{small_disk / 'groundswell.db'}") as store:
        store.create_run(new_run())
        acknowledged: list[int] = []
        with pytest.raises(StoreFailed) as caught:
            save_until_it_fails(store, acknowledged)
        assert caught.value.hint is not None
        assert "the disk is full" in caught.value.hint
        assert acknowledged
        assert [stored.interval for stored in store.intervals("run-1")] == acknowledged


def save_until_it_fails(store: RunStore, acknowledged: list[int]) -> None:
    for interval in range(1000):
        store.save_interval("run-1", interval, b"m" * 10_000, [])
        acknowledged.append(interval)


def test_a_disk_that_has_room_again_takes_the_end_of_the_run(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    with RunStore.open(f"sqlite:///{small_disk / 'groundswell.db'}") as store:
        store.create_run(new_run())
        fill(ballast)
        with pytest.raises(StoreFailed):
            store.save_interval("run-1", 0, b"m" * 50_000, [])
        ballast.unlink()
        close(store)
        assert store.get_run("run-1").line.verdict == "PASS"


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        try:
            while file.write(b"x" * 4096) == 4096:
                pass
        except OSError:
            return


def test_a_read_only_folder_is_an_error_with_a_hint(
    small_disk: Path, make_read_only: Callable[[], None]
) -> None:
    url = f"sqlite:///{small_disk / 'groundswell.db'}"
    with RunStore.open(url):
        pass
    make_read_only()
    with pytest.raises(StoreFailed) as caught:
        RunStore.open(url)
    assert caught.value.hint is not None
    assert "set GROUNDSWELL_HOME to another folder" in caught.value.hint
