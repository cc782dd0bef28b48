"""Small languages: units, thresholds, expressions, paths into JSON, addresses, hosts, destinations."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from typing import TYPE_CHECKING

import click
import msgspec

from groundswell import units
from groundswell.address import AddressOption
from groundswell.errors import InvalidUnit
from groundswell.scenario.conditions import expressions_in, parse_condition
from groundswell.scenario.json_path import NoJsonPath, compiled, parse_json_path
from groundswell.scenario.model import ThresholdSpec
from groundswell.scenario.shape import Refusal
from groundswell.scenario.template_syntax import parse_expression
from groundswell.verdict.threshold import parse as parse_threshold
from groundswell_agent.engine.response import MISSING
from groundswell_agent.engine.values import walk
from groundswell_coordinator.outputs.destination import parse_destination
from tests.fuzz.decoder import Decoder

if TYPE_CHECKING:
    from collections.abc import Callable


def _of_text(parse: Callable[[str], object]) -> Callable[[bytes], object]:
    return lambda data: parse(data.decode("utf-8", "replace"))


def _any_unit(text: str) -> None:
    for parse in (
        units.parse_duration,
        units.parse_rate,
        units.parse_share,
        units.parse_size,
        units.parse_number,
    ):
        with suppress(InvalidUnit):
            parse(text)


def _threshold(text: str) -> None:
    key, _, expression = text.partition("\n")
    spec = ThresholdSpec(threshold=expression, over=Fraction(len(text)))
    threshold = parse_threshold(key, spec, scenarios=("browse",))
    threshold.holds(1.0)
    str(threshold)


_DOCUMENTS = [
    msgspec.json.decode(text)
    for text in (
        b'{"a": {"b": [1, {"c": "x"}, null, true]}, "": 1.5, "items": [{"id": 1, "price": "3"}]}',
        b'[[], {}, [1, 2, 3], "text"]',
    )
]


def _path(text: str) -> None:
    path = parse_json_path(text)
    for document in _DOCUMENTS:
        if path.steps is not None:
            walk(document, path.steps, MISSING)
        else:
            _query(path.text, document)


def _query(text: str, document: object) -> None:
    # What a capture takes for nothing found, in `find_json`.
    from jsonpath import JSONPathError

    try:
        compiled(text).match(document)  # type: ignore[arg-type]  # JSON of any kind
    except (JSONPathError, RecursionError):
        return


_EXPRESSION_WORDS = (
    *(
        b"vu",
        b"env.X",
        b"secret.",
        b"uuid()",
        b"random(1, 6)",
        b"now('unix')",
        b"fake.email",
        b" | ",
    ),
    *(b"default('", b"json", b"urlencode", b"[0]", b"[-1]", b"('", b"')", b"\\", b"null", b"1.5"),
    *(b" and ", b" or ", b" not ", b"==", b"!=", b"<=", b"~", b"contains", b"exists", b"(", b")"),
)

DECODERS = (
    Decoder(
        "units",
        _of_text(_any_unit),
        seeds=(b"1h30m", b"500/s", b"0.1%", b"64KiB", b"300ms", b"1.5", b"30/m"),
        words=(b"ms", b"us", b"d", b"/h", b"%", b"GiB", b".", b"-", b" ", "µs".encode(), b"\n", b"e9"),
    ),
    Decoder(
        "threshold",
        _of_text(_threshold),
        seeds=(
            b"http_req_duration{name:cart,scenario:browse}\np(99.9) < 300ms",
            b"http_req_failed\nrate < 0.1%",
            b"http_reqs{status:200}\nrate >= 100/s",
            b"dropped_iterations\ncount == 0",
            b"data_sent{name:\"a,b\"}\ncount < 5MiB",
        ),
        words=(b"p(", b")", b"{", b"}", b":", b",", b"<", b"!=", b"avg", b"med", b"value", b"'", b'"'),
    ),
    Decoder(
        "template expression",
        _of_text(parse_expression),
        seeds=(b"users.email | default('x') | urlencode", b"random(1, 6)", b"a.b[0].c", b"now('iso')"),
        words=_EXPRESSION_WORDS,
        refusals=(Refusal,),
    ),
    Decoder(
        "condition",
        _of_text(lambda text: list(expressions_in(parse_condition([text])))),
        seeds=(b"a > 1 and not (b == 'x' or c ~ 'd.*')", b"state != null", b"x contains 'y'"),
        words=_EXPRESSION_WORDS,
        refusals=(Refusal,),
    ),
    Decoder(
        "path into JSON",
        _of_text(_path),
        seeds=(
            b"$.a.b[0]", b"$['a'][\"b\"]", b"$..a[?@.price > 1]", b"$.items[*].id", b"$[1:5:2]",
            b"$.items[?match(@.price, '[0-9]+')]", b"$.a[?count(@.*) > 1]", b"$.a[?length(@) == 2]",
        ),
        words=(
            *(b"$", b"@", b"..", b"[", b"]", b"?", b"*", b":", b"&&", b"||", b"!", b"==", b"<", b"'"),
            *(b"length(", b"count(", b"match(", b"search(", b"value(", b")", b"\\u", b"-1", b",", b"|"),
        ),
        refusals=(NoJsonPath,),
    ),
    Decoder(
        "address",
        _of_text(lambda text: AddressOption(dials=True).convert(text, None, None)),
        seeds=(b"127.0.0.1:9700", b"[::1]:9700", b"coordinator:0", b"[fe80::1%eth0]:1"),
        words=(b"[", b"]", b":", b"%", b"65536", b"-1", b".", b"::"),
        refusals=(click.BadParameter,),
    ),
    Decoder(
        "output's destination",
        _of_text(parse_destination),
        seeds=(
            b"prometheus=http://u:p@host:9090/api/v1/write", b"otlp=https://[::1]:4318/v1/metrics",
            b"jsonl=/tmp/x.jsonl",
        ),
        words=(b"=", b"://", b"@", b"[", b"]", b":", b"%", b"?", b"#", b"http", b"jsonl"),
    ),
)  # fmt: skip
