"""curl commands: what a test sends of one is what curl sends."""

# One row of a table is one line.

from __future__ import annotations

import json
import shlex
import subprocess
from email.parser import BytesParser
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.errors import GroundswellError
from groundswell.scenario.values import form_encoded
from groundswell_coordinator.importers.curl.importer import import_curl
from groundswell_coordinator.importers.curl.words import words
from groundswell_coordinator.importers.written import written
from tests.coordinator.importers.listener import listening
from tests.coordinator.importers.reading import loaded, steps_of

if TYPE_CHECKING:
    from pathlib import Path

    from groundswell.scenario.model import RequestStep
    from tests.coordinator.importers.listener import Heard

COMMANDS = [
    "curl '{url}/a/b?x=1&y=%20z' -H 'Accept: application/json'",
    "curl '{url}/p' -d a=1 -d 'b=x y' --data-urlencode 'c=ü&='",
    "curl -X PUT '{url}/p' -H 'Content-Type: application/json' --data-raw '{{\"a\":[1,2.5,null,\"{{{{ x\"]}}'",
    "curl --json '{{\"q\": true}}' {url}/j",
    "curl -G {url}/search -d q=wave --data-urlencode 'r=a b'",
    "curl -I {url}/head",
    "curl -XDELETE {url}/d",
    "curl {url} --data-binary $'line\\nnext\\t\\u00e9' -H $'Content-Type: text/plain'",
    'curl "{url}/quoted path" -H "X-A: say \\"hi\\"" -A "Robot 1" -e http://from.test/',
    "curl -d '<a id=\"1\">&amp;</a>' -H 'Content-Type: text/xml' {url}/xml",
    "curl \\\n  {url}/lines \\\n  -H 'X-B: 1'",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_test_sends_what_curl_sends(command: str) -> None:
    with listening() as (url, heard):
        line = command.format(url=url).replace("quoted path", "quoted%20path")
        subprocess.run(
            ["bash", "-c", f"{line} --silent --output /dev/null"], check=True, timeout=20
        )
        (said,) = heard
        (step,) = steps_of(import_curl([line]))

    assert step.method == said.method
    assert isinstance(step.path, str)
    assert urlsplit(step.path).path == said.path
    assert _query(step) == parse_qsl(said.query, keep_blank_values=True)
    assert _comparable(_body(step), said) == _comparable(said.body, said)
    own = {name.lower(): str(value) for name, value in step.headers.items()}
    for name, value in said.headers.items():
        if name not in ("host", "user-agent", "accept", "content-length") or name in own:
            assert own[name].partition(";")[0] == value.partition(";")[0], name


def _query(step: RequestStep) -> list[tuple[str, str]]:
    assert isinstance(step.path, str)
    query = form_encoded(step.query.items()) or urlsplit(step.path).query
    return parse_qsl(query, keep_blank_values=True)


def _body(step: RequestStep) -> bytes:
    assert isinstance(step.body, bytes)
    return step.body


def _comparable(body: bytes, said: Heard) -> object:
    """What it means: JSON and forms may be written in several ways."""
    kind = said.headers.get("content-type", "")
    if "json" in kind:
        return json.loads(body)
    if kind.endswith("urlencoded"):
        return parse_qsl(body.decode(), keep_blank_values=True)
    return body


def test_secrets_become_variables() -> None:
    draft = import_curl(
        [
            "curl https://a.test/x?api_key=k-private -u ann:pw-private -b 'sid=c-private'",
            "curl https://a.test/y -H 'Authorization: Bearer t-private' -H 'X-Auth-Token: t-private'"
            " -d 'password=p-private&user=ann'",
            "curl https://a.test/z -H 'Authorization: Digest d-private' -d '<password>x-private</password>'"
            " -H 'Content-Type: text/xml'",
        ]
    )
    text = written(draft)

    assert "private" not in text + "\n".join(draft.secrets + draft.lost)
    env = {line.partition(":")[0]: f"value-{line.partition(':')[0]}" for line in draft.secrets}
    assert set(env) == {
        "API_KEY",
        "PASSWORD",
        "COOKIE",
        "TOKEN",
        "PASSWORD_2",
        "AUTHORIZATION",
        "PASSWORD_3",
    }
    first, second, third = steps_of(draft, env)
    assert first.query == {"api_key": "value-API_KEY"}
    # One value is one variable.
    assert second.headers["Authorization"] == "Bearer value-TOKEN"
    assert second.headers["X-Auth-Token"] == "value-TOKEN"
    assert second.body == b"password=value-PASSWORD_2&user=ann"
    assert third.body == b"<password>value-PASSWORD_3</password>"


def test_what_a_test_cannot_do_is_named() -> None:
    draft = import_curl(
        [
            "curl https://a.test/ -F f=@a/x.png -x socks5://proxy:1 --http2 -H 'Accept:'"
            " --connect-timeout x --cert a.pem -d @body.json -b jar.txt -sSfL -o out -w '%{http_code}' -m 2.5"
        ]
    )

    assert steps_of(draft)[0].timeout == 2.5
    assert draft.lost == [
        "--proxy: only those of http:// are used",
        "--http2",
        "--header 'Accept:' without a value",
        "--connect-timeout x",
        "--cert",
        "the body out of the file body.json: put its text in the test",
        "the cookies of a file (--cookie)",
        "what is in the file x.png of POST /: put file: … in the place of its text",
    ]


def test_the_parts_of_a_form_are_those_that_curl_sends(tmp_path: Path) -> None:
    (tmp_path / "x y.png").write_bytes(b"\x89PNG")
    with listening() as (url, heard):
        line = (
            f"curl {url}/up -F 'title=\"a;b\"' -F tag=1 -F tag=2 --form-string 'raw=@no;type=x/y'"
            f" -F 'meta={{\"n\": 1}};type=application/json' -F 'photo=@{tmp_path}/x y.png'"
        )
        subprocess.run(
            ["bash", "-c", f"{line} --silent --output /dev/null"], check=True, timeout=20
        )
        (said,) = heard
    head = f"Content-Type: {said.headers['content-type']}\r\n\r\n".encode()
    sent = [
        (
            part.get_param("name", header="content-disposition"),
            part.get_filename(),
            part.get_payload(decode=True),
        )
        for part in BytesParser().parsebytes(head + said.body).walk()
        if not part.is_multipart()
    ]
    draft = import_curl([line])
    (scenario,) = yaml.safe_load(written(draft))["scenarios"].values()
    fields = scenario["steps"][0]["multipart"]

    assert sent == [
        ("title", None, b"a;b"),
        ("tag", None, b"1"),
        ("tag", None, b"2"),
        ("raw", None, b"@no;type=x/y"),
        ("meta", None, b'{"n": 1}'),
        ("photo", "x y.png", b"\x89PNG"),
    ]
    assert fields == {
        "title": "a;b",
        "tag": ["1", "2"],
        "raw": "@no;type=x/y",
        "meta": {"text": '{"n": 1}', "type": "application/json"},
        "photo": {"text": "", "filename": "x y.png"},
    }
    assert steps_of(draft)


def test_how_a_connection_is_made_is_carried_over() -> None:
    fixed = import_curl(
        [
            "curl -k --connect-timeout 2.5 --resolve a.test:443:10.0.0.7,::1 https://a.test/"
            " --digest -u ann:d-private"
        ]
    )
    proxied = import_curl(["curl -x bob:p-private@proxy.test https://b.test/"])
    env = {"PASSWORD": "pw", "PROXY_PASSWORD": "pw"}

    assert "private" not in written(fixed) + written(proxied)
    assert fixed.lost == proxied.lost == []
    assert yaml.safe_load(written(fixed))["http"] == {
        "tls": {"verify": False},
        "connect_timeout": "2.5s",
        "hosts": {"a.test:443": ["10.0.0.7", "::1"]},
    }
    assert yaml.safe_load(written(proxied))["http"]["proxy"]["url"] == "http://proxy.test:1080"
    digest = steps_of(fixed, env)[0].digest
    assert digest is not None
    assert (digest.user, digest.password) == ("ann", "pw")
    assert loaded(proxied, env)


def test_a_connection_that_no_test_can_make_is_named_and_the_rest_is_there() -> None:
    draft = import_curl(["curl -x proxy.test --resolve a.test:443:10.0.0.7 https://a.test/"])

    assert len(steps_of(draft)) == 1
    (lost,) = draft.lost
    assert lost.startswith("how connections are made: `a.test:443` is looked up by the proxy")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("", "this is no curl command: ''"),
        ("wget http://a.test", "this is no curl command: 'wget http://a.test'"),
        ("curl", "the command names no address"),
        ("curl 'http://a.test", "a quote in the command is never closed: 'http://a.test"),
        ("curl http://a.test | jq", r"the command goes on after '\|'"),
        ("curl http://a.test -H", "--header has no value"),
        ("curl ftp://a.test/x", "'ftp://a.test/x' is not an address"),
        ("curl http://a.test:x/", "'http://a.test:x/' is not an address: Port could not be cast"),
        ('curl ^"http://a.test^"', r"the command is quoted with \^"),
        ("curl http://a.test --next http://b.test", "the command has a --next"),
        ("curl -X BREW http://a.test", "nothing becomes a request of a curl command"),
    ],
)
def test_what_is_no_request_is_told(command: str, message: str) -> None:
    with pytest.raises(GroundswellError, match=message):
        written(import_curl([command]))


@settings(deadline=None, max_examples=300, derandomize=True)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), max_size=5))
def test_words_are_taken_apart_as_a_shell_does(said: list[str]) -> None:
    # Windows' way of quoting is told apart by these.
    texts = [text.replace("^", "") or "x" for text in said]
    assert words(shlex.join(texts)) == texts


_PIECES = st.sampled_from(
    [
        "-H",
        "-d",
        "-X",
        "-u",
        "a: {{ b",
        "x=é\u2028",
        "{{",
        '{"password":"p"}',
        "--json",
        "-b",
        "a=b",
        "PUT",
        "http://a.test/{{x}}?{{=1",
        "//b",
        "-G",
        "u:p",
        "\x00",
        "-m",
        "1",
        "--",
        "-",
        "@f",
        "Content-Type: application/json",
        "token=t&token=u",
    ]
)


@settings(deadline=None, max_examples=200, derandomize=True)
@given(st.lists(_PIECES, max_size=8))
def test_whatever_a_command_says_there_is_a_test_that_loads_or_an_error(pieces: list[str]) -> None:
    try:
        draft = import_curl([shlex.join(["curl", "https://a.test/", *pieces])])
        written(draft)
    except GroundswellError:
        return
    assert steps_of(draft)
