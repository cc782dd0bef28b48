"""What the options of one scenario must be to each other; each alone is right when it comes here.

A check looks at what is there: an option that is missing or wrong has been told already, and the
others still count.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from groundswell.scenario.model import OpenStage
from groundswell.scenario.shape import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from groundswell.scenario.record import Fields
    from groundswell.scenario.scalars import WrittenRate


def check_max_vus(fields: Fields) -> None:
    most, ready = fields.values.get("max_vus"), fields.values.get("pre_allocated_vus")
    if not fields.given("max_vus") and (ready == 0 or not fields.given("pre_allocated_vus")):
        hint = "the most VUs that may run at once, over all agents"
        fields.refuse("max_vus", "`max_vus` is missing in a scenario with arrivals", hint)
    elif most is not None and ready is not None and ready > most:
        given = fields.place("pre_allocated_vus").shown, fields.place("max_vus").shown
        message = "`pre_allocated_vus` {} is more than `max_vus` {}".format(*given)
        fields.refuse("pre_allocated_vus", message)
    fields.values["max_vus"] = ready if most is None else most
    fields.values["pre_allocated_vus"] = most if ready is None else ready


def check_rates(fields: Fields) -> None:
    values = fields.values
    time_unit = values.pop("time_unit", None)
    if time_unit is None and fields.given("time_unit"):
        # It is wrong itself, and what the rates mean with it is not known.
        for key in ("rate", "start_rate", "stages"):
            values.pop(key, None)
    for key in ("rate", "start_rate"):
        if key in values:
            values[key] = _per_second(fields, key, values[key], time_unit)
    if "stages" in values:
        values["stages"] = tuple(
            OpenStage(duration=duration, target=_per_second(fields, "target", target, time_unit))
            for duration, target in values["stages"]
        )


def _per_second(
    fields: Fields, label: str, rate: WrittenRate, time_unit: Fraction | None
) -> Fraction:
    try:
        return rate.per_second(time_unit)
    except Refusal as refusal:
        fields.complete = False
        message = f"`{label}`: {rate.written.shown} {refusal.message}"
        fields.problems.add(rate.written, message, refusal.hint)
        return Fraction(1)


def check_profile(fields: Fields) -> None:
    """Its curve, which is checked already, goes in the place of `start_rate` and `stages`."""
    profile = fields.values.pop("profile", None)
    if not fields.given("profile"):
        if not fields.given("stages"):
            fields.refuse("stages", "`stages` is missing in a scenario", "or `profile`, a CSV file")
        return
    for key in ("stages", "start_rate", "time_unit"):
        if fields.given(key):
            message = f"a scenario has either `profile` or `{key}`"
            fields.refuse(key, message, "remove one of them")
    if profile is not None:
        fields.values.update(start_rate=profile.start_rate, stages=profile.stages)


def check_constant_rate(fields: Fields) -> None:
    if fields.values.get("rate") == 0:
        fields.refuse("rate", "`rate` must be more than 0")


def check_stages(fields: Fields) -> None:
    stages = fields.values.get("stages", ())
    if stages and not sum(stage.duration for stage in stages):
        fields.refuse("stages", "all stages together last 0s", "give one of them a duration")


def check_some_load(default_start: int) -> Callable[[Fields], None]:
    def check(fields: Fields) -> None:
        start = fields.values.get("start_vus", fields.values.get("start_rate", default_start))
        stages = fields.values.get("stages", ())
        if stages and not start and not any(stage.target for stage in stages):
            fields.refuse("stages", "no stage has a target above 0", "there would be no load")

    return check


def check_iterations(fields: Fields) -> None:
    vus, iterations = fields.values.get("vus", 1), fields.values.get("iterations", 1)
    if iterations < vus:
        message = "there are fewer `iterations` to share than `vus`"
        fields.refuse("iterations", message, "each VU runs one at least")
