"""HAR: a recording becomes a test that says what was done, and no secret of who did it."""

# One row of a table is one line.

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.errors import GroundswellError
from groundswell.scenario.expressions import Template
from groundswell.scenario.step_model import JsonBody
from groundswell_coordinator.importers.har.importer import import_har
from groundswell_coordinator.importers.har.selection import HarOptions
from groundswell_coordinator.importers.written import written
from tests.coordinator.importers.reading import steps_of
from tests.coordinator.importers.recording import SECRETS, SITE, entries, entry, har

if TYPE_CHECKING:
    from collections.abc import Callable

    from groundswell_coordinator.importers.draft import Draft

    Import = Callable[..., Draft]

EXPECTED = Path(__file__).parent / "shop.yaml"
_PLAIN = HarOptions()


@pytest.fixture
def imported(tmp_path: Path) -> Import:
    def read(recorded: list[dict[str, Any]], options: HarOptions = _PLAIN) -> Draft:
        path = tmp_path / "shop.har"
        path.write_text(har(recorded), encoding="utf-8")
        return import_har(str(path), options)

    return read


def test_a_recording_becomes_the_test_beside_this_file(imported: Import) -> None:
    draft = imported(entries(), HarOptions(think_time=True))

    assert written(draft) == EXPECTED.read_text(encoding="utf-8")


def test_no_secret_is_in_the_test_or_in_what_is_said_of_it(imported: Import) -> None:
    draft = imported(entries())
    everything = "\n".join([written(draft), *draft.edit, *draft.secrets, *draft.lost])

    assert not [secret for secret in SECRETS if secret in everything]
    assert "4711" not in everything
    assert [line.partition(":")[0] for line in draft.secrets] == ["PASSWORD", "X_API_KEY", "PIN"]


def test_a_secret_is_sent_as_the_environment_has_it(imported: Import) -> None:
    steps = steps_of(imported(entries()), {"X_API_KEY": "k", "API_URL": "https://staging.test"})
    step = next(step for step in steps if step.name == "/v1/recommendations/:id")

    assert step.headers["X-Api-Key"] == "k"
    assert step.path == "https://staging.test/v1/recommendations/1234567"


def test_every_recorded_request_is_a_step_or_is_named(imported: Import) -> None:
    draft = imported(entries(), HarOptions(no_static=True))
    lost = "\n".join(draft.lost)

    # 17 entries, of which one is where a redirect led to.
    assert len(steps_of(draft)) == 9
    assert "2 requests to other hosts: fonts.cdn.example (1), stats.tracker.example (1)" in lost
    assert "2 requests: no http:// or https://" in lost
    assert "2 requests: static files" in lost
    assert "1 request: no response was recorded" in lost
    assert "19.1s of think time" in lost
    assert "Referer, Sec-Ch-Ua-Platform, Sec-Fetch-Mode" in lost


@pytest.mark.parametrize(
    ("options", "hosts"),
    [
        (_PLAIN, {"www.shop.example", "api.shop.example"}),
        (
            HarOptions(("cdn.example",)),
            {"www.shop.example", "api.shop.example", "fonts.cdn.example"},
        ),
        (
            HarOptions(all_hosts=True),
            {"www.shop.example", "api.shop.example", "fonts.cdn.example", "stats.tracker.example"},
        ),
    ],
)
def test_other_hosts_are_kept_when_they_are_asked_for(
    imported: Import, options: HarOptions, hosts: set[str]
) -> None:
    draft = imported(entries(), options)

    assert {"www.shop.example", *(origin.split("//")[1] for origin in draft.origins)} == hosts


def test_cookies_from_before_a_recording_are_one_secret(imported: Import) -> None:
    headers = {"cookie": "sid=very-private; a=b"}
    draft = imported([entry(0, "GET", f"{SITE}/a", headers=headers)])

    assert "very-private" not in written(draft)
    assert steps_of(draft, {"COOKIE": "sid=x"})[0].headers["Cookie"] == "sid=x"


def test_a_cookie_that_no_response_set_is_named_where_others_are_set(imported: Import) -> None:
    first = entry(0, "GET", f"{SITE}/a", brings={"set-cookie": "sid=1; Path=/"})
    second = entry(50, "GET", f"{SITE}/b", headers={"cookie": "sid=1; old=2"})
    draft = imported([first, second])

    assert "Cookie" not in steps_of(draft)[1].headers
    assert [note for note in draft.lost if "from before the recording: old;" in note]


