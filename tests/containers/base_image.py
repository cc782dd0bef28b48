"""Debian with Python as an image of our own: what stands for the base that others take from a registry."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.containers.podman import Podman

_PACKAGES = "python3,python3-venv,ca-certificates"
_NAME = "localhost/groundswell-tests/base"
_UNPACKS_WITHIN_S = 400.0


def base_image(podman: Podman) -> str:
    """Its name. Made once on a machine, by debootstrap, and kept."""
    codename = platform.freedesktop_os_release()["VERSION_CODENAME"]
    name = f"{_NAME}:{codename}"
    if podman.attempt("image", "exists", name).returncode != 0:
        tar = _caches() / f"base-{codename}.tar"
        if not tar.exists():
            _make(tar, codename)
        podman("import", "--quiet", tar, name)
    return name


def _caches() -> Path:
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "groundswell-tests")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _make(tar: Path, codename: str) -> None:
    root = tar.with_suffix(".root")
    _run("rm", "-rf", root)
    options = ("--variant=minbase", f"--include={_PACKAGES}")
    try:
        _run("debootstrap", *options, codename, root, _mirror(codename))
        part = tar.with_suffix(".part")
        leave = ("--exclude=./var/cache/apt/archives/*.deb", "--exclude=./var/lib/apt/lists/*")
        _run("tar", "-C", root, *leave, "-cf", part, ".")
        part.rename(tar)
    except subprocess.CalledProcessError as error:
        said = error.stdout.splitlines()[-3:]
        pytest.skip(f"no base image, so the image is NOT tested: {error.cmd[0]}: {said}")
    finally:
        _run("rm", "-rf", root)


def _run(*words: str | Path) -> str:
    done = subprocess.run(
        words,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
        timeout=_UNPACKS_WITHIN_S,
    )
    return done.stdout


def _mirror(codename: str) -> str:
    """The one that this machine's own packages come from."""
    places = _run("apt-get", "indextargets", "--format", "$(CODENAME) $(COMPONENT) $(REPO_URI)")
    for line in places.splitlines():
        if line.startswith(f"{codename} main "):
            return line.split()[2]
    raise RuntimeError(f"apt knows no source of {codename}: {places}")
