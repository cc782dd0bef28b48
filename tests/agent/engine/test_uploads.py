"""Files and forms with files, as servers and parsers of others read them."""

from __future__ import annotations

import email.policy
import hashlib
import json
import os
import time
from email.parser import BytesParser
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.files.places import Beside
from groundswell.files.stamp import FileStamp
from groundswell.scenario.expressions import Name, Template
from groundswell.scenario.step_model import MultipartBody, Part, RequestStep, SentFile
from groundswell_agent.engine.engine import Engine
from groundswell_agent.engine.outgoing import compile_request
from groundswell_agent.engine.uploads import LARGEST_IN_MEMORY
from groundswell_agent.http.request import InvalidRequest
from tests.agent.engine.played import Measured, Step, once, preparation
from tests.agent.engine.receiving import receiving

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from groundswell_agent.engine.fake import FakeData
    from groundswell_agent.engine.values import Namespace
    from groundswell_agent.engine.virtual_user import VirtualUser
    from groundswell_agent.http.request import PreparedRequest

SMALL, LARGE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)), os.urandom(LARGEST_IN_MEMORY) * 5


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "photo.png").write_bytes(SMALL)
    (tmp_path / "video.mp4").write_bytes(LARGE)
    (tmp_path / "empty.txt").write_bytes(b"")
    return tmp_path


def stamped(folder: Path) -> Beside:
    return Beside(folder, {path.name: FileStamp.of(path) for path in folder.iterdir()})


async def play(url: str, folder: Path, *steps: Step, **more: object) -> Measured:
    prepare = preparation({"s": once(*steps, **more)}, url)
    engine = Engine.build(prepare, incarnation="i", files=stamped(folder))
    begin = time.monotonic_ns()
    run = Measured(begin)
    await engine.run(begin, report=run.take, started=run.started_ns.append)
    return run


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


async def test_a_file_is_the_body_with_the_type_of_its_name(folder: Path) -> None:
    steps: list[Step] = [
        {"put": "/a", "file": "photo.png"},
        {"put": "/b", "file": "video.mp4"},
        {"post": "/c", "file": {"path": "video.mp4", "type": "video/x-own"}},
        {"post": "/d", "file": "empty.txt", "headers": {"content-type": "text/own"}},
    ]
    async with receiving() as uploads:
        run = await play(uploads.url, folder, *steps, iterations=2)
    found = [(one.method, one.headers["content-type"], one.digest) for one in uploads.received]
    assert found == 2 * [
        ("PUT", "image/png", digest(SMALL)),
        ("PUT", "video/mp4", digest(LARGE)),
        ("POST", "video/x-own", digest(LARGE)),
        ("POST", "text/own", digest(b"")),
    ]
    lengths = [int(one.headers["content-length"]) for one in uploads.received]
    assert lengths == 2 * [len(SMALL), len(LARGE), len(LARGE), 0]
    assert run.rate("http_req_failed") == (0, 8)
    assert run.count("data_sent") >= sum(lengths)


async def test_a_form_with_fields_and_files(folder: Path) -> None:
    step: Step = {
        "post": "/a",
        "multipart": {
            "title": "no {{ iteration }} of {{ scenario }}",
            "count": 5,
            "photos": [{"file": "photo.png"}, {"file": "photo.png", "filename": "b-{{ vu }}.png"}],
            "meta": {"text": '{"a": 1}\n', "type": "application/json"},
            "note": {"text": "hello", "filename": "note.md"},
            "video": {"file": "video.mp4", "type": "video/x-own", "filename": ""},
        },
    }
    async with receiving() as uploads:
        run = await play(uploads.url, folder, step, iterations=2)
    for number, one in enumerate(uploads.received):
        assert one.parts == [
            ("title", None, None, f"no {number} of s".encode()),
            ("count", None, None, b"5"),
            ("photos", "photo.png", "image/png", SMALL),
            ("photos", "b-1.png", "image/png", SMALL),
            ("meta", None, "application/json", b'{"a": 1}\n'),
            ("note", "note.md", "text/markdown", b"hello"),
            ("video", None, "video/x-own", LARGE),
        ]
        assert "transfer-encoding" not in one.headers
    assert len(uploads.received) == 2
    assert run.rate("http_req_failed") == (0, 2)


