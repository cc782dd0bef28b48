"""What is printed of a test in Python that is none: its own file and line, and nothing of ours."""

# One row of a table is one line.
# ruff: noqa: E501

from __future__ import annotations

import pytest

from groundswell.errors import InvalidTest
from groundswell.scenario.loader import TestSource, load
from groundswell.script.declaration import DECLARATION
from tests.core.script.writing import NAME, problems

_HEAD = "from groundswell import *\n"
_TEST = _HEAD + 'test = Test("t", target="http://shop.test")\n'
_WRITE = "write: async def s(vu: VU) -> None:"


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("x = (1,\n", ["t.py:1:5: '(' was never closed"]),
        (_HEAD + "x = 1\n1 / 0\n", ["t.py:3:1: ZeroDivisionError: division by zero"]),
        (_HEAD, ["t.py:1:1: the file makes no Test (write: test = Test('its-name', target='https://…'))"]),
        (_TEST + _TEST.replace("test =", "other ="), ["t.py:4:1: the file makes more than one Test (one file, one test)"]),
        ("import nowhere.at_all\n", ["t.py:1:1: there is no module 'nowhere' (install it here and on every agent, or put it beside the test)"]),
        ("def f():\n    raise ValueError('two\\nlines')\nf()\n", ["t.py:2:5: ValueError: two (called from t.py:3)"]),
        ("import sys\nsys.exit(3)\n", ["t.py:2:1: SystemExit: 3"]),
        ("open(__file__)\n", ["t.py:1:6: NameError: name '__file__' is not defined (the code of a test travels, and is in no file on an agent)"]),
        (_HEAD + "env['NOT_SET']\n", ["t.py:2:1: the environment variable NOT_SET is not set (pass -e NOT_SET=…, set it, or write env.get('NOT_SET', '…'))"]),
        # What the model says of values, at the place of each.
        (
            _HEAD + 'test = Test("t", target="shop", warmup="3",\n  thresholds={"http_req_duraton": "p(95) < 1", "checks": ["rate > 99%", "rat > 1"]})\n@test.scenario(constant_vus(0, duration=5))\nasync def s(vu): ...\n',
            [
                "t.py:2:25: `target` 'shop' is not http:// or https:// (write https://host/path)",
                "t.py:2:40: `warmup`: 3 has no unit (write 3s for seconds, 3ms, 3m …)",
                "t.py:3:15: there is no metric 'http_req_duraton' (did you mean 'http_req_duration'?)",
                "t.py:3:73: 'rat' does not fit checks, a rate (a rate takes rate)",
                "t.py:4:29: `vus` must be at least 1, not 0",
                "t.py:4:41: `duration`: 5 has no unit (write 5s for seconds, 5ms, 5m …)",
            ],
        ),
        (_HEAD + 'ä = "ü"; test = Test("t", target="http://a b")\n@test.scenario(constant_vus(duration="1s"))\nasync def s(vu): ...\n', ["t.py:2:34: `target` 'http://a b' holds a blank or a control character (write it as %20)"]),
        (_TEST, ["t.py:2:8: the test has no scenario (write @test.scenario(…) before an async def function)"]),
        (_TEST + '@test.scenario(constant_vus(duration="1s"))\ndef s(vu): ...\n', [f"t.py:3:2: the scenario s is no `async def` function ({_WRITE})"]),
        (_TEST + '@test.scenario(constant_vus(duration="1s"))\nasync def s(): ...\n', [f"t.py:3:2: the scenario s does not take one argument, the VU ({_WRITE})"]),
        (_TEST + '@test.scenario(constant_vus(duration="1s"))\n@test.scenario(constant_vus(duration="1s"))\nasync def s(vu): ...\n', ["t.py:3:2: two scenarios are called s (name=…)"]),
        (_TEST + '@test.scenario(constant_vus(duration="1s", tags={1: "a"}))\nasync def s(vu): ...\n', ["t.py:3:50: a value of this call has the key 1, which is no text (a test is declared in text, numbers, lists and mappings)"]),
        (_TEST + '@test.scenario(constant_vus(duration=b"1s"))\nasync def s(vu): ...\n', ["t.py:3:38: a value of this call is 'bytes' (a test is declared in text, numbers, lists and mappings)"]),
        # A value that is written elsewhere is told where it is used.
        (_TEST + 'D = "soon"\n@test.scenario(constant_vus(duration=D))\nasync def s(vu): ...\n', ["t.py:4:38: `duration`: 'soon' is not a duration (write a number and a unit: 300ms, 10s, 1m30s, 2h)"]),
        (_TEST + 'O = {"duration": "soon"}\n@test.scenario(constant_vus(**O))\nasync def s(vu): ...\n', ["t.py:4:16: `duration`: 'soon' is not a duration (write a number and a unit: 300ms, 10s, 1m30s, 2h)"]),
        (_HEAD + 'test = Test("t", target="http://x", defaults={"headers": {"A": "{{ token }}"}})\n@test.scenario(constant_vus(duration="1s"))\nasync def s(vu): ...\n', ["t.py:2:64: nothing is known here by the name `token` (capture it in a step before)"]),
        # Metrics and phases.
        (_TEST + 'Counter("http_reqs")\nTrend("a b")\n@test.scenario(constant_vus(duration="1s"))\nasync def s(vu): ...\n', ["t.py:3:1: `http_reqs` is a metric of groundswell's own (choose another name)", "t.py:4:1: `a b` cannot be a metric (letters, digits and _, no digit first)"]),
        (_TEST + 'Counter("a")\nGauge("a")\n@test.scenario(constant_vus(duration="1s"))\nasync def s(vu): ...\n', ["t.py:4:1: `a` is a counter already (choose another name)"]),
        (_TEST + 'Counter("a").add(1)\n', ["t.py:3:1: a is recorded in no iteration (in a scenario's function, or in a task that it has made)"]),
        (_HEAD + 'orders = Counter("orders")\ntest = Test("t", target="http://x", thresholds={"order": "count > 1", "orders": "p(95) < 1"})\n@test.scenario(constant_vus(duration="1s"))\nasync def s(vu): ...\n', ["t.py:3:49: there is no metric 'order' (did you mean 'orders'?)", "t.py:3:81: 'p(95)' does not fit orders, a counter (a counter takes count, rate)"]),
        (_TEST + "@test.setup\ndef a(vu): ...\n", ["t.py:3:2: setup is no `async def` function (write: async def a(vu: VU) -> None:)"]),
        (_TEST + "@test.setup\nasync def a(vu): ...\n@test.setup\nasync def b(vu): ...\n", ["t.py:5:2: a test has one setup (call the other from it)"]),
        (_TEST + '@test.teardown(timeout="soon")\nasync def a(vu): ...\n@test.scenario(constant_vus(duration="1s"))\nasync def s(vu): ...\n', ["t.py:3:24: `teardown_timeout`: 'soon' is not a duration (write a number and a unit: 300ms, 10s, 1m30s, 2h)"]),
    ],
)  # fmt: skip
def test_every_problem_is_told_by_its_line(text: str, printed: list[str]) -> None:
    assert problems(text) == printed


