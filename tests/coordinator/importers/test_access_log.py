"""Access logs: what was asked for, how often, and when."""

# One row of a table is one line.
# ruff: noqa: E501

from __future__ import annotations

import gzip
import re
import urllib.error
import urllib.request
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.errors import GroundswellError
from groundswell.scenario.model import ConstantArrivalRate, RampingArrivalRate
from groundswell.scenario.step_model import WeightedStep
from groundswell.schedule.rate import RateCurve
from groundswell.schedule.shape import rate_curve
from groundswell.units import parse_duration
from groundswell_coordinator.importers.access_log.arrival_table import WIDTHS, arrival_table
from groundswell_coordinator.importers.access_log.importer import LogOptions, import_access_log
from groundswell_coordinator.importers.written import written
from tests.coordinator.importers.reading import loaded, steps_of
from tests.nginx_server import running_nginx

if TYPE_CHECKING:
    from pathlib import Path

    from groundswell_coordinator.importers.draft import Draft

LOCATIONS = """
location /shop {{ access_log {log} combined; try_files /page =404; }}
location /shop/old {{ access_log {log} combined; return 301 /shop/new; }}
location /shop/gone {{ access_log {log} combined; return 410; }}
"""
COUNTS = {"/shop/a": 7, "/shop/a?page=2&q=x%20y": 3, "/shop/%C3%BC%22": 2, "/shop/gone": 2}