async def test_cookies_redirects_and_changing_paths_keep_a_streamed_body(folder: Path) -> None:
    form = {"n": "{{ iteration }}", "v": {"file": "video.mp4"}}
    steps: list[Step] = [
        {"get": "/seen", "capture": {"way": {"header": "X-None", "default": "/any"}}},
        {"put": "/a", "file": "video.mp4"},
        {"put": "{{ way }}", "multipart": form},
        {"post": "/to?at=/end", "file": "video.mp4"},
        {"post": "/to?at=/end", "multipart": form},
    ]
    async with receiving() as uploads:
        run = await play(uploads.url, folder, *steps)
    paths = [one.path for one in uploads.received]
    assert paths == ["/seen", "/a", "/any", "/to", "/end", "/to", "/end"]
    assert all(one.headers["cookie"] == "seen=1" for one in uploads.received[1:])
    assert [bool(one.parts) for one in uploads.received[1:]] == [
        False,
        True,
        False,
        False,
        True,
        True,
    ]
    for one in uploads.received[1:]:
        if one.parts:
            assert one.parts == [("n", None, None, b"0"), ("v", "video.mp4", "video/mp4", LARGE)]
        else:
            assert one.digest == digest(LARGE)
    assert run.rate("http_req_failed") == (0, 7)


async def test_default_types_do_not_spoil_a_form(folder: Path) -> None:
    prepare = preparation(
        {"s": once({"post": "/a", "multipart": {"a": "b"}})}, "http://127.0.0.1:9"
    )
    test = json.loads(prepare.source.text)
    test["defaults"] = {"headers": {"Content-type": "application/json", "X-Own": "y"}}
    async with receiving() as uploads:
        test["target"] = uploads.url
        prepare.source.text = json.dumps(test).encode()
        engine = Engine.build(prepare, incarnation="i")
        begin = time.monotonic_ns()
        run = Measured(begin)
        await engine.run(begin, report=run.take, started=run.started_ns.append)
    (one,) = uploads.received
    assert one.parts == [("a", None, None, b"b")]
    assert one.headers["x-own"] == "y"


async def test_what_comes_back_from_a_target_cannot_end_a_part(folder: Path) -> None:
    """It has seen the boundary, and may send it as a value."""
    form: Step = {"post": "/a", "multipart": {"a": "{{ said | default('x') }}"}}
    echo: Step = {"post": "/echo", "capture": {"said": {"regex": "(?s).+", "group": 0}}}
    async with receiving() as uploads:
        for body in ("harmless", "\r\n--{}--\r\n"):
            boundary = ""
            if uploads.received:
                kind = uploads.received[0].headers["content-type"]
                boundary = kind.partition("boundary=")[2]
                uploads.received.clear()
            steps = [form, {**echo, "body": body.format(boundary)}]
            run = await play(uploads.url, folder, {"repeat": 2, "steps": steps})
    assert [one.path for one in uploads.received] == ["/a", "/echo", "/echo"]
    assert uploads.received[0].headers["content-type"].endswith(boundary)
    assert run.count("http_reqs", error="unsendable") == 1


class Load:
    """Of a scenario, as much as a request asks for."""

    def __init__(self, folder: Path, stamps: Mapping[str, FileStamp] | None = None) -> None:
        self.name = "s"
        self.namespaces: Mapping[str, Namespace] = {}
        self.files = Beside(folder, stamps or {})

    @property
    def fake_data(self) -> FakeData:
        raise NotImplementedError  # no body here has any in it


class Jar:
    cookies: tuple[()] = ()


class Vu:
    jar = Jar()

    def __init__(self, **variables: object) -> None:
        self.variables = variables


