"""`auth`: how a request says who sends it. It becomes an Authorization header."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell.scenario.expressions import Filtered, Template
from groundswell.scenario.maps import TEMPLATED
from groundswell.scenario.record import Fields, Key, Record
from groundswell.scenario.values import base64_encoded

if TYPE_CHECKING:
    from collections.abc import Iterable

    from groundswell.scenario.expressions import Expression, Text

AUTHORIZATION = "Authorization"


def _build_basic(fields: Fields) -> Text | None:
    if not fields.complete:
        return None
    user, password = fields.values["user"], fields.values["password"]
    if isinstance(user, str) and ":" in user:
        fields.refuse("user", "`user` holds a colon, which ends a user name here")
        return None
    if isinstance(user, str) and isinstance(password, str):
        return f"Basic {base64_encoded(f'{user}:{password}')}"
    both = Template((*_parts(user), ":", *_parts(password)))
    return Template(("Basic ", Filtered(both, "base64")))


def _parts(text: Text) -> Iterable[str | Expression]:
    return (text,) if isinstance(text, str) else text.parts


def _build(fields: Fields) -> dict[str, Text] | None:
    given = [key for key in ("basic", "bearer") if fields.given(key)]
    if not given and fields.complete:
        fields.problems.add(fields.node, "`auth` says how", "one of basic, bearer")
        return None
    if len(given) > 1:
        fields.refuse("bearer", "`auth` has `basic` and `bearer`", "remove one of them")
    if not fields.complete:
        return None
    if "basic" in fields.values:
        return {AUTHORIZATION: fields.values["basic"]}
    token: Text = fields.values["bearer"]
    if isinstance(token, str):
        return {AUTHORIZATION: f"Bearer {token}"}
    return {AUTHORIZATION: Template(("Bearer ", *token.parts))}


_BASIC = Record(
    "basic",
    {
        "user": Key(TEMPLATED, "The user's name.", required=True),
        "password": Key(
            TEMPLATED, "The user's password, such as {{ secret.NAME }}.", required=True
        ),
    },
    _build_basic,
)
AUTH = Record(
    "auth",
    {
        "basic": Key(_BASIC, "User and password, in the way of RFC 7617."),
        "bearer": Key(TEMPLATED, "A token, such as {{ token }}."),
    },
    _build,
    extra={"oneOf": [{"required": ["basic"]}, {"required": ["bearer"]}]},
)
