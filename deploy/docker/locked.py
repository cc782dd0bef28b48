"""The locked versions of what the image needs: `locked.py run` for its use, `locked.py build` for its wheel.

requirements.lock holds what developing needs, too. Who needs whom is asked of pip, which follows the
names of pyproject.toml under the lock's versions and downloads nothing but what it is told.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory

# hatchling builds the wheel; what it is built with is not in the image.
_BUILDERS = {"build": ["hatchling"]}
# hdrhistogram asks for it and never imports it.
_LEFT_OUT = {"setuptools"}


def main(part: str) -> None:
    """Print the lines of requirements.lock that belong to `part`, hashes and all."""
    lines = _lines(Path("requirements.lock").read_text())
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    wanted = _BUILDERS.get(part, [*project["dependencies"], *_extras(project)])
    needed = _needed(wanted, [_version(line) for line in lines.values()])
    for name in sorted(needed - _LEFT_OUT):
        if name not in lines:
            sys.exit(f"error: {name} is needed and is not in requirements.lock: make lock")
        print(lines[name])


def _extras(project: dict[str, dict[str, list[str]]]) -> list[str]:
    return [one for extra in project.get("optional-dependencies", {}).values() for one in extra]


def _lines(lock: str) -> dict[str, str]:
    """Each requirement of the lock by its name; one with hashes goes on over several lines."""
    joined = lock.replace("\\\n", " ")
    found = (line for line in joined.splitlines() if "==" in line and not line.startswith("#"))
    return {_normal(line.partition("==")[0]): line for line in found}


def _version(line: str) -> str:
    return line.partition("--hash")[0].strip()


def _needed(wanted: list[str], versions: list[str]) -> set[str]:
    with TemporaryDirectory() as folder:
        constraints, report = Path(folder, "constraints"), Path(folder, "report")
        constraints.write_text("\n".join(versions))
        words = ["install", "--quiet", "--dry-run", "--ignore-installed", "--only-binary", ":all:"]
        words += ["--report", str(report), "--constraint", str(constraints), *wanted]
        subprocess.run([sys.executable, "-m", "pip", *words], check=True)
        chosen = json.loads(report.read_text())["install"]
    return {_normal(one["metadata"]["name"]) for one in chosen}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.split("[")[0].strip()).lower()


if __name__ == "__main__":
    main(sys.argv[1])
