"""Many open connections in one agent, opened all at once: how long that holds its event loop.

As many as the machine's limit of descriptors allows an agent and the target, 20,000 at most.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.held import measure_held

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchmarks.held import Held
    from benchmarks.target import Target

_DURATION_S = 20


def measure_connections(target: Target, connections: int) -> Held:
    """Each VU opens one, asks once, and pauses."""
    load = (
        f"executor: constant-vus, vus: {connections // len(target.urls)},"
        f" duration: {_DURATION_S}s, graceful_stop: 0s"
    )
    scenarios = (
        f'  a{number}: {{{load}, steps: [{{get: "{url}/page"}}, {{pause: 1h}}]}}\n'
        for number, url in enumerate(target.urls)
    )
    test = f"test: connections\ntarget: {target.url()}\nscenarios:\n{''.join(scenarios)}"
    return measure_held(test, target.folder)


def measure_full_load(target: Target, vus: int) -> Held:
    """A closed loop without pauses: all that an agent can."""
    load = f"executor: constant-vus, vus: {vus}, duration: 10s"
    test = f"test: full\ntarget: {target.url()}\nscenarios:\n  a: {{{load}, steps: [{{get: /page}}]}}\n"
    return measure_held(test, target.folder)


def measure_idle(target: Target, vus: int) -> Held:
    """They come, pause, and are cancelled at the end."""
    load = f"executor: constant-vus, vus: {vus}, duration: {_DURATION_S}s, graceful_stop: 0s"
    test = (
        f"test: idle\ntarget: {target.url()}\nscenarios:\n  a: {{{load}, steps: [{{pause: 1h}}]}}\n"
    )
    return measure_held(test, target.folder)


def table(rows: Iterable[tuple[str, Held]]) -> str:
    """As Markdown."""
    lines = [
        "| load | connections | longest turn ms | longest callback ms, by what it does |",
        "|---|---|---|---|",
    ]
    for name, held in rows:
        parts = sorted(held.callbacks.items(), key=lambda part: -part[1])
        callbacks = ", ".join(f"{what} {longest:.2f}" for what, longest in parts)
        lines.append(f"| {name} | {held.open_connections:,} | {held.turn:.1f} | {callbacks} |")
    return "\n".join(lines)
