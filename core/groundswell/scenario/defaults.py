"""What requests take where they do not say it themselves."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from groundswell.scenario.auth import AUTH, Auth, authorized, without_authorization
from groundswell.scenario.expressions import Template
from groundswell.scenario.maps import HEADERS, TAGS, merged_headers
from groundswell.scenario.record import Fields, Key, Record
from groundswell.scenario.scalars import POSITIVE_DURATION, choice
from groundswell.scenario.step_model import (
    DEFAULT_TIMEOUT,
    Cookies,
    RequestStep,
    Step,
    with_requests,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

    from groundswell.scenario.expressions import Text
    from groundswell.scenario.step_model import Digest

COOKIES = choice("iteration", "keep", "off")


@dataclass(frozen=True, slots=True)
class Defaults:
    """`headers` hold the authorization, too. By identity, a step is known to be silent."""

    timeout: Fraction | None = None
    headers: Mapping[str, Text] = field(default_factory=dict[str, "Text"])
    digest: Digest | None = None
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    cookies: Cookies | None = None

    def applied_to_all(self, steps: tuple[Step, ...]) -> tuple[Step, ...]:
        return steps if self == _NOTHING else with_requests(steps, self._applied_to_request)

    def _applied_to_request(self, step: RequestStep) -> RequestStep:
        # By identity: a step that says 60s itself has said so.
        is_silent = step.timeout is DEFAULT_TIMEOUT
        headers = merged_headers(self.headers, step.headers)
        digest = step.digest
        if digest is not None:
            headers = without_authorization(headers)
        elif without_authorization(step.headers) == step.headers:
            digest = self.digest
        return replace(
            step,
            headers=headers,
            digest=digest,
            timeout=self.timeout if self.timeout is not None and is_silent else step.timeout,
            tags={**self.tags, **step.tags},
        )


_NOTHING = Defaults()


def _build(fields: Fields) -> Defaults | None:
    if not fields.complete:
        return None
    values = dict(fields.values)
    given = authorized(values.pop("auth", Auth()), values.pop("headers", {}))
    headers = {name: _optional(value) for name, value in given["headers"].items()}
    digest: Digest | None = given["digest"]
    if digest is not None:
        digest = replace(digest, optional=True)
    return Defaults(headers=headers, digest=digest, **values)


def _optional(value: Text) -> Text:
    """The request that captures a token comes before there is one."""
    return replace(value, optional=True) if isinstance(value, Template) else value


DEFAULTS = Record(
    "the defaults",
    {
        "timeout": Key(POSITIVE_DURATION, "The timeout of every request.", default="60s"),
        "headers": Key(
            HEADERS,
            "Headers of every request; one with a template is left out until its value is there.",
        ),
        "auth": Key(AUTH, "How every request authenticates itself."),
        "tags": Key(TAGS, "Tags of all samples of every request."),
        "cookies": Key(COOKIES, "How long a VU keeps cookies.", default="iteration"),
    },
    _build,
)