@pytest.fixture(scope="module")
def nginx_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Written by a real nginx, in its own combined format."""
    folder = tmp_path_factory.mktemp("nginx")
    log = folder / "access.log"
    with running_nginx(folder, locations=LOCATIONS.format(log=log)) as server:
        for path, count in {**COUNTS, "/shop/old": 1}.items():
            for _ in range(count):
                _ask(server.url + path)
        _ask(f"{server.url}/shop/a", b"a body")
        _ask(f"{server.url}/shop/a", None, {"User-Agent": 'say "hi" [1]', "Referer": "http://x/"})
    return log


def _ask(url: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> None:
    try:
        urllib.request.urlopen(urllib.request.Request(url, body, headers or {}), timeout=10).close()
    except urllib.error.HTTPError as error:
        error.close()


def weights(draft: Draft) -> dict[str, int]:
    """Paths with their queries."""
    (scenario,) = loaded(draft).scenarios.values()
    (step,) = scenario.steps
    assert isinstance(step, WeightedStep)
    found: dict[str, int] = {}
    for branch, request in zip(step.branches, steps_of(draft), strict=True):
        query = "&".join(f"{key}={value}" for key, value in request.query.items())
        found[f"{request.path}{'?' if query else ''}{query}"] = int(branch.weight)
    return found


def test_the_log_of_nginx_becomes_paths_with_their_frequencies(nginx_log: Path) -> None:
    draft = import_access_log(str(nginx_log), LogOptions())

    assert weights(draft) == {
        "/shop/a": 8,
        "/shop/a?page=2&q=x y": 3,
        "/shop/%C3%BC%22": 2,
        "/shop/gone": 2,
        # urllib went on to where it led, as a browser would: a line of its own.
        "/shop/old": 1,
        "/shop/new": 1,
    }
    by_path = {step.path: step for step in steps_of(draft)}
    assert by_path["/shop/old"].redirects == 0
    assert by_path["/shop/gone"].expect_status == {410}
    assert draft.lost == ["1 request, POST: a log has no bodies"]


def test_the_common_format_and_a_packed_log_say_the_same(nginx_log: Path, tmp_path: Path) -> None:
    lines = nginx_log.read_bytes().splitlines()
    common = tmp_path / "common.log"
    common.write_bytes(b"\n".join(re.sub(rb'( \d+) ".*', rb"\1", line) for line in lines))
    packed = tmp_path / "access.log.gz"
    packed.write_bytes(gzip.compress(nginx_log.read_bytes()))

    expected = weights(import_access_log(str(nginx_log), LogOptions()))
    assert b'"-"' not in common.read_bytes()
    assert weights(import_access_log(str(common), LogOptions())) == expected
    assert weights(import_access_log(str(packed), LogOptions())) == expected


def lines(*requests: tuple[str, str], status: int = 200) -> str:
    """`time of day` and `request line`."""
    return "".join(
        f'10.0.0.1 - - [24/Nov/2026:{time} +0000] "{request}" {status} 12\n'
        for time, request in requests
    )


def written_log(folder: Path, text: str) -> str:
    path = folder / "access.log"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_rarer_paths_and_odd_lines_are_named(tmp_path: Path) -> None:
    many = [("10:00:00", f"GET /p{n // 3} HTTP/1.1") for n in range(12)]
    odd = [
        ("10:00:01", "OPTIONS * HTTP/1.1"),
        ("10:00:01", "GET http://x/ HTTP/1.1"),
        ("10:00:09", "PUT /x HTTP/2.0"),
    ]
    text = lines(*many, *odd) + "{}\n\n" + lines(("10:00:00", "\\x16\\x03"), status=400)
    draft = import_access_log(written_log(tmp_path, text), LogOptions(top=2))

    assert weights(draft) == {"/p0": 3, "/p1": 3}
    assert draft.lost == [
        "2 requests, no path was requested (a proxy's or a scanner's requests)",
        "1 request, PUT: a log has no bodies",
        "2 rarer paths with 6 requests: their load goes to the others; --top 4 takes more",
        "2 lines in no known format, such as: {}",
    ]


def test_a_log_of_years_has_a_rate_as_well(tmp_path: Path) -> None:
    first = lines(("10:00:00", "GET / HTTP/1.1"))
    text = written_log(tmp_path, first + first.replace("2026", "2999"))

    (scenario,) = loaded(import_access_log(text, LogOptions())).scenarios.values()
    assert isinstance(scenario, ConstantArrivalRate)
    assert 0 < scenario.rate < 1


def test_paths_that_differ_in_ids_only_stand_for_each_other(tmp_path: Path) -> None:
    times = [("10:00:00", f"GET /p/{n % 40}?page={n % 3} HTTP/1.1") for n in range(240)]
    draft = import_access_log(
        written_log(tmp_path, lines(*times, *[("10:00:00", "GET / HTTP/1.1")] * 60)), LogOptions()
    )
    found = weights(draft)

    # Of 120 paths 20 are kept, and come as often as all.
    assert len(found) == 21
    assert found.pop("/") == 60
    assert sum(found.values()) == 240
    assert {step.name for step in steps_of(draft)} == {"/", "/p/:id"}
    assert draft.lost == [
        "100 rarer paths with 200 requests: others that differ in their ids or queries only come "
        "more often in their place"
    ]


def test_secrets_in_a_query_become_variables(tmp_path: Path) -> None:
    text = lines(("10:00:00", "GET /a?token=s-private&x=1 HTTP/1.1"), ("10:00:00", "GET /a?api_key=s-private&api_key=b HTTP/1.1"))  # fmt: skip
    draft = import_access_log(written_log(tmp_path, text), LogOptions())

    assert "private" not in written(draft)
    first, second = steps_of(draft, {"TOKEN": "t&t", "API_KEY": "b"})
    assert first.query == {"token": "t&t", "x": "1"}
    assert second.path == "/a?api_key=t%26t&api_key=b"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no line in the common or combined log format: it is empty"),
        ("{}\n", "has no line in the common or combined log format; it begins '{}'"),
        ('h - - [99/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 1\n', "has no line in the common"),
        (lines(("10:00:00", "POST /a HTTP/1.1")), "has no request that can be sent again: POST"),
    ],
)  # fmt: skip
def test_what_is_no_log_is_told(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(GroundswellError, match=message):
        import_access_log(written_log(tmp_path, text), LogOptions())
    with pytest.raises(GroundswellError, match="cannot read nope: No such file"):
        import_access_log("nope", LogOptions())
    (tmp_path / "x.gz").write_bytes(b"no gzip")
    with pytest.raises(GroundswellError, match=r"cannot read .*: Not a gzipped file"):
        import_access_log(str(tmp_path / "x.gz"), LogOptions())


def timed(folder: Path, text: str, speed: str = "1", every: str = "1s") -> RateCurve:
    options = LogOptions(50, True, Fraction(speed), parse_duration(every), "day.csv")
    draft = import_access_log(written_log(folder, text), options)
    (scenario,) = loaded(draft).scenarios.values()
    assert isinstance(scenario, RampingArrivalRate)
    return rate_curve(scenario)


def test_arrivals_follow_the_log_second_by_second(tmp_path: Path) -> None:
    text = lines(*[(time, "GET /a HTTP/1.1") for time in ("10:00:00", "10:00:00", "10:00:04", "10:00:01")])  # fmt: skip
    curve = timed(tmp_path, text)

    assert (curve.planned, int(curve.duration)) == (4, 5)
    assert [curve.moment(n) for n in range(4)] == [0.0, 0.5, 1.0, 4.0]
    faster = timed(tmp_path, text, "2")
    assert (faster.planned, int(faster.duration)) == (4, 3)
    # Of 10:00:00 and 10:00:01 three in the first second, none in the next, one in the last.
    assert [int(faster.moment(n)) for n in range(4)] == [0, 0, 0, 2]


def test_a_log_that_is_too_long_for_a_test_is_told(tmp_path: Path) -> None:
    years = lines(("10:00:00", "GET /a HTTP/1.1"))
    with pytest.raises(GroundswellError, match="the log spans 3653d1s"):
        timed(tmp_path, years + years.replace("2026", "2036"))


@settings(deadline=None, max_examples=80, derandomize=True)
@given(
    seconds=st.dictionaries(st.integers(0, 90), st.integers(1, 99), min_size=1, max_size=20),
    speed=st.sampled_from(["1", "2", "3", "10", "0.5", "0.25", "1.7", "9999.999"]),
    every=st.sampled_from(WIDTHS),
)
def test_a_table_plans_every_request_of_the_log_in_its_step(
    seconds: dict[int, int], speed: str, every: str
) -> None:
    factor, width = Fraction(speed), parse_duration(every)
    rows = arrival_table(seconds, factor, width).rows
    times = [Fraction(time) for time, _ in rows]
    rates = [Fraction(rate[:-2]) / {"/m": 60, "/h": 3600}[rate[-2:]] if "/" in rate else Fraction(rate) for _, rate in rows]  # fmt: skip
    stages = [(b - a, rate) for a, b, rate in zip(times, times[1:], rates[1:], strict=False)]
    curve = RateCurve.ramping(rates[0], stages)

    assert curve.total == sum(seconds.values())
    # Every recorded second has its requests evenly in it, and up to every step's end they are there.
    first = min(seconds)
    for step in range(min(10, int(curve.duration / width))):
        until = first + (step + 1) * width * factor
        there = sum(
            count * min(max(until - second, Fraction(0)), Fraction(1))
            for second, count in seconds.items()
        )
        assert curve.area((step + 1) * width) == there


_LINES = st.one_of(
    st.text(max_size=30),
    st.builds(
        '{} - - [{}] "{} {} HTTP/1.1" {} 1'.format,
        st.sampled_from(["h", "::1", ""]),
        st.sampled_from(["24/Nov/2026:10:00:00 +0000", "24/Nov/2026:10:00:07 -1130", "31/Feb/2026:10:00:00 +0000", "0"]),
        st.sampled_from(["GET", "HEAD", "POST", "G"]),
        st.one_of(st.text(max_size=9).map("/".__add__), st.sampled_from(["/{{x}}", "//a", "/a?{{=1&b", "/\\x22\\xff", "/a#b", "/?" + "k" * 9000, "/a?password=x&password=y"])),
        st.sampled_from(["200", "301", "404", "500", "999"]),
    ),
)  # fmt: skip


@settings(deadline=None, max_examples=80, derandomize=True)
@given(st.lists(_LINES, max_size=6), st.booleans())
def test_whatever_a_log_holds_the_test_loads_or_nothing_is_in_it(
    tmp_path_factory: pytest.TempPathFactory, log: list[str], timing: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.log"
    path.write_bytes("\n".join(log).encode("utf-8", "surrogateescape"))
    try:
        draft = import_access_log(str(path), LogOptions(timing=timing, profile_name="day.csv"))
        written(draft)
    except GroundswellError as error:
        told = error.message
        assert "has no" in told or "nothing becomes a request" in told
        return
    assert steps_of(draft)