def test_a_value_that_the_browser_knew_before_is_not_captured(imported: Import) -> None:
    echo = ("application/json", json.dumps({"echoed": "abcdefgh-1", "fresh": "abcdefgh-2"}))
    draft = imported(
        [
            entry(0, "GET", f"{SITE}/a?x=abcdefgh-1", answers=echo),
            entry(50, "GET", f"{SITE}/b?x=abcdefgh-1&y=abcdefgh-2"),
        ]
    )
    first, second = steps_of(draft)

    assert [capture.name for capture in first.captures] == ["fresh"]
    assert second.query["x"] == "abcdefgh-1"
    assert not isinstance(second.query["y"], str)


def test_a_number_keeps_its_type_and_a_text_that_looks_like_it_is_another(imported: Import) -> None:
    answers = ("application/json", json.dumps({"id": 123456, "code": "654321"}))
    sends = ("application/json", json.dumps({"id": 123456, "as_text": "123456", "code": 654321}))
    first, second = steps_of(
        imported(
            [
                entry(0, "GET", f"{SITE}/a", answers=answers),
                entry(50, "POST", f"{SITE}/b", sends=sends),
            ]
        )
    )

    assert [capture.name for capture in first.captures] == ["response_id"]
    assert isinstance(second.body, JsonBody)
    before, template, after = second.body.pieces
    assert (before, after) == (b'{"id":', b',"as_text":"123456","code":654321}')
    assert isinstance(template, Template)


def test_a_header_and_a_cookie_may_come_back_as_well(imported: Import) -> None:
    brings = {"x-request-key": "key-0123456789", "set-cookie": "XSRF=cookie-0123456789; Path=/"}
    sends = {"x-request-key": "key-0123456789", "x-xsrf": "cookie-0123456789"}
    first, second = steps_of(
        imported(
            [
                entry(0, "GET", f"{SITE}/", brings=brings),
                entry(50, "GET", f"{SITE}/b", headers=sends),
            ]
        )
    )

    assert {(capture.kind, capture.source) for capture in first.captures} == {
        ("header", "x-request-key"),
        ("cookie", "XSRF"),
    }
    own = [value for name, value in second.headers.items() if name.startswith("X-")]
    assert all(isinstance(value, Template) for value in own)
    assert len(own) == 2


def test_multipart_is_taken_apart_however_it_was_recorded(imported: Import) -> None:
    kind = "multipart/form-data; boundary=----WebKit7"
    as_sent = "\r\n".join(
        [
            "------WebKit7",
            'Content-Disposition: form-data; name="title"',
            "",
            "A\r\nB",
            "------WebKit7",
            'Content-Disposition: form-data; name="photo"; filename="a.png"',
            "Content-Type: image/png",
            "",
            "\x89PNG",
            "------WebKit7--",
            "",
        ]
    )
    raw = entry(0, "POST", f"{SITE}/raw", sends=(kind, as_sent))
    apart = entry(50, "POST", f"{SITE}/apart", sends=(kind, ""))
    photo = {"name": "photo", "value": "", "fileName": "a.png", "contentType": "image/png"}
    apart["request"]["postData"]["params"] = [{"name": "title", "value": "A\nB"}, photo]
    draft = imported([raw, apart])

    (scenario,) = yaml.safe_load(written(draft))["scenarios"].values()
    expected = {"title": "A\nB", "photo": {"text": "", "filename": "a.png", "type": "image/png"}}
    assert [step["multipart"] for step in scenario["steps"]] == [expected, expected]
    assert len(steps_of(draft)) == 2
    assert [
        note for note in draft.lost if note.startswith("what is in the file a.png of POST /raw")
    ]


