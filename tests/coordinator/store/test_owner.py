from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace

from groundswell_coordinator.store.owner import Owner
from tests.coordinator.store.runs import owner_that_ended


def test_a_living_process_owns_its_runs() -> None:
    assert not Owner.current().is_gone()
    assert not Owner.from_text(Owner.current().to_text()).is_gone()


def test_a_process_that_has_ended_owns_nothing() -> None:
    assert owner_that_ended().is_gone()


def test_another_process_with_the_same_id_is_not_the_owner() -> None:
    assert replace(Owner.current(), started="1").is_gone()


def test_a_process_from_before_the_last_boot_is_gone() -> None:
    assert replace(Owner.current(), boot_id="an earlier boot").is_gone()


def test_nothing_is_said_about_processes_that_cannot_be_seen_from_here() -> None:
    ended = owner_that_ended()
    assert not replace(ended, host="another-host", boot_id="its boot").is_gone()
    assert not replace(ended, pid_namespace="pid:[1]").is_gone()


def test_a_zombie_has_ended() -> None:
    zombie = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with zombie:
        stat = f"/proc/{zombie.pid}/stat"
        with open(stat) as file:
            started = file.read().rpartition(")")[2].split()[19]
        owner = replace(Owner.current(), pid=zombie.pid, started=started)
        assert not owner.is_gone()
        zombie.kill()
        deadline = time.monotonic() + 5
        while not owner.is_gone():
            assert time.monotonic() < deadline
            time.sleep(0.01)