def test_a_problem_of_a_module_beside_the_test_names_its_file() -> None:
    modules = {
        "parts/limits.py": "X = 1\n\ndef limits():\n    return 1 / 0\n",
        "parts/__init__.py": "",
    }
    assert problems("from parts import limits\nlimits.limits()\n", modules=modules) == [
        "parts/limits.py:4:12: ZeroDivisionError: division by zero (called from t.py:2)"
    ]
    modules = {
        "load.py": 'from groundswell import constant_vus\n\nLOAD = constant_vus(0, duration="1s")\n'
    }
    assert problems(
        _TEST + "import load\ntest.scenario(load.LOAD)(s := None)", modules=modules
    ) == ["t.py:4:1: the scenario  is no `async def` function (write: async def (vu: VU) -> None:)"]
    used = _TEST + "import load\n@test.scenario(load.LOAD)\nasync def s(vu): ...\n"
    assert problems(used, modules=modules) == ["load.py:3:21: `vus` must be at least 1, not 0"]


@pytest.mark.parametrize(
    "declared",
    [b"", b"{}", b"[1]", b'["value", 1, 1, "x", true]', b'["list", 1, 1, [[]]]', b"[" * 9999],
)
def test_a_declaration_that_is_none_is_refused(declared: bytes) -> None:
    text = b'#%%include "%s" %d\n%s\n' % (DECLARATION.encode(), len(declared), declared)
    with pytest.raises(InvalidTest):
        load(TestSource(NAME, text))
