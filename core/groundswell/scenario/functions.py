"""The functions of templates: their arguments are checked when the file is read.

uuid()                     a random UUID
now(), now('unix') …       the moment of the request, by the agent's clock
random(1, 6)               a whole number, both ends included; random(0.0, 1.0) any between
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from groundswell.scenario.expressions import Call
from groundswell.scenario.suggest import did_you_mean
from groundswell.scenario.tokens import SyntaxRefusal

if TYPE_CHECKING:
    from groundswell.scenario.expressions import Constant

UUID, NOW, RANDOM = "uuid", "now", "random"
_FUNCTIONS = (UUID, NOW, RANDOM)

ISO, UNIX, UNIX_MS = "iso", "unix", "unix_ms"
_MOMENTS = f"'{ISO}', '{UNIX}', '{UNIX_MS}' or a format such as '%Y-%m-%d'"
# What strftime makes the same of everywhere.
_FORMAT = re.compile(r"(?:[^%]|%[YmdHMSfjyBbAaIpzZ%])+")


def check_call(call: Call) -> Call:
    """The call, with what it leaves out filled in; SyntaxRefusal where it is none."""
    if call.function not in _FUNCTIONS:
        known = [f"{name}()" for name in _FUNCTIONS]
        raise SyntaxRefusal(
            f"calls an unknown function `{call.function}`", did_you_mean(call.function, known)
        )
    if call.function == UUID:
        if call.arguments:
            raise SyntaxRefusal("gives arguments to `uuid`", "write uuid()")
        return call
    return _checked_now(call) if call.function == NOW else _checked_random(call)


def _checked_now(call: Call) -> Call:
    form = call.arguments[0] if call.arguments else ISO
    is_format = isinstance(form, str) and "%" in form and _FORMAT.fullmatch(form)
    if len(call.arguments) > 1 or not (form in (ISO, UNIX, UNIX_MS) or is_format):
        raise SyntaxRefusal("asks `now` for a form that it does not know", f"it knows {_MOMENTS}")
    return Call(NOW, (form,))


def _checked_random(call: Call) -> Call:
    bounds = call.arguments
    if len(bounds) != 2 or not all(map(_is_number, bounds)):
        raise SyntaxRefusal("gives `random` no two numbers", "write random(1, 6)")
    low, high = bounds
    assert isinstance(low, int | float)
    assert isinstance(high, int | float)
    if low > high:
        raise SyntaxRefusal(
            "gives `random` bounds that are the wrong way round", f"write random({high}, {low})"
        )
    return call


def _is_number(constant: Constant) -> bool:
    return isinstance(constant, int | float) and not isinstance(constant, bool)
