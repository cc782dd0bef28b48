"""`auth`: how a request says who sends it. It becomes an Authorization header; that of `digest` is made
for each request, from what the server asks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from groundswell.scenario.expressions import Filtered, Template
from groundswell.scenario.maps import TEMPLATED, merged_headers
from groundswell.scenario.record import Fields, Key, Record
from groundswell.scenario.step_model import Digest
from groundswell.scenario.values import base64_encoded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from groundswell.scenario.expressions import Expression, Text

AUTHORIZATION = "Authorization"
_WAYS = ("basic", "bearer", "digest")


@dataclass(frozen=True, slots=True)
class Auth:
    """Either a header, or what one is made of when the server has asked for it."""

    headers: Mapping[str, Text] = field(default_factory=dict[str, "Text"])
    digest: Digest | None = None


def _refuse_colon(fields: Fields) -> bool:
    """Both ways join user and password by one."""
    user = fields.values.get("user")
    if isinstance(user, str) and ":" in user:
        fields.refuse("user", "`user` holds a colon, which ends a user name here")
    return not fields.complete


def _build_digest(fields: Fields) -> Digest | None:
    return None if _refuse_colon(fields) else Digest(**fields.values)


def _build_basic(fields: Fields) -> Text | None:
    if _refuse_colon(fields):
        return None
    user, password = fields.values["user"], fields.values["password"]
    if isinstance(user, str) and isinstance(password, str):
        return f"Basic {base64_encoded(f'{user}:{password}')}"
    both = Template((*_parts(user), ":", *_parts(password)))
    return Template(("Basic ", Filtered(both, "base64")))


def _parts(text: Text) -> Iterable[str | Expression]:
    return (text,) if isinstance(text, str) else text.parts


def _build(fields: Fields) -> Auth | None:
    given = [key for key in _WAYS if fields.given(key)]
    if not given and fields.complete:
        fields.problems.add(fields.node, "`auth` says how", f"one of {', '.join(_WAYS)}")
        return None
    if len(given) > 1:
        message = f"`auth` has `{given[0]}` and `{given[1]}`"
        fields.refuse(given[1], message, "remove one of them")
    if not fields.complete:
        return None
    if "digest" in fields.values:
        return Auth(digest=fields.values["digest"])
    if "basic" in fields.values:
        return Auth({AUTHORIZATION: fields.values["basic"]})
    token: Text = fields.values["bearer"]
    if isinstance(token, str):
        return Auth({AUTHORIZATION: f"Bearer {token}"})
    return Auth({AUTHORIZATION: Template(("Bearer ", *token.parts))})


def authorized(auth: Auth, headers: Mapping[str, Text]) -> dict[str, Any]:
    """`headers` and `digest` of a request. An Authorization header of its own goes before `auth`."""
    is_own = without_authorization(headers) != headers
    return {
        "headers": merged_headers(auth.headers, headers),
        "digest": None if is_own else auth.digest,
    }


def without_authorization(headers: Mapping[str, Text]) -> dict[str, Text]:
    return {name: text for name, text in headers.items() if name.lower() != AUTHORIZATION.lower()}


_USER = {
    "user": Key(TEMPLATED, "The user's name.", required=True),
    "password": Key(TEMPLATED, "The user's password, such as {{ secret.NAME }}.", required=True),
}
AUTH = Record(
    "auth",
    {
        "basic": Key(
            Record("basic", _USER, _build_basic), "User and password, in the way of RFC 7617."
        ),
        "bearer": Key(TEMPLATED, "A token, such as {{ token }}."),
        "digest": Key(
            Record("digest", _USER, _build_digest),
            "User and password, proved by a digest in the way of RFC 7616.",
        ),
    },
    _build,
    extra={"oneOf": [{"required": [way]} for way in _WAYS]},
)
