"""Expressions compiled to functions of a VU: what they look up and what they make.

    price = compile_value(Name("price"), scope)
    price(vu)                                   -> 7, or None where it was not captured

What is known when the run is prepared (a secret, the scenario's name) becomes a constant.
"""

from __future__ import annotations

import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol, cast

from groundswell.scenario.expressions import (
    BUILTIN_NAMES,
    FAKE,
    SECRET,
    Call,
    Expression,
    Filtered,
    Name,
    Template,
    names_in,
)
from groundswell.scenario.functions import ISO, RANDOM, UNIX, UNIX_MS, UUID
from groundswell.scenario.values import FILTERS, as_text
from groundswell_agent.engine.secrets import read_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from groundswell.files.places import Files
    from groundswell_agent.engine.fake import FakeData
    from groundswell_agent.engine.virtual_user import VirtualUser

    Value = Callable[[VirtualUser], object]


class Namespace(Protocol):
    """Gives a VU the fields behind a name, `users` in `{{ users.email }}`: asked at most once in an
    iteration, when the first of them is needed.
    """

    def take(self, vu: VirtualUser) -> Mapping[str, object]: ...


class Names(Protocol):
    """What names of a scenario stand for, besides what its iterations capture; its files among them."""

    @property
    def name(self) -> str: ...

    @property
    def namespaces(self) -> Mapping[str, Namespace]: ...

    @property
    def fake_data(self) -> FakeData:
        """Asked where a template is compiled that has some."""
        ...

    @property
    def files(self) -> Files: ...


def compile_value(expression: Expression, names: Names) -> Value:
    """The value of an expression, with its type."""
    if is_constant(expression):
        constant = _made(expression, names)(cast("VirtualUser", None))
        return lambda vu: constant
    return _made(expression, names)


def is_constant(expression: Expression) -> bool:
    """Whether it is the same in every iteration of every VU."""
    match expression:
        case Name():
            return expression.root in (SECRET, "scenario")
        case Filtered():
            return is_constant(expression.value)
        case Template():
            return all(isinstance(part, str) or is_constant(part) for part in expression.parts)
        case Call():
            return False


def is_captured(root: str, names: Names) -> bool:
    """Whether a name is none of those that are there without a capture."""
    return root not in (SECRET, FAKE, *BUILTIN_NAMES) and root not in names.namespaces


def _made(expression: Expression, names: Names) -> Value:
    match expression:
        case Name():
            return _name(expression, names)
        case Call():
            return _call(expression)
        case Filtered():
            return _filtered(expression, names)
        case Template():
            return _text(expression, names)


def _name(name: Name, names: Names) -> Value:
    root, path = name.root, name.path
    if root == SECRET:
        secret = read_secret(str(path[0]))
        return lambda vu: secret
    if root == "scenario":
        return lambda vu: names.name
    if root == "vu":
        return lambda vu: vu.number
    if root == "iteration":
        return lambda vu: vu.iterations
    if root == FAKE:
        field, *other = path
        number = other[0] if other and isinstance(other[0], int) else 0
        return names.fake_data.value(str(field), number)
    if root in names.namespaces:
        namespace = names.namespaces[root]
        return _within(lambda vu: vu.fields(root, namespace), path)
    return _within(lambda vu: vu.variables.get(root), path)


def _within(value: Value, path: tuple[str | int, ...]) -> Value:
    """The way into a value; null where there is none."""
    if not path:
        return value

    def inner(vu: VirtualUser) -> object:
        return walk(value(vu), path, None)

    return inner


def walk(value: object, path: tuple[str | int, ...], missing: object) -> object:
    """What keys and indices lead to in a value of JSON."""
    for step in path:
        try:
            value = _inside(value, step)
        except LookupError:
            return missing
    return value


def _inside(value: Any, step: Any) -> object:  # noqa: ANN401  # JSON may be anything
    # A text has characters, too, which are nothing that a path leads to.
    if isinstance(value, str) or (isinstance(step, int) and isinstance(value, dict)):
        raise LookupError
    try:
        inner: object = value[step]
    except TypeError:
        raise LookupError from None
    return inner


def _call(call: Call) -> Value:
    if call.function == UUID:
        return lambda vu: str(uuid.UUID(int=vu.random.getrandbits(128), version=4))
    if call.function == RANDOM:
        low, high = call.arguments
        return _random(cast("float", low), cast("float", high))
    return _moment(cast("str", call.arguments[0]))


def _random(low: float, high: float) -> Value:
    if isinstance(low, int) and isinstance(high, int):
        # Thrice as fast as randint, and as even for all that a test may ask for.
        span = high - low + 1
        return lambda vu: low + int(vu.random.random() * span)
    return lambda vu: vu.random.uniform(low, high)


def _moment(form: str) -> Value:
    if form == UNIX:
        return lambda vu: int(time.time())
    if form == UNIX_MS:
        return lambda vu: time.time_ns() // 1_000_000
    if form == ISO:
        return lambda vu: _iso(datetime.now(UTC))
    return lambda vu: datetime.now(UTC).strftime(form)


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _filtered(filtered: Filtered, names: Names) -> Value:
    value, argument = _made(filtered.value, names), filtered.argument
    function = FILTERS.get(filtered.filter)
    if function is not None:
        return lambda vu: function(value(vu))

    def with_default(vu: VirtualUser) -> object:
        found = value(vu)
        return argument if found is None else found

    return with_default


def _text(template: Template, names: Names) -> Value:
    parts = [part if isinstance(part, str) else _made(part, names) for part in template.parts]
    return lambda vu: "".join(
        part if isinstance(part, str) else as_text(part(vu)) for part in parts
    )


def compile_presence(template: Template, names: Names) -> Callable[[VirtualUser], bool]:
    """Whether every name that a template asks for has a value."""
    values = [
        _made(name, names)
        for part in template.parts
        if not isinstance(part, str)
        for name in names_in(part)
    ]
    return lambda vu: all(value(vu) is not None for value in values)
