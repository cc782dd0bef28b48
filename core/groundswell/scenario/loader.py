"""From the text of a test file to a `Test`, or to everything that is wrong with it.

    source = read_source("checkout.yaml", env=os.environ)     # the text, and all that it includes
    test = load(source)                                       # one source, one test

text -> nodes (yaml_source) -> steps of other files put in place (includes), curves beside their paths
(profiles) -> environment filled in (template) -> names looked up (names) -> shapes (document) -> Test
(model). A test in Python begins with nodes: what its evaluation has declared (script/declaration).

What a test names beside its text is looked at through `source.files`: by the client in the test's folder, by
an agent in its cache, by others not at all.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from groundswell.files.named import NamedFiles
from groundswell.scenario.bundle import Bundle
from groundswell.scenario.data_source import DATA
from groundswell.scenario.document import SCRIPT_TEST, TEST
from groundswell.scenario.includes import with_includes
from groundswell.scenario.names import check_names
from groundswell.scenario.nodes import Mapping, Node, Scalar
from groundswell.scenario.problems import Problems
from groundswell.scenario.profiles import with_given_profiles, with_profiles
from groundswell.scenario.shape import is_told
from groundswell.scenario.source import TestSource, read_source
from groundswell.scenario.template import fill_test, mentioned_env
from groundswell.scenario.yaml_source import parse
from groundswell.script.declaration import declaration_of, from_json

if TYPE_CHECKING:
    from collections.abc import Mapping as Map
    from collections.abc import Set

    from groundswell.scenario.data_source import DataSource
    from groundswell.scenario.model import Scenario, Test
    from groundswell.scenario.shape import Shape

__all__ = ["TestSource", "load", "mentioned_env", "read_source"]


def load(source: TestSource) -> Test:
    """The test, or `InvalidTest` with all problems in file order."""
    bundle = Bundle.of(source.text)
    problems = Problems(
        source.name,
        bundle.places(source.name),
        NamedFiles(source.files, [(part.first_line, path) for path, part in bundle.parts.items()]),
    )
    root, shape = _tree(bundle, source.name, problems)
    test = _read(root, shape, source, bundle, problems) if root is not None else None
    if test is None or problems:
        raise problems.as_error()
    return replace(test, files=problems.files.paths)


def _tree(bundle: Bundle, name: str, problems: Problems) -> tuple[Node | None, Shape[Test]]:
    declared = declaration_of(bundle)
    if declared is None:
        return parse(bundle.main, problems), TEST
    return from_json(declared, name), SCRIPT_TEST


def _read(
    root: Node, shape: Shape[Test], source: TestSource, bundle: Bundle, problems: Problems
) -> Test | None:
    if is_told(root):
        return None
    if not isinstance(root, Mapping):
        hint = "a test is a mapping that starts with `test: its-name`"
        problems.add(root, f"the file holds {_what(root)}, not a test", hint)
        return None
    if source.target is not None:
        root = _with_target(root, source.target)
    whole = with_profiles(with_includes(root, bundle, problems), bundle)
    filled = fill_test(whole, source.env, problems)
    data, rest = _data(filled, problems)
    fields = {name: None if one is None else one.fields for name, one in data.items()}
    named = check_names(rest, problems, fields)
    test = with_given_profiles(shape.read(rest, "test", problems), bundle, problems)
    return None if test is None else _with_data(test, data, named)


def _data(root: Mapping, problems: Problems) -> tuple[dict[str, DataSource | None], Mapping]:
    """The data sources, None for those that are wrong, and the test without them: their columns are
    to be known before names are looked up.
    """
    node = root.get("data")
    if node is None:
        return {}, root
    names = [name.text for name, _ in node.pairs] if isinstance(node, Mapping) else []
    read = DATA.read(node, "data", problems) or {}
    pairs = tuple(pair for pair in root.pairs if pair[0].text != "data")
    return {name: read.get(name) for name in names}, replace(root, pairs=pairs)


def _with_data(test: Test, data: Map[str, DataSource | None], named: Map[str, Set[str]]) -> Test:
    sources = {name: source for name, source in data.items() if source is not None}
    scenarios: dict[str, Scenario] = {
        name: replace(scenario, data=tuple(one for one in sources if one in named.get(name, ())))
        for name, scenario in test.scenarios.items()
    }
    return replace(test, data=sources, scenarios=scenarios)


def _with_target(root: Mapping, target: str) -> Mapping:
    """The file's own target goes before its variables are asked for: nobody needs them any more."""
    pairs = tuple(pair for pair in root.pairs if pair[0].text != "target")
    given = Scalar(0, 0, target, plain=False, written=target)
    return replace(root, pairs=(*pairs, (Scalar(0, 0, "target", True, "target"), given)))


def _what(root: Node) -> str:
    return "one text" if isinstance(root, Scalar) else root.shown
