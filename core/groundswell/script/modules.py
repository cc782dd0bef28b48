"""What a Python file says about itself before anybody runs it: which files beside it belong to the
test, and which variables it asks for.

    import helpers, helpers.db          helpers.py or helpers/__init__.py, helpers/db.py
    env["TOKEN"], os.environ["TOKEN"]   TOKEN

Imports are followed wherever they stand, in a function too. Only what is found beside the test
belongs to it, unless it has the name of a module of Python's own; everything else is what agents
have installed.
"""

from __future__ import annotations

import ast
import posixpath
import sys
from typing import TYPE_CHECKING

from groundswell.errors import InvalidTest, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    # The text of a file by its path from the test's folder; None where there is none.
    Read = Callable[[str], bytes | None]

_ENVIRONMENTS = ("env", "environ")
# Names that mean the same everywhere, whatever stands beside the test: a process that has imported
# one already would not look again.
_TAKEN = sys.stdlib_module_names | {"groundswell", "groundswell_agent", "groundswell_coordinator"}


def parsed(text: bytes, name: str) -> ast.Module:
    """InvalidTest where it is no Python; `name` is what people call the file."""
    try:
        return ast.parse(text, name)
    except SyntaxError as error:
        line, column = error.lineno or 1, error.offset or 1
        raise InvalidTest([Problem(name, line, max(column, 1), error.msg)]) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise InvalidTest([Problem(name, 1, 1, f"this is no Python: {error}")]) from None


def beside(main: bytes, name: str, read: Read, name_of: Callable[[str], str]) -> dict[str, bytes]:
    """All files that the test imports, those that they import too, by their paths from its folder.

    `name_of` says what people call one of them.
    """
    found: dict[str, bytes] = {}
    waiting = list(_imported(parsed(main, name), package=""))
    while waiting:
        for path in _candidates(waiting.pop(0)):
            if path in found:
                continue
            text = read(path)
            if text is not None:
                found[path] = text
                tree = parsed(text, name_of(path))
                waiting += _imported(tree, package=_package_of(path))
    return found


def variables(tree: ast.Module) -> set[str]:
    """The names of variables that the code reads from an environment."""
    return {name for node in ast.walk(tree) if (name := _variable(node)) is not None}


def timers(tree: ast.Module) -> Iterator[str]:
    """The names that the code gives to `vu.timer`, where they stand in it."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(attr="timer"), args=[ast.Constant(value=str(name)), *_]
            ):
                yield name
            case _:
                pass


def _variable(node: ast.AST) -> str | None:
    match node:
        case ast.Subscript(value=owner, slice=ast.Constant(value=str(name))):
            return name if _is_environment(owner) else None
        case ast.Call(
            func=ast.Attribute(value=owner, attr="get"), args=[ast.Constant(value=str(name)), *_]
        ):
            return name if _is_environment(owner) else None
        case _:
            return None


def _is_environment(node: ast.expr) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", None)
    return name in _ENVIRONMENTS


def _imported(tree: ast.Module, package: str) -> Iterator[str]:
    """Dotted names of all that may be modules."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = _origin(node, package)
            if origin is not None:
                yield from ([origin] if origin else [])
                # `from helpers import db` may mean a module.
                yield from (f"{origin}.{one.name}".lstrip(".") for one in node.names)


def _origin(node: ast.ImportFrom, package: str) -> str | None:
    """What is imported from, "" for the test's own folder; None for what is above it."""
    if not node.level:
        return node.module or ""
    parts = package.split(".") if package else []
    up = node.level - 1
    if up > len(parts):
        return None
    return ".".join([*parts[: len(parts) - up], *([node.module] if node.module else [])])


def _candidates(name: str) -> Iterator[str]:
    """The files that a dotted name may mean, those of the packages around it first."""
    parts = name.split(".")
    if parts[0] in _TAKEN:
        return
    for end in range(1, len(parts) + 1):
        path = posixpath.join(*parts[:end])
        yield posixpath.join(path, "__init__.py")
        yield f"{path}.py"


def _package_of(path: str) -> str:
    """The dotted name of the package that a file is in."""
    return posixpath.dirname(path).replace("/", ".")