def test_a_recording_without_responses_is_taken_as_one(imported: Import) -> None:
    silent = entry(0, "GET", f"{SITE}/a", headers={"b;c": "x", "X-A": "1", "x-a": "2"})
    del silent["response"]
    draft = imported([silent])

    (step,) = steps_of(draft)
    assert [check.name for check in step.checks] == ["/a: status 2xx"]
    assert "a header that is none: b;c" in draft.lost
    assert "a second header x-a of one request" in draft.lost


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is no HAR file: Input data was truncated"),
        ("{}", "is no HAR file: Object missing required field `log`"),
        (
            '{"log": {"entries": 3}}',
            r"is no HAR file: Expected `array`, got `int` - at `\$.log.entries`",
        ),
        ('{"log": {"entries": []}}', "has no request to an http:// or https:// address"),
        ("\xff", "is no HAR file"),
    ],
)
def test_what_is_no_recording_is_told(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "x.har"
    path.write_bytes(content.encode("latin-1"))

    with pytest.raises(GroundswellError, match=message):
        import_har(str(path), _PLAIN)
    with pytest.raises(GroundswellError, match=r"cannot read .*: No such file"):
        import_har(str(tmp_path / "other.har"), _PLAIN)


SECRET = "Zx9-private-Zx9"
_TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [
            "{{",
            "}}",
            "{{ x }}",
            "{",
            "a b",
            " #x",
            "é",
            "\ud800",
            "\x00",
            "\u2028",
            "\r\n",
            "'",
            '"',
            "null",
            "1e5",
            "~",
            "- a",
            "a: b",
            "*x",
            "&y",
            "!z",
            "%41",
            "%",
            "yes",
        ]
    ),
)
_KEYS = st.one_of(_TEXTS, st.just("k" * 300), st.just("<<"))
_JSON = st.recursive(
    st.one_of(
        _TEXTS, st.integers(-(10**30), 10**30), st.floats(allow_nan=False), st.none(), st.booleans()
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_KEYS, inner, max_size=3)),
    max_leaves=12,
)
_BODIES = st.one_of(
    st.tuples(st.just("application/json"), st.one_of(_JSON.map(json.dumps), _TEXTS)),
    st.tuples(st.just("application/x-www-form-urlencoded"), st.one_of(_TEXTS, st.just("a=1&a=2"))),
    st.tuples(_TEXTS, _TEXTS),
    st.tuples(
        st.just("multipart/form-data; boundary=b"),
        st.builds(
            '--b\r\nContent-Disposition: form-data; name="{}"; filename="{}"\r\n\r\n{}\r\n--b--'.format,
            _KEYS,
            _TEXTS,
            _TEXTS,
        ),
    ),
)
_HOSTS = st.sampled_from(
    [
        SITE,
        "https://api.shop.example",
        "http://www.shop.example:81",
        "HTTPS://U:p@WWW.shop.example",
        "https://x.test",
        "ftp://a",
        "https://a b",
        "http://[",
        "https://ü.shop.example",
    ]
)
_ENTRIES = st.builds(
    entry,
    st.integers(0, 5000),
    st.sampled_from(["GET", "POST", "get", "PUT", "DELETE", "PROPFIND", "HEAD", "{{"]),
    st.builds(
        "{}/{}?{}".format,
        _HOSTS,
        _TEXTS,
        st.one_of(_TEXTS, st.builds("{}={}".format, _KEYS, _TEXTS)),
    ),
    status=st.sampled_from([0, 200, 204, 301, 302, 304, 404, 503, 999, 200.0]),
    headers=st.dictionaries(
        st.one_of(
            _TEXTS, st.sampled_from(["X-A", "Cookie", "Authorization", "Content-Length", "accept"])
        ),
        _TEXTS,
        max_size=3,
    ),
    sends=st.none() | _BODIES,
    answers=st.none() | _BODIES,
    brings=st.dictionaries(
        st.sampled_from(["location", "set-cookie", "x-token", "a b"]), _TEXTS, max_size=2
    ),
    page=st.sampled_from([None, "page_1", "page_2", "page_3"]),
)
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MiJ9.private"
_LOGIN = entry(
    0,
    "POST",
    f"{SITE}/login/{JWT}/x?password={SECRET}&token={SECRET}&next=%2Fa%3Ftoken%3D{SECRET}&a={JWT}",
    headers={"Authorization": f"Basic {SECRET}", "X-Api-Key": SECRET, "cookie": f"a={SECRET}"},
    sends=("application/json", json.dumps({"password": SECRET, "{{": {"client_secret": SECRET}})),
)


@settings(deadline=None, max_examples=80, derandomize=True)
@given(
    recorded=st.lists(_ENTRIES, max_size=5),
    options=st.builds(HarOptions, all_hosts=st.booleans(), think_time=st.booleans()),
)
def test_whatever_was_recorded_the_test_loads_and_keeps_its_secrets(
    tmp_path_factory: pytest.TempPathFactory,
    recorded: list[dict[str, Any]],
    options: HarOptions,
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.har"
    # As browsers write lone surrogates: escaped.
    path.write_text(har([_LOGIN, *recorded]), encoding="utf-8")
    draft = import_har(str(path), options)
    steps = steps_of(draft)

    assert steps[0].method == "POST"
    said = "\n".join([written(draft), *draft.lost, *draft.secrets])
    assert SECRET not in said
    assert JWT not in said
    assert steps[0].name == "/login/:token/x"
