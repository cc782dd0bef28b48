"""The options that say where a run is carried out: how many agents, which, and what if one is lost."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from groundswell.targets import checked_patterns
from groundswell_coordinator.cli.confirmation import Confirmation
from groundswell_coordinator.cli.coordinator_options import coordinator_option
from groundswell_coordinator.cli.run_options import check_together, key_value_map
from groundswell_coordinator.cli.times import Time

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from groundswell.credentials import Remote
    from groundswell_coordinator.outputs.destination import Destination

R = TypeVar("R")

_LOCAL_WAIT_S = 60.0
_REMOTE_WAIT_S = 300.0


@dataclass(frozen=True, slots=True)
class Placement:
    """Without a coordinator, one of its own on this machine. `agents` is None where nobody said."""

    coordinator: Remote | None
    agents: int | None
    selector: Mapping[str, str]
    on_agent_loss: str
    given_wait_s: float | None
    allowed: tuple[str, ...]
    confirmation: Confirmation

    @property
    def wait_s(self) -> float:
        """How long agents may take to be there."""
        if self.given_wait_s is not None:
            return self.given_wait_s
        return _LOCAL_WAIT_S if self.coordinator is None else _REMOTE_WAIT_S

    def check(
        self, *, detach: bool, outputs: Sequence[Destination], results: Mapping[str, object]
    ) -> None:
        """Raises UsageError for options that do not go together; `results` need the run's end."""
        if self.coordinator is not None and self.allowed:
            raise click.UsageError(
                "--allow-target is for agents of our own: a pool's are started with theirs."
            )
        check_together(
            self.coordinator,
            agents=self.agents,
            selector=self.selector,
            detach=detach,
            outputs=outputs,
            results=results,
        )


_OPTIONS = (
    coordinator_option("one of its own on this machine, with agents of its own"),
    click.option(
        "--agents",
        type=click.IntRange(1, 10_000),
        help="Agent processes.  [default: one a core; of a coordinator, all that are free]",
    ),
    click.option(
        *("-l", "--selector", "selector"),
        multiple=True,
        metavar="K=V",
        callback=key_value_map,
        help="Only agents with this label. May be repeated.",
    ),
    click.option(
        "--on-agent-loss",
        type=click.Choice(["reshare", "continue", "abort"]),
        default="reshare",
        show_default=True,
        help="What becomes of the part of an agent that is lost.",
    ),
    click.option(
        "--wait",
        "wait_s",
        type=Time(),
        metavar="TIME",
        help="How long to wait for agents.  [default: 1m; of a coordinator, 5m]",
    ),
    click.option(
        "--allow-target",
        "allowed",
        multiple=True,
        metavar="PATTERN",
        callback=checked_patterns,
        help="What agents of our own may load besides the hosts that the test names. May be repeated.",
    ),
    click.option(
        "--yes-target",
        "confirmed",
        multiple=True,
        metavar="HOST",
        help="Where a test says `confirm: production`: its target's host, as nobody can be asked. May be repeated.",
    ),
)


def placement_options(command: Callable[..., R]) -> Callable[..., R]:
    """Give a command `placement: Placement`."""

    @functools.wraps(command)
    def wrapper(**kwargs: Any) -> R:  # noqa: ANN401 # whatever the other options are
        placement = Placement(
            kwargs.pop("coordinator"),
            kwargs.pop("agents"),
            kwargs.pop("selector"),
            kwargs.pop("on_agent_loss"),
            kwargs.pop("wait_s"),
            kwargs.pop("allowed"),
            Confirmation(kwargs.pop("confirmed")),
        )
        return command(placement=placement, **kwargs)

    decorated: Callable[..., R] = wrapper
    # click lists options from the last decorator to the first.
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated
