"""The code of a test as modules, out of its bundle: alike in the client's own evaluation and on every
agent, where there is no file of it.
"""

from __future__ import annotations

import sys
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from typing import TYPE_CHECKING, ClassVar

from groundswell.errors import InvalidTest, Problem
from groundswell.files.named import inner_path
from groundswell.scenario.bundle import Bundle
from groundswell.script.environment import env
from groundswell.script.metrics import declared
from groundswell.script.test import Test
from groundswell.script.trace import problem_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import CodeType, ModuleType

# The name of the test's own module: no other has it, whatever the file is called.
MAIN = "groundswell_test"
_NO_TEST = "write: test = Test('its-name', target='https://…')"


class Code:
    """The modules of one test. One is loaded at a time in a process: the next one forgets it."""

    _loaded: ClassVar[Code | None] = None

    def __init__(self, name: str, text: bytes, variables: Mapping[str, str]) -> None:
        """`text` is that of the test with all that belongs to it."""
        bundle = Bundle.of(text)
        # What people call each file, and its text.
        self.files = {name: bundle.main}
        self._places: dict[str, tuple[str, bool]] = {MAIN: (name, False)}
        self._variables = variables
        for path, part in bundle.parts.items():
            if path.endswith(".py"):
                file = inner_path(name, path)
                self.files[file] = part.text
                self._places[_module_name(path)] = (file, path.endswith("__init__.py"))
        self._finder = _Finder(self)
        # Of all that was imported out of it.
        self._specs: list[tuple[str, ModuleSpec]] = []

    def test(self) -> Test:
        """Run the test's file and give the one test that it makes. InvalidTest where there is none,
        or its code raises.
        """
        try:
            module = self.load()
        except (Exception, SystemExit) as error:
            raise InvalidTest([problem_of(error, self.files)]) from None
        return _test_of(module, next(iter(self.files)))

    def load(self) -> ModuleType:
        """Run the test's file and give its module. What its code raises passes."""
        if Code._loaded is not None:
            Code._loaded.unload()
        Code._loaded = self
        env.fill(self._variables)
        declared.clear()
        self._refuse_taken()
        # First, as the folder of a script is: a module beside the test goes before one installed.
        sys.meta_path.insert(0, self._finder)
        spec = self.spec(MAIN)
        assert spec is not None
        assert spec.loader is not None
        module = module_from_spec(spec)
        sys.modules[MAIN] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            self.unload()
            raise
        return module

    def _refuse_taken(self) -> None:
        """What this process has imported already goes before all that a finder finds."""
        for name, (file, _) in self._places.items():
            top = name.partition(".")[0]
            if top in sys.modules:
                message = f"a module {top!r} is there already, and would be taken for this one"
                raise InvalidTest([Problem(file, 1, 1, message, "give it another name")])

    def unload(self) -> None:
        """Another test may have modules of the same names."""
        if self._finder in sys.meta_path:
            sys.meta_path.remove(self._finder)
        for name, spec in self._specs:
            if getattr(sys.modules.get(name), "__spec__", None) is spec:
                del sys.modules[name]
        env.fill({})

    def spec(self, name: str) -> ModuleSpec | None:
        """Of one of its modules."""
        spec = self._new_spec(name)
        if spec is not None:
            self._specs.append((name, spec))
        return spec

    def _new_spec(self, name: str) -> ModuleSpec | None:
        place = self._places.get(name)
        if place is not None:
            file, is_package = place
            loader = _Loader(file, self.files[file], is_package=is_package)
            return ModuleSpec(name, loader, origin=file, is_package=is_package)
        if any(other.startswith(f"{name}.") for other in self._places):
            # A folder without an __init__.py.
            spec = ModuleSpec(name, None, is_package=True)
            spec.submodule_search_locations = [name]
            return spec
        return None


class _Finder(MetaPathFinder):
    def __init__(self, code: Code) -> None:
        self._code = code

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return None if fullname == MAIN else self._code.spec(fullname)


class _Loader(InspectLoader):
    """Tracebacks find their lines here, too: linecache asks a module's loader for its source."""

    def __init__(self, file: str, text: bytes, *, is_package: bool) -> None:
        self._file = file
        self._text = text
        self._is_package = is_package

    def is_package(self, fullname: str) -> bool:
        return self._is_package

    def get_source(self, fullname: str) -> str:
        from importlib.util import decode_source

        return decode_source(self._text)

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self._text, self._file)


def _module_name(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _test_of(module: ModuleType, name: str) -> Test:
    """The one test that a module makes, or InvalidTest."""
    found = {id(value): value for value in vars(module).values() if isinstance(value, Test)}
    if len(found) == 1:
        (test,) = found.values()
        return test
    if not found:
        raise InvalidTest([Problem(name, 1, 1, "the file makes no Test", _NO_TEST)])
    second = list(found.values())[1]
    message = "the file makes more than one Test"
    raise InvalidTest([Problem(name, second.call.span[0] or 1, 1, message, "one file, one test")])
