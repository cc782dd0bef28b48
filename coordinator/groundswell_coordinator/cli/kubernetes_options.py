"""The options of `run --kubernetes`: where its pods are, and what they are made of."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import click

from groundswell import __version__
from groundswell_coordinator.cli.once import is_typed
from groundswell_coordinator.cli.run_options import key_value_map

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from groundswell.credentials import Remote
    from groundswell_coordinator.cli.placement_options import Placement
    from groundswell_coordinator.outputs.destination import Destination

R = TypeVar("R")

_WAIT_S = 300.0
_NAMESPACE = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class ClusterPlace:
    """`coordinator` is where the client reaches it, if not through a forwarded port."""

    namespace: str | None
    context: str | None
    agents_per_pod: int
    node_selector: Mapping[str, str]
    image: str
    coordinator: Remote | None = None
    wait_s: float = _WAIT_S

    def of(
        self, placement: Placement, *, detach: bool, outputs: Sequence[Destination]
    ) -> ClusterPlace:
        """With what other options say of it; UsageError for those that do not go with it."""
        if detach:
            raise click.UsageError(
                "--detach: the agents of --kubernetes end with this command; a pool with --coordinator lives on."
            )
        if placement.selector:
            raise click.UsageError(
                "--selector chooses among the agents of a pool: --node-selector?"
            )
        if any(one.is_file for one in outputs):
            raise click.UsageError(
                "--out jsonl would be written in the coordinator's pod: send it to a URL."
            )
        # One in the environment is a pool, for other commands.
        reached = placement.coordinator if is_typed("coordinator") else None
        if reached is not None and reached.credentials.is_tls:
            raise click.UsageError(
                "--kubernetes makes certificates of its own: --coordinator is only where it is reached."
            )
        wait_s = _WAIT_S if placement.given_wait_s is None else placement.given_wait_s
        return replace(self, coordinator=reached, wait_s=wait_s)


def _namespace(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None and not _NAMESPACE.fullmatch(value):
        raise click.BadParameter(f"{value!r} names no namespace")
    return value


_OPTIONS = (
    click.option(
        "--kubernetes",
        is_flag=True,
        help="Run on pods of its own in a cluster: a coordinator, and agents as a Job.",
    ),
    click.option(
        "--namespace",
        metavar="N",
        callback=_namespace,
        help="With --kubernetes: where.  [default: the context's]",
    ),
    click.option(
        "--context", metavar="C", help="With --kubernetes: which of kubeconfig's contexts."
    ),
    click.option(
        "--agents-per-pod",
        type=click.IntRange(1, 256),
        default=1,
        show_default=True,
        help="With --kubernetes: a pod asks for as many cores.",
    ),
    click.option(
        "--node-selector",
        multiple=True,
        metavar="K=V",
        callback=key_value_map,
        help="With --kubernetes: only nodes with this label. May be repeated.",
    ),
    click.option(
        "--image",
        metavar="I",
        envvar="GROUNDSWELL_IMAGE",
        show_envvar=True,
        default=f"groundswell:{__version__}",
        show_default=True,
        help="With --kubernetes: groundswell's image, where the nodes can pull it.",
    ),
)
_NAMES = ("namespace", "context", "agents_per_pod", "node_selector", "image")


def kubernetes_options(command: Callable[..., R]) -> Callable[..., R]:
    """Give a command `cluster: ClusterPlace | None`."""

    @functools.wraps(command)
    def wrapper(**kwargs: Any) -> R:  # noqa: ANN401 # whatever the other options are
        asked = kwargs.pop("kubernetes")
        values = {name: kwargs.pop(name) for name in _NAMES}
        for name in _NAMES:
            if not asked and is_typed(name):
                raise click.UsageError(f"--{name.replace('_', '-')} goes with --kubernetes.")
        return command(cluster=ClusterPlace(**values) if asked else None, **kwargs)

    decorated: Callable[..., R] = wrapper
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated
