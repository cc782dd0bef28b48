"""A machine made up of files, but for the limit of open files, which is the process's own."""

from __future__ import annotations

import resource
from typing import TYPE_CHECKING

import pytest

from groundswell.cores import usable_cores
from groundswell_agent.http.request import Origin
from groundswell_agent.preflight import machine
from groundswell_agent.preflight.check import Status
from groundswell_agent.preflight.demand import Connections

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

ORIGIN = Origin.at("http", "shop.test")


class Made:
    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def open_files(self, count: int) -> None:
        """As kernels before 6.2 tell it, and file systems that give folders no size: by their number."""
        for number in range(count):
            self.write(f"proc/self/fd/{number}", "")


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return Made(tmp_path)


@pytest.fixture
def limits() -> Generator[tuple[int, int]]:
    """The soft limit of open files, set to 600 for the test, and the hard one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (600, hard))
    yield 600, hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# --- files ---


def test_the_soft_limit_of_files_is_raised_to_the_hard_one_first(limits: tuple[int, int]) -> None:
    soft, hard = limits
    check = machine.descriptors(Connections(soft + 100, soft + 100))
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
    assert check.status is Status.OK
    assert check.message == (
        f"{hard:,} files (raised from {soft}) may be open; {soft + 100} connections at most"
    )


@pytest.mark.parametrize(
    ("connections", "status", "refuses"),
    [
        (Connections(10, 10), Status.OK, False),
        (Connections(10**8, 0), Status.WARNING, False),
        (Connections(10**8, 10**8), Status.ERROR, True),
        (Connections(10**8, 10), Status.WARNING, False),
    ],
)
def test_only_connections_that_are_sure_to_be_opened_refuse_a_run(
    connections: Connections, status: Status, refuses: bool
) -> None:
    check = machine.descriptors(connections)
    assert (check.status, check.refuses) == (status, refuses)
    assert check.code == ("" if status is Status.OK else "few_descriptors")


def test_what_is_open_already_leaves_less() -> None:
    _, limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert machine.descriptors(Connections(limit - 1, limit - 1)).refuses


# --- ports ---


@pytest.mark.parametrize(
    ("addresses", "connections", "status"),
    [
        (1, Connections(100, 100), Status.OK),
        (1, Connections(101, 100), Status.WARNING),
        (1, Connections(101, 101), Status.ERROR),
        (3, Connections(300, 300), Status.OK),
        (3, Connections(301, 301), Status.ERROR),
    ],
)
def test_a_port_serves_one_connection_to_each_address(
    made: Made, addresses: int, connections: Connections, status: Status
) -> None:
    made.write("proc/sys/net/ipv4/ip_local_port_range", "40000\t40099\n")
    check = machine.ports(ORIGIN, addresses, connections, made.root)
    assert (check.status, check.refuses) == (status, status is Status.ERROR)
    assert f"local ports 40000 to 40099 give {100 * addresses} connections" in check.message


def test_where_the_kernel_does_not_say_its_default_counts(made: Made) -> None:
    made.write("proc/sys/net/ipv4/ip_local_port_range", "what?")
    check = machine.ports(ORIGIN, 1, Connections(1, 1), made.root)
    assert "32768 to 60999" in check.message


# --- cores, memory, clock ---


def test_more_agents_than_cores_are_warned_of(made: Made) -> None:
    usable = usable_cores(made.root)
    assert machine.cores(usable, made.root).status is Status.OK
    check = machine.cores(usable + 1, made.root)
    assert (check.status, check.code) == (Status.WARNING, "few_cores")
    assert check.hint == f"one agent takes one core: use --agents {usable}"


def test_a_part_of_a_core_is_warned_of_because_it_is_throttled(made: Made) -> None:
    made.write("proc/self/cgroup", "0::/")
    made.write(
        "proc/self/mountinfo", "31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate"
    )
    made.write("sys/fs/cgroup/cpu.max", "50000 100000")
    check = machine.cores(1, made.root)
    assert check.status is Status.WARNING
    assert "the cgroup pays for 0.5, for 1 agent" in check.message


def test_memory_that_does_not_suffice_is_warned_of(made: Made) -> None:
    made.write("proc/meminfo", "MemTotal: 9 kB\nMemAvailable:     1048576 kB\n")
    assert machine.memory(1_000, 2, made.root).status is Status.OK
    check = machine.memory(100_000, 2, made.root)
    assert (check.status, check.code) == (Status.WARNING, "little_memory")
    assert check.message == "1.0 GiB free, about 2.4 GiB needed"


@pytest.mark.parametrize(
    ("source", "status"), [("tsc", Status.OK), ("hpet", Status.WARNING), (None, Status.OK)]
)
def test_a_clock_that_is_slow_to_read_is_warned_of(
    made: Made, source: str | None, status: Status
) -> None:
    if source is not None:
        made.write("sys/devices/system/clocksource/clocksource0/current_clocksource", f"{source}\n")
    check = machine.clock(made.root)
    assert check.status is status
    assert check.message.startswith(source or "monotonic")


# --- connections that the kernel tracks ---


@pytest.mark.parametrize(("most", "status"), [(5_000, Status.OK), (5_001, Status.WARNING)])
def test_above_half_of_what_the_kernel_tracks_is_a_warning(
    made: Made, most: int, status: Status
) -> None:
    made.write("proc/sys/net/netfilter/nf_conntrack_max", "10000\n")
    check = machine.tracking(Connections(most, 0), made.root)
    assert check is not None
    assert check.status is status
    assert "the kernel tracks 10,000 connections" in check.message
    assert (check.code == "few_tracked") is (status is Status.WARNING)


@pytest.mark.parametrize("text", ["", "0", "any"])
def test_where_nothing_is_tracked_or_nobody_says_nothing_is_said(made: Made, text: str) -> None:
    assert machine.tracking(Connections(1_000_000, 0), made.root) is None
    made.write("proc/sys/net/netfilter/nf_conntrack_max", text)
    assert machine.tracking(Connections(1_000_000, 0), made.root) is None
