"""Reading a test in Python: its file, what it imports from beside it, and what it declares."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from groundswell.errors import InvalidTest, Problem
from groundswell.files.named import inner_path
from groundswell.scenario.bundle import Bundle, bundled
from groundswell.scenario.nodes import Mapping
from groundswell.scenario.profiles import profile_paths
from groundswell.scenario.template import mentioned_env
from groundswell.script.declaration import DECLARATION, from_json
from groundswell.script.modules import beside, parsed, variables

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping as MappingOf

    from groundswell.scenario.nodes import Node

# To import and to declare; nothing that takes longer belongs outside of a function.
PATIENCE_S = 60.0
_PROGRAM = ("-P", "-m", "groundswell.script.evaluation")


def is_script(path: str) -> bool:
    return path.endswith(".py")


def script_parts(
    main: bytes, path: str, env: MappingOf[str, str], read: Callable[[str], bytes]
) -> dict[str, bytes]:
    """What belongs to the test besides its file: its modules, its profiles, its declaration.

    `read` reads a file, or raises InvalidTest.
    """
    folder = Path(path).parent

    def read_beside(inner: str) -> bytes | None:
        file = folder / inner
        return read(str(file)) if file.is_file() else None

    modules = beside(main, path, read_beside, lambda inner: inner_path(path, inner))
    text = bundled(main, modules)
    named = {name: env[name] for name in script_env(text, path) if name in env}
    declared = _evaluated(path, text, named, env)
    profiles = _profiles(from_json(declared, path), folder, read)
    return {**modules, **profiles, DECLARATION: declared}


def _profiles(declared: Node, folder: Path, read: Callable[[str], bytes]) -> dict[str, bytes]:
    """The files of curves that scenarios name; one that is not there is told when it is loaded."""
    if not isinstance(declared, Mapping):
        return {}
    paths = [inner_path("", one.text) for one in profile_paths(declared)]
    return {path: read(str(folder / path)) for path in paths if (folder / path).is_file()}


def script_env(text: bytes, name: str) -> set[str]:
    """The variables that the files of a test ask for, in templates and in code."""
    bundle = Bundle.of(text)
    found = mentioned_env(text) | variables(parsed(bundle.main, name))
    for path, part in bundle.parts.items():
        if is_script(path):
            found |= variables(parsed(part.text, path))
    return found


def _evaluated(name: str, text: bytes, named: dict[str, str], env: MappingOf[str, str]) -> bytes:
    question = {"name": name, "text": base64.b64encode(text).decode(), "env": named}
    answer = _asked(name, json.dumps(question).encode(), env)
    if "problems" in answer:
        raise InvalidTest([Problem(*fields) for fields in answer["problems"]])
    return str(answer["declared"]).encode()


def _asked(name: str, question: bytes, env: MappingOf[str, str]) -> dict[str, Any]:
    process = subprocess.Popen(
        [sys.executable, *_PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, **env},
    )
    with process:
        try:
            answer, _ = process.communicate(question, timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            message = f"the file did not come to its end within {PATIENCE_S:g} s"
            hint = "what takes longer belongs into a function"
            raise InvalidTest([Problem(name, 1, 1, message, hint)]) from None
        except BaseException:
            process.kill()
            raise
    if not answer:
        message = f"the process that reads the file ended with {process.returncode}"
        raise InvalidTest([Problem(name, 1, 1, message, "what it said is above")])
    found: dict[str, Any] = json.loads(answer)
    return found
