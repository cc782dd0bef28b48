"""What a test in Python declares is the model that the same test in YAML is."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell.errors import InvalidTest
from groundswell.scenario.defaults import Defaults
from groundswell.scenario.loader import TestSource, load
from groundswell.scenario.nodes import Mapping, Node, Scalar, Sequence
from groundswell.script.declaration import as_json, from_json
from tests.core.script.writing import loaded, source_of

if TYPE_CHECKING:
    from groundswell.scenario.model import Test

_EXECUTORS = [
    (
        "arrival_rate('500/s', duration='10m', max_vus=2000, arrivals='poisson')",
        "constant-arrival-rate, rate: 500/s, duration: 10m, max_vus: 2000, arrivals: poisson",
    ),
    (
        "constant_arrival_rate(30, time_unit='1m', duration='10m', pre_allocated_vus=5)",
        "constant-arrival-rate, rate: 30, time_unit: 1m, duration: 10m, pre_allocated_vus: 5",
    ),
    (
        "ramping_arrival_rate([{'duration': '1m', 'target': '9/s'}], start_rate='1/s', max_vus=9)",
        "ramping-arrival-rate, stages: [{duration: 1m, target: 9/s}], start_rate: 1/s, max_vus: 9",
    ),
    ("constant_vus(7, duration='1m30s')", "constant-vus, vus: 7, duration: 1m30s"),
    (
        "ramping_vus([{'duration': '1m', 'target': 9}], start_vus=0, graceful_ramp_down='1s')",
        "ramping-vus, stages: [{duration: 1m, target: 9}], start_vus: 0, graceful_ramp_down: 1s",
    ),
    (
        "shared_iterations(70, vus=7, max_duration='1m')",
        "shared-iterations, iterations: 70, vus: 7, max_duration: 1m",
    ),
    ("per_vu_iterations(vus=7)", "per-vu-iterations, vus: 7"),
    (
        "constant_vus(duration='1s', start_time='5s', graceful_stop='0s',"
        " tags={'a': 'b'}, env={'X': 'y'}, cookies='keep')",
        "constant-vus, duration: 1s, start_time: 5s, graceful_stop: 0s,"
        " tags: {a: b}, env: {X: y}, cookies: keep",
    ),
]


@pytest.mark.parametrize(("python", "yaml"), _EXECUTORS)
def test_an_executor_is_that_of_yaml(python: str, yaml: str) -> None:
    declared = loaded(
        f"""
        from groundswell import *
        test = Test("t", target="http://shop.test")
        @test.scenario({python})
        async def s(vu: VU) -> None: ...
        """
    )
    text = f"test: t\ntarget: http://shop.test\nscenarios:\n  s: {{executor: {yaml}, steps: [{{get: /}}]}}"
    written = load(TestSource("t.yaml", text.encode()))
    assert _said(declared) == _said(written)
    assert declared.scenarios["s"].function == "s"


def _said(test: Test) -> dict[str, Any]:
    """All but what one iteration does."""
    scenario = test.scenarios["s"]
    options = {key: getattr(scenario, key) for key in type(scenario).__dataclass_fields__}
    return {key: value for key, value in options.items() if key not in ("steps", "function")} | {
        "type": type(scenario),
        "target": test.target,
    }


def test_all_else_that_a_test_says() -> None:
    test = loaded(
        """
        from datetime import timedelta
        from groundswell import Test, VU, constant_vus
        checkout = Test(
            "checkout",
            target="http://shop.test/",
            confirm="production",
            warmup=timedelta(seconds=1, microseconds=500),
            defaults={"timeout": "5s", "headers": {"X-A": "b"}, "tags": {"team": "shop"}},
            thresholds={
                "http_req_failed": "rate < 1%",
                "http_req_duration{name:p}": [
                    "p(95) < 300",
                    {"threshold": "p(99) < 1s", "over": "30s", "abort_on_fail": True},
                ],
            },
            generator_limits={"send_lag": "9ms"},
        )
        @checkout.scenario(constant_vus(duration=timedelta(minutes=1)), name="other-name")
        async def s(vu: VU) -> None: ...
        """
    )
    assert (test.test, test.target) == ("checkout", "http://shop.test")
    assert test.confirm == "production"
    assert test.warmup == Fraction(2001, 2000)
    assert test.defaults == Defaults(
        timeout=Fraction(5), headers={"X-A": "b"}, tags={"team": "shop"}
    )
    aborting = test.thresholds["http_req_duration{name:p}"][1]
    assert aborting.over == 30
    assert aborting.abort_on_fail
    assert test.generator_limits.send_lag == Fraction(9, 1000)
    assert list(test.scenarios) == ["other-name"]


_ENVIRONMENT = """
    from groundswell import Test, VU, constant_vus, env
    test = Test(
        "t",
        target="{{ env.BASE_URL | default('http://default.test') }}",
        defaults={"headers": {"Authorization": f"Bearer {env['TOKEN']}", "X": env["SHORT"]}},
    )
    @test.scenario(constant_vus(int(env.get("VUS", "3")), duration="1s"))
    async def s(vu: VU) -> None: ...
    """


def test_templates_are_filled_in_as_in_yaml_and_target_goes_before_them() -> None:
    env = {"TOKEN": "top secret", "SHORT": "s", "VUS": "9"}
    test = loaded(_ENVIRONMENT, env)
    assert test.target == "http://default.test"
    assert test.scenarios["s"].vus == 9  # type: ignore[union-attr]
    assert loaded(_ENVIRONMENT, env | {"BASE_URL": "http://a.test"}).target == "http://a.test"
    assert loaded(_ENVIRONMENT, env, "http://b.test").target == "http://b.test"


def test_what_the_code_reads_of_the_environment_is_not_in_the_text_that_is_stored() -> None:
    source = source_of(_ENVIRONMENT, {"TOKEN": "top secret", "SHORT": "s"})
    assert b"top secret" not in source.text
    defaults = load(source).defaults
    assert defaults is not None
    assert defaults.headers == {"Authorization": "Bearer top secret", "X": "s"}


def _scalar(line: int, column: int, text: str, plain: bool) -> Scalar:
    return Scalar(line, column, text, plain, text)


def _nodes() -> st.SearchStrategy[Node]:
    place = st.integers(1, 1000)
    scalars = st.builds(_scalar, place, place, st.text(), st.booleans())
    return st.recursive(
        scalars,
        lambda inner: (
            st.builds(Sequence, place, place, st.lists(inner, max_size=4).map(tuple))
            | st.builds(
                Mapping, place, place, st.lists(st.tuples(scalars, inner), max_size=4).map(tuple)
            )
        ),
        max_leaves=20,
    )


@given(_nodes())
def test_a_declaration_comes_back_as_it_was_sent(node: Node) -> None:
    assert from_json(as_json(node), "t.py") == node


def test_a_length_of_time_is_exact() -> None:
    third = timedelta(seconds=1) / 3
    test = loaded(
        f"""
        from datetime import timedelta
        from groundswell import *
        test = Test("t", target="http://shop.test")
        @test.scenario(constant_vus(duration=timedelta(microseconds={third // timedelta(microseconds=1)})))
        async def s(vu: VU) -> None: ...
        """
    )
    assert test.scenarios["s"].duration == Fraction(333333, 10**6)  # type: ignore[union-attr]


_OWN = """
    from groundswell import *
    orders, took = Counter("orders"), Trend("took", unit="ms")
    test = Test(
        "t",
        target="http://shop.test",
        thresholds={
            "orders": "count > 3", "took{a:b}": "p(95) < 5", "search": "avg < 1s", "deep": "max < 1s"
        },
    )
    @test.scenario(constant_vus(duration="1s"))
    async def s(vu: VU) -> None:
        async with vu.timer("search"):
            await parts.go(vu)
    import parts
    """
_PARTS = """
    async def go(vu):
        async with vu.timer("deep", kind="x"): pass
    """


def test_its_own_metrics_and_timers_may_have_thresholds() -> None:
    test = loaded(_OWN, modules={"parts.py": _PARTS})
    kinds = {name: (metric.kind.value, metric.unit.value) for name, metric in test.metrics.items()}
    assert kinds == {
        "orders": ("counter", ""),
        "took": ("trend", "ms"),
        "search": ("trend", "ms"),
        "deep": ("trend", "ms"),
    }
    # Those of a test are gone with it.
    assert loaded(_ENVIRONMENT, {"TOKEN": "t", "SHORT": "s"}).metrics == {}


def test_phases_are_functions_with_a_timeout() -> None:
    test = loaded(
        """
        from groundswell import *
        test = Test("t", target="http://shop.test")
        @test.setup(timeout="2m")
        async def prepare(vu: VU) -> int: return 1
        @test.teardown
        async def clean(vu: VU) -> None: ...
        @test.scenario(constant_vus(duration="1s"))
        async def s(vu: VU) -> None: ...
        """
    )
    assert test.setup is not None
    assert test.teardown is not None
    assert test.setup.steps == ()
    assert [float(phase.timeout) for phase in (test.setup, test.teardown)] == [120, 60]


def test_who_is_to_confirm_a_target_names_one() -> None:
    text = """
        from groundswell import *
        test = Test("t", confirm="production")
        @test.scenario(constant_vus(duration="1s"))
        async def s(vu: VU) -> None: ...
        """
    with pytest.raises(InvalidTest, match="`confirm` asks for the host of a `target`"):
        loaded(text)


def test_labels_are_the_tests() -> None:
    test = loaded(
        """
        from groundswell import *
        test = Test("t", target="http://shop.test", labels={"team": "checkout"})
        @test.scenario(constant_vus(duration="1s"))
        async def s(vu: VU) -> None: ...
        """
    )
    assert test.labels == {"team": "checkout"}


_ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 10**12)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(
        ("1s", "500/s", "p(95) < 1", "{{ env.X }}", "{{", "http://a", "checks", "a", b"")
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
_KEYS = (
    "target",
    "confirm",
    "defaults",
    "http",
    "data",
    "labels",
    "warmup",
    "thresholds",
    "generator_limits",
)
_OPTIONS = (
    "vus",
    "duration",
    "tags",
    "env",
    "cookies",
    "graceful_stop",
    "start_time",
    "http",
    "data",
)


@given(
    st.dictionaries(st.sampled_from(_KEYS), _ANY, max_size=4),
    st.dictionaries(st.sampled_from(_OPTIONS), _ANY, max_size=4),
)
def test_whatever_is_declared_is_a_test_or_is_refused_by_lines_of_its_file(
    keys: dict[str, object], options: dict[str, object]
) -> None:
    """Values as they may come out of code: none of them is a fault of ours."""
    said = ", ".join(f"{key}={value!r}" for key, value in keys.items())
    load = ", ".join(f"{key}={value!r}" for key, value in options.items())
    text = (
        "from groundswell import *\nnan, inf = float('nan'), float('inf')\n"
        f"test = Test('t', {said})\n"
        f"@test.scenario(constant_vus({load}))\nasync def s(vu): ...\n"
    )
    try:
        loaded(text)
    except InvalidTest as refused:
        for problem in refused.problems:
            assert problem.file == "t.py"
            assert 1 <= problem.line <= 5
            assert problem.column >= 1