def built(load: Load, parts: tuple[Part, ...], **variables: object) -> PreparedRequest:
    step = RequestStep(method="POST", path="/", name="/", body=MultipartBody(parts))
    outgoing = compile_request(step, "http://shop.test", load, reads_body=False)
    return outgoing.build(cast("VirtualUser", Vu(**variables)))


def parsed(payload: bytes) -> list[tuple[str, str | None, str | None, bytes]]:
    """By the standard library's reader of mail, which knows nothing of us."""
    head, _, body = payload.partition(b"\r\n\r\n")
    fields = {line.partition(b": ")[0]: line.partition(b": ")[2] for line in head.split(b"\r\n")}
    assert int(fields[b"Content-Length"]) == len(body)
    mail = b"Content-Type: " + fields[b"Content-Type"] + b"\r\n\r\n" + body
    message = BytesParser(policy=email.policy.HTTP).parsebytes(mail)
    found: list[tuple[str, str | None, str | None, bytes]] = []
    for part in message.iter_parts():
        raw = part.get_payload(decode=True)
        assert isinstance(raw, bytes)
        kind = part["Content-Type"]
        name = part.get_param("name", header="content-disposition")
        found.append((str(name), part.get_filename(), None if kind is None else str(kind), raw))
    return found


# What stands in a quoted string without the reader of mail having an opinion of its own about it.
NAMES = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0x7E, exclude_characters='"\\ %'), min_size=1
)
# Its lines are of text: a lone CR or LF at an end is not its to keep.
CONTENTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@settings(deadline=None)
@given(
    parts=st.lists(
        st.tuples(NAMES, NAMES | st.none(), CONTENTS, st.booleans()), min_size=1, max_size=5
    )
)
def test_a_reader_of_mail_finds_the_same_parts(
    parts: list[tuple[str, str | None, str, bool]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    load = Load(tmp_path_factory.getbasetemp())
    variables = {f"v{number}": content for number, (_, _, content, _) in enumerate(parts)}
    made = tuple(
        Part(
            name,
            Template((Name(f"v{number}"),)) if is_late else content,
            "text/plain; charset=utf-8" if filename else None,
            filename,
        )
        for number, (name, filename, content, is_late) in enumerate(parts)
    )
    found = parsed(built(load, made, **variables).payload)
    assert [(name, filename) for name, filename, _, _ in found] == [
        (name, filename) for name, filename, _, _ in parts
    ]
    assert [raw for *_, raw in found] == [content.encode() for _, _, content, _ in parts]


@given(
    name=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20),
    filename=st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
)
def test_no_name_breaks_out_of_its_quotes(
    name: str, filename: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    load = Load(tmp_path_factory.getbasetemp())
    part = Part(name, "x", None, Template((Name("f"),)))
    body = built(load, (part,), f=filename).payload.partition(b"\r\n\r\n")[2]
    lines = body.split(b"\r\n")
    assert len(lines) == 6
    assert lines[1].count(b'"') == 4
    as_sent = [
        text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
        for text in (name, filename)
    ]
    expected = 'Content-Disposition: form-data; name="{}"; filename="{}"'.format(*as_sent)
    assert lines[1] == expected.encode()


def test_a_file_that_holds_an_old_boundary_gets_another(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"first")
    parts = (Part("a", SentFile("a.bin", "x/y"), "x/y", "a.bin"),)
    old = built(Load(tmp_path, {"a.bin": FileStamp.of(path)}), parts).payload
    path.write_bytes(old)
    new = built(Load(tmp_path, {"a.bin": FileStamp.of(path)}), parts).payload
    assert [raw for *_, raw in parsed(new)] == [old]


def test_a_value_that_holds_the_boundary_is_not_sent(tmp_path: Path) -> None:
    parts = (Part("a", Template((Name("v"),))),)
    payload = built(Load(tmp_path), parts, v="").payload
    boundary = payload.partition(b"boundary=")[2].partition(b"\r\n")[0].decode()
    with pytest.raises(InvalidRequest, match="between the parts") as refused:
        built(Load(tmp_path), parts, v=f"x--{boundary}")
    assert boundary not in str(refused.value)
