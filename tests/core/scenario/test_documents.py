"""All YAML in the documentation is right: each block is a test that loads, or a part of one."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import indent

import pytest

from groundswell.scenario.bundle import bundled
from groundswell.scenario.loader import load
from groundswell.scenario.requests import METHODS, REQUEST
from groundswell.scenario.source import TestSource

ROOT = Path(__file__).parents[3]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

_REST = {
    "test": "test: t\n",
    "target": "target: http://a.test\n",
    "scenarios": "scenarios: {s: {executor: constant-vus, duration: 1m, steps: [{get: /}]}}\n",
}
_SCENARIO = "test: t\ntarget: http://a.test\nscenarios:\n  s:\n"
_STEPS = (
    f"{_SCENARIO}    executor: constant-vus\n    duration: 1m\n    steps:\n"
    "      - {get: /, capture: {token: $.token}}\n"
)


def blocks_of(path: Path, language: str) -> list[str]:
    text = path.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def whole(block: str) -> str:
    """The test that a block is a part of: steps, a step, a scenario, some of the top level, or keys of a
    step, each for itself.
    """
    keys = re.findall(r"^([\w-]+):", block, re.MULTILINE)
    if block.startswith("- "):
        return _STEPS + indent(block, "      ")
    if "executor" in keys:
        return _SCENARIO + indent(block, "    ")
    if set(keys) & set(METHODS):
        return f"{_STEPS}      -\n" + indent(block, "        ")
    if set(keys) <= set(REQUEST.keys):
        parts = re.split(r"^(?=[\w-]+:)", block, flags=re.MULTILINE)[1:]
        return _STEPS + "".join(f"      - get: /\n{indent(part, ' ' * 8)}" for part in parts)
    return block + "".join(rest for key, rest in _REST.items() if key not in keys)


def files_beside(block: str) -> dict[str, bytes]:
    """What the block names and the document does not show."""
    profiles = re.findall(r"profile: ([\w./-]+\.csv)", block)
    steps = re.findall(r"include: ([\w./-]+\.yaml)", block)
    return {
        **dict.fromkeys(profiles, b"time,rate\n0,1\n9,1\n"),
        **dict.fromkeys(steps, b"- get: /included\n"),
    }


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_the_yaml_in_a_document_loads(path: Path) -> None:
    env = {"PASSWORD": "x", "TOKEN": "x"}
    for block in blocks_of(path, "yaml"):
        load(TestSource(path.name, bundled(whole(block).encode(), files_beside(block)), env))


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_the_profiles_in_a_document_are_profiles(path: Path) -> None:
    test = (
        _SCENARIO
        + "    {executor: ramping-arrival-rate, profile: x.csv, max_vus: 1, steps: [{get: /}]}"
    )
    for block in blocks_of(path, "csv"):
        load(TestSource(path.name, bundled(test.encode(), {"x.csv": block.encode()})))


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for target, anchor in re.findall(r"\]\(([^)#:]*)(?:#([^)]+))?\)", text):
        linked = (path.parent / target).resolve() if target else path
        assert linked.exists(), f"{path.name} links to {target}"
        if anchor:
            assert anchor in _anchors(linked), f"{path.name} links to {target}#{anchor}"


def _anchors(path: Path) -> set[str]:
    """Of headings, as forges make them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_document_is_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"}

    assert {name for name in pages if f"]({name})" not in index} == set()
