"""What this machine has for the plan: files, ports; and for people, cores, memory and its clock."""

from __future__ import annotations

import resource
import time
from typing import TYPE_CHECKING

from groundswell.cores import affinity, usable_cores
from groundswell.cpu_groups import ROOT, cpu_quota
from groundswell_agent.preflight.check import error, ok, warning
from groundswell_agent.recording.open_files import OpenFiles

if TYPE_CHECKING:
    from pathlib import Path

    from groundswell_agent.http.request import Origin
    from groundswell_agent.preflight.check import Check
    from groundswell_agent.preflight.demand import Connections

# For what an agent opens beside its connections while it runs.
_RESERVED_FILES = 32
# An idle VU takes 11 KiB, an open connection about as much again, an agent before its first 70 MB.
_VU_BYTES = 24 * 1024
_AGENT_BYTES = 80 * 1024 * 1024
_QUICK_CLOCKS = frozenset({"tsc", "kvm-clock", "hyperv_clocksource_tsc_page", "arch_sys_counter"})
_CLOCK = "sys/devices/system/clocksource/clocksource0/current_clocksource"
_PORTS = "proc/sys/net/ipv4/ip_local_port_range"
_MOST_FILES = "proc/sys/fs/nr_open"
_TRACKED = "proc/sys/net/netfilter/nf_conntrack_"


def descriptors(connections: Connections, root: Path = ROOT) -> Check:
    """Raises the soft limit of open files to the hard one first."""
    before, limit = _raise_limit(root)
    raised = "" if before == limit else f" (raised from {before:,})"
    in_use = OpenFiles(folder=root / "proc/self/fd").in_use(0)
    if limit == resource.RLIM_INFINITY:
        return ok("files", f"any number may be open; {connections.most:,} connections at most")
    room = limit - max(in_use, 0) - _RESERVED_FILES
    have = f"{limit:,} files{raised} may be open"
    if connections.most <= room:
        return ok("files", f"{have}; {connections.most:,} connections at most")
    hint = "raise the hard limit of open files (ulimit -Hn), or use more agents"
    return _too_few("files", "few_descriptors", connections, room, have, hint)


def ports(origin: Origin, addresses: int, connections: Connections, root: Path = ROOT) -> Check:
    """A local port serves one connection to each of the origin's addresses."""
    lowest, highest = _port_range(root)
    room = (highest - lowest + 1) * max(addresses, 1)
    to = f"{origin.host}:{origin.port}"
    have = f"local ports {lowest} to {highest} give {room:,} connections to {to}"
    if connections.most <= room:
        return ok("ports", f"{have}; {connections.most:,} at most")
    hint = "widen net.ipv4.ip_local_port_range, or use agents on more machines"
    return _too_few("ports", "few_ports", connections, room, have, hint)


def tracking(connections: Connections, root: Path = ROOT) -> Check | None:
    """None where connections are not tracked, or nobody may know.

    A container sees the table of its node, which is everybody's: other pods' connections are in it, and
    our own for two minutes after they were closed. One that is full drops what is new, without a word.
    """
    most = _read(root / f"{_TRACKED}max").strip()
    if not most.isdecimal() or int(most) == 0:
        return None
    have = f"the kernel tracks {int(most):,} connections"
    if connections.most * 2 <= int(most):
        return ok("conntrack", f"{have}; {connections.most:,} at most are ours")
    text = f"{have}, and {connections.most:,}, more than half of them, may be ours"
    hint = "raise net.netfilter.nf_conntrack_max on this node, or spread agents over more nodes"
    return warning("conntrack", "few_tracked", text, hint)


def cores(agents: int, root: Path = ROOT) -> Check:
    usable, quota = usable_cores(root), cpu_quota(root)
    limited = "" if quota is None else f", as the cgroup pays for {quota:g}"
    have = f"{usable} of {affinity()} may be used{limited}"
    asked = f"{agents} agent" + ("" if agents == 1 else "s")
    if agents > usable:
        hint = f"one agent takes one core: use --agents {usable}"
        return warning("cores", "few_cores", f"{have}, for {asked}", hint)
    if quota is not None and quota < agents:
        hint = "raise the CPU limit to whole cores"
        return warning("cores", "few_cores", f"{have}, for {asked}", hint)
    return ok("cores", f"{have}; {asked}")


def memory(vus: int, agents: int, root: Path = ROOT) -> Check:
    """`vus` of all agents."""
    needed = agents * _AGENT_BYTES + vus * _VU_BYTES
    free = _available(root)
    if free is None:
        return ok("memory", f"about {_mebibytes(needed)} needed")
    text = f"{_mebibytes(free)} free, about {_mebibytes(needed)} needed"
    if needed > free:
        return warning("memory", "little_memory", text, "use fewer VUs, or more machines")
    return ok("memory", text)


def clock(root: Path = ROOT) -> Check:
    """The engine reads it some ten times for each request."""
    resolution = time.get_clock_info("monotonic").resolution
    source = _read(root / _CLOCK).strip()
    text = f"{source or 'monotonic'}, {resolution * 1e9:.0f} ns"
    if source and source not in _QUICK_CLOCKS:
        hint = "reading it takes a call of the kernel each time: agents reach lower rates"
        return warning("clock", "slow_clock", text, hint)
    return ok("clock", text)


def _too_few(
    subject: str, code: str, connections: Connections, room: int, have: str, hint: str
) -> Check:
    """There is room for fewer connections than the plan may open: an error where it certainly does."""
    if connections.certain > room:
        text = f"the plan opens {connections.certain:,} connections, and {have}"
        return error(subject, code, text, hint, refuses=True)
    text = f"with all of max_vus at work there are {connections.most:,} connections, and {have}"
    return warning(subject, code, text, hint)


def _raise_limit(root: Path) -> tuple[int, int]:
    """The soft limit of open files before and after."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _read(root / _MOST_FILES).strip()
    # An endless hard limit does not mean that the kernel gives an endless soft one.
    wanted = int(most) if hard == resource.RLIM_INFINITY and most.isdecimal() else hard
    if soft == resource.RLIM_INFINITY or soft >= wanted > 0:
        return soft, soft
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError):
        # What may not be raised stays, and is what the plan is held against.
        return soft, soft
    return soft, wanted


def _port_range(root: Path) -> tuple[int, int]:
    """Where the kernel does not say, what it says by default."""
    words = _read(root / _PORTS).split()
    if len(words) != 2 or not all(word.isdecimal() for word in words):
        return 32768, 60999
    return int(words[0]), int(words[1])


def _available(root: Path) -> int | None:
    for line in _read(root / "proc/meminfo").splitlines():
        name, _, value = line.partition(":")
        if name == "MemAvailable":
            return int(value.split()[0]) * 1024
    return None


def _mebibytes(size: int) -> str:
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{size / 2**20:.0f} MiB"


def _read(path: Path) -> str:
    """Nothing where there is no such file, as on other systems than Linux."""
    try:
        return path.read_text()
    except OSError:
        return ""
