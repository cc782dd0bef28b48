"""The checked-in stubs are what the .proto files say today; `make proto` writes them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
STUBS = ROOT / "core" / "groundswell" / "v1"
PROTO = ROOT / "proto"


def _generate(out: Path) -> None:
    """As `make proto` does it; protoc finds the mypy plugins beside the interpreter."""
    plugins = str(Path(sys.executable).parent)
    environment = {**os.environ, "PATH": os.pathsep.join([plugins, os.environ["PATH"]])}
    outputs = [f"--{kind}_out={out}" for kind in ("python", "grpc_python", "mypy", "mypy_grpc")]
    subprocess.run(
        [
            *(sys.executable, "-m", "grpc_tools.protoc", f"-I{PROTO}"),
            *outputs,
            *sorted(str(path) for path in PROTO.glob("groundswell/v1/*.proto")),
        ],
        env=environment,
        check=True,
    )


def _stubs(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.glob("*_pb2*.py*")}


def _without_services() -> set[str]:
    """protoc writes gRPC stubs for every file; those of a file without a service are not kept."""
    names = {path.stem for path in PROTO.rglob("*.proto") if "\nservice " not in path.read_text()}
    return {f"{name}_pb2_grpc.{ending}" for name in names for ending in ("py", "pyi")}


def test_stubs_are_in_step_with_the_proto_files(tmp_path: Path) -> None:
    _generate(tmp_path)

    fresh = _stubs(tmp_path / "groundswell" / "v1")
    for name in _without_services():
        fresh.pop(name, None)

    kept = _stubs(STUBS)
    assert sorted(kept) == sorted(fresh)
    assert [name for name in fresh if kept[name] != fresh[name]] == [], "run `make proto`"
