"""Where a test gets a profile from: `profile: day.csv` in a scenario, or the options of its run.

The client reads the files and bundles them with the test; whoever loads the bundle reads no file.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

from groundswell.files.named import inner_path
from groundswell.scenario.model import OpenScenario, RampingArrivalRate
from groundswell.scenario.nodes import Attached, Mapping, Node, Scalar
from groundswell.scenario.profile import Profile, read_profile
from groundswell.scenario.shape import Json, Shape, is_told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from groundswell.scenario.bundle import Bundle, GivenProfile
    from groundswell.scenario.model import Scenario, Test
    from groundswell.scenario.problems import Problems

PROFILE_KEY = "profile"


def profile_paths(root: Mapping) -> Iterator[Scalar]:
    """The paths of all profiles that the scenarios of a test name."""
    scenarios = root.get("scenarios")
    for _, scenario in scenarios.pairs if isinstance(scenarios, Mapping) else ():
        path = scenario.get(PROFILE_KEY) if isinstance(scenario, Mapping) else None
        if isinstance(path, Scalar) and path.text and "{{" not in path.text:
            yield path


def with_profiles(root: Mapping, bundle: Bundle) -> Mapping:
    """The test with what is in each profile beside its path."""
    scenarios = root.get("scenarios")
    if not bundle.parts or not isinstance(scenarios, Mapping):
        return root
    pairs = tuple((name, _with_profile(each, bundle)) for name, each in scenarios.pairs)
    return _with(root, "scenarios", replace(scenarios, pairs=pairs))


def _with_profile(scenario: Node, bundle: Bundle) -> Node:
    path = scenario.get(PROFILE_KEY) if isinstance(scenario, Mapping) else None
    part = bundle.parts.get(inner_path("", path.text)) if isinstance(path, Scalar) else None
    if part is None:
        return scenario
    assert isinstance(scenario, Mapping)
    assert isinstance(path, Scalar)
    attached = Attached(
        path.line,
        path.column,
        path.text,
        path.plain,
        path.written,
        content=part.text,
        first_line=part.first_line,
    )
    return _with(scenario, PROFILE_KEY, attached)


def _with(mapping: Mapping, key: str, value: Node) -> Mapping:
    pairs = tuple((name, value if name.text == key else old) for name, old in mapping.pairs)
    return replace(mapping, pairs=pairs)


class _ProfileShape(Shape[Profile]):
    """The path of a CSV file, from the folder of the test."""

    def read(self, node: Node, label: str, problems: Problems) -> Profile | None:
        if is_told(node):
            return None
        if isinstance(node, Attached):
            return read_profile(node.content, node.first_line, problems)
        if not isinstance(node, Scalar) or not node.text:
            hint = "such as day.csv, with the columns time and rate"
            problems.add(node, f"`{label}` must be the path of a file, not {node.shown}", hint)
        else:
            message = f"the profile {node.shown} is not part of this test"
            problems.add(node, message, "a constant path, from the folder of the test")
        return None

    def schema(self, definitions: Json) -> Json:
        return {"type": "string", "pattern": r"\S"}


PROFILE = _ProfileShape()


def with_given_profiles(test: Test | None, bundle: Bundle, problems: Problems) -> Test | None:
    """The test with the profiles that the run was given in the place of its own curves. They are
    read also if there is no test, for what is wrong with them.
    """
    for given in bundle.profiles:
        profile = read_profile(given.text, given.first_line, problems)
        name = None if test is None else _scenario_for(given, test, problems)
        if test is not None and profile is not None and name is not None:
            scenario = _following(test.scenarios[name], profile)
            test = replace(test, scenarios={**test.scenarios, name: scenario})
    return test


def _scenario_for(given: GivenProfile, test: Test, problems: Problems) -> str | None:
    """The name of the scenario that a profile is for."""
    open_ones = [name for name, one in test.scenarios.items() if isinstance(one, OpenScenario)]
    if given.scenario in open_ones or (not given.scenario and len(open_ones) == 1):
        return given.scenario or open_ones[0]
    which = "|".join(open_ones)
    hint = f"write --profile {which}={given.path}" if open_ones else None
    if given.scenario in test.scenarios:
        executor = test.scenarios[given.scenario].executor
        message = (
            f"the scenario `{given.scenario}` has no rate to follow a profile: it is {executor}"
        )
    elif given.scenario:
        message = f"there is no scenario `{given.scenario}`"
    elif open_ones:
        message = f"{len(open_ones)} scenarios could follow {given.path}"
    else:
        message = "no scenario of this test has a rate: a profile needs one with arrivals"
    problems.add_of_option("--profile", message, hint)
    return None


def _following(scenario: Scenario, profile: Profile) -> RampingArrivalRate:
    """The same scenario with another curve."""
    assert isinstance(scenario, OpenScenario)
    kept = {field.name: getattr(scenario, field.name) for field in fields(OpenScenario)}
    return RampingArrivalRate(**kept, start_rate=profile.start_rate, stages=profile.stages)
