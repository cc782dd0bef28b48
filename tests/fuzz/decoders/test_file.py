"""The text of a test, alone and as it travels: YAML, what Python declares, a curve."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from groundswell.scenario.loader import TestSource, load, read_source
from groundswell.scenario.problems import Problems
from groundswell.scenario.profile import read_profile
from groundswell.script.declaration import DECLARATION, from_json
from tests.core.scenario.writing import with_steps, with_top
from tests.fuzz.decoder import Decoder

if TYPE_CHECKING:
    from random import Random

_EXAMPLES = Path(__file__).parents[3] / "examples"

_SEEDS = tuple(
    read_source(str(path), env={}).text for path in sorted(_EXAMPLES.glob("*.yaml"))
) + tuple(
    text.encode()
    for text in (
        with_steps(
            "- {get: '/{{ vu }}', capture: {a: $.a, b: {regex: 'x(y)', group: 1, default: 5}},"
            " check: {$.a: '> 1', body: '~ a', header.X: [a, b], size: < 5KiB}, redirects: 3}\n"
            "- {if: a > 1 and not (b == 'x'), then: [{pause: 1s..2s}], else: [{pace: 1s}]}\n"
            "- {while: a != null, max: 3, steps: [{repeat: '{{ a }}', steps: [{get: /}]}]}"
        ),
        with_top(
            "defaults: {timeout: 5s, auth: {basic: {user: a, password: b}}, cookies: keep}\n"
            "thresholds:\n  http_req_duration{name:x}:\n"
            "    - {threshold: p(95) < 1s, abort_on_fail: true, over: 5s}"
        ),
    )
)
_WORDS = tuple(
    word.encode()
    for word in (
        *("{{ env.X }}", "{{ x }}", "{", "}", "[", "]", ": ", "- ", "\n", "\t", " #", "&a ", "*a", "<<: *a"),
        *("!!str ", "!!binary ", "'", '"', "---\n", "? ", "| ", "> ", "~", ".nan", ".inf", "1e999", "\ufeff"),
        *("500/s", "1s", "null", "http://[", "#%include ", '#%include "a" 5\n', "#%profile ", "include: a"),
        *("steps:", "get: /", "if: a", "then:", "scenarios:", "data:", "{file: a.csv}", "thresholds:"),
        *("executor: ", "ramping-vus", "shared-iterations", "stages:", "vus: ", "1000000", "366d", "1us"),
    )
)  # fmt: skip


def _load(text: bytes) -> None:
    load(TestSource("t.yaml", text, {"X": "x", "BASE_URL": "http://127.0.0.1"}))


def _declaration(text: bytes) -> None:
    from_json(text, "t.py")
    part = b'#%%include "%s" %d\n' % (DECLARATION.encode(), len(text))
    load(TestSource("t.py", b"import groundswell\n" + part + text + b"\n", {}))


def _scalar(text: str) -> list[object]:
    return ["value", 1, 1, text, True]


def _mapping(pairs: dict[str, list[object]]) -> list[object]:
    return ["mapping", 1, 1, [[_scalar(key), value] for key, value in pairs.items()]]


_DECLARED = _mapping(
    {
        "test": _scalar("t"),
        "target": _scalar("http://127.0.0.1"),
        "scenarios": _mapping(
            {
                "browse": _mapping(
                    {
                        "executor": _scalar("constant-arrival-rate"),
                        "rate": _scalar("5/s"),
                        "duration": _scalar("1s"),
                        "max_vus": _scalar("2"),
                        "function": _scalar("browse"),
                    }
                )
            }
        ),
        "thresholds": _mapping({"http_reqs": ["list", 1, 1, [_scalar("count > 1")]]}),
    }
)


def _declared(chance: Random) -> bytes:
    """A tree that is well-formed, of the right words in the wrong places."""

    def node(deep: int) -> list[object]:
        kind = chance.random()
        if deep == 0 or kind < 0.4:
            return _scalar(chance.choice(_WORDS).decode())
        if kind < 0.6:
            return ["list", 1, chance.randint(-1, 9), [node(deep - 1) for _ in range(3)]]
        keys = chance.sample(("test", "scenarios", "rate", "steps", "function", "data", "tags"), 3)
        return _mapping({key: node(deep - 1) for key in keys})

    return json.dumps(node(chance.randint(0, 5))).encode()


def _profile(text: bytes) -> None:
    problems = Problems("t.yaml", [])
    if read_profile(text, 1, problems) is None:
        assert problems
        raise problems.as_error()


DECODERS = (
    Decoder("test file", _load, seeds=_SEEDS, words=_WORDS),
    Decoder(
        "declaration of a Python test",
        _declaration,
        seeds=(json.dumps(_DECLARED).encode(),),
        words=(*_WORDS, b'["value", 1, 1, "x", true]', b'["list", 1, 1, []]', b'["mapping", 1, 1, []]'),
        grow=_declared,
    ),
    Decoder(
        "curve in CSV",
        _profile,
        seeds=(
            (_EXAMPLES / "curves/day.csv").read_bytes(),
            b"time,rate\n0s,10/s\n1m,20/s\n",
            b"2026-11-25T00:00:00Z;5\n2026-11-25T00:01:00Z;6\n",
        ),
        words=(b",", b";", b"\n", b'"', b"/s", b"T", b"Z", b"+01:00", b"1m", b"9999-12-31", b"\xef\xbb\xbf"),
    ),
)  # fmt: skip
