"""benchmarks/README.md: its tables stand between markers and are written by what measures them."""

from __future__ import annotations

import platform
import re
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

_PAGE = Path(__file__).with_name("README.md")
_PARTS = ("uvloop", "httptools", "numpy")


def put(section: str, table: str, command: str | None = None) -> None:
    """Replace what stands between `<!-- section -->` and `<!-- /section -->`, when and where said first."""
    page = _PAGE.read_text()
    begin, end = f"<!-- {section} -->\n", f"<!-- /{section} -->"
    head, found, rest = page.partition(begin)
    _, closed, tail = rest.partition(end)
    if not found or not closed:
        raise RuntimeError(f"benchmarks/README.md has no place for {section}")
    said = f"`python -m benchmarks {command or section}`, {circumstances()}:\n\n{table}\n"
    _PAGE.write_text(f"{head}{begin}\n{said}\n{end}{tail}")


def circumstances() -> str:
    """When, on what, and with which versions."""
    parts = ", ".join(f"{part} {version(part)}" for part in _PARTS)
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {_machine()}, Python {platform.python_version()},"
        f" {parts}; {_answer('wrk', '-v')}, {_answer('/usr/sbin/nginx', '-v')}"
    )


def _machine() -> str:
    found = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    cores = len(re.findall(r"^processor", Path("/proc/cpuinfo").read_text(), re.MULTILINE))
    return f"{cores} cores of {found[1].strip() if found else platform.machine()}"


def _answer(*command: str) -> str:
    """What a program says it is, in two words."""
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    words = (said.stdout + said.stderr).replace("nginx version: ", "").split()
    return " ".join(words[:2]) if words and words[0] == "wrk" else words[0]
