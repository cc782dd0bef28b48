from __future__ import annotations

import pytest

from groundswell import __version__
from groundswell_agent.http.request import (
    InvalidRequest,
    Origin,
    check_header_value,
    prepare,
    split_url,
    target,
)

ORIGIN = Origin.at("http", "shop.test", 8080)


def test_a_get_is_one_run_of_bytes() -> None:
    request = prepare("GET", ORIGIN, "/a", headers={"X-One": "1"})

    assert request.payload == (
        b"GET /a HTTP/1.1\r\nHost: shop.test:8080\r\n"
        b"User-Agent: groundswell/%s\r\nAccept: */*\r\nX-One: 1\r\n\r\n" % __version__.encode()
    )
    assert request.size == len(request.payload)
    assert not request.handling.reads


def test_a_body_brings_its_length() -> None:
    assert b"\r\nContent-Length: 3\r\n\r\nabc" in prepare("POST", ORIGIN, body=b"abc").payload
    assert b"\r\nContent-Length: 0\r\n\r\n" in prepare("POST", ORIGIN).payload
    assert b"Content-Length" not in prepare("DELETE", ORIGIN).payload


def test_own_headers_replace_the_standing_ones_in_any_case() -> None:
    given = {"host": "other.test", "ACCEPT": "text/html", "User-agent": "me"}
    payload = prepare("GET", ORIGIN, headers=given).payload

    assert payload.lower().count(b"host:") == 1
    assert b"host: other.test\r\n" in payload
    assert b"*/*" not in payload
    assert b"groundswell" not in payload


def test_a_header_given_twice_is_sent_twice() -> None:
    payload = prepare("GET", ORIGIN, headers=[("Cookie", "a=1"), ("Cookie", "b=2")]).payload

    assert b"Cookie: a=1\r\nCookie: b=2\r\n" in payload


@pytest.mark.parametrize(
    ("origin", "authority"),
    [
        (Origin.at("http", "Shop.Test"), "shop.test"),
        (Origin.at("https", "shop.test", 443), "shop.test"),
        (Origin.at("https", "shop.test", 80), "shop.test:80"),
        (Origin.at("http", "::1", 8080), "[::1]:8080"),
        (Origin.at("http", "fe80::1%eth0"), "[fe80::1]"),
        (Origin.at("http", "bücher.test"), "xn--bcher-kva.test"),
    ],
)
def test_the_host_header_names_the_origin(origin: Origin, authority: str) -> None:
    assert origin.authority == authority
    assert f"Host: {authority}\r\n".encode() in prepare("GET", origin).payload


def test_equal_origins_are_one_object() -> None:
    assert split_url("http://shop.test:8080/a?b=c#d") == (ORIGIN, "/a?b=c")
    assert split_url("http://shop.test:8080")[0] is ORIGIN


@pytest.mark.parametrize(
    ("path", "query", "expected"),
    [
        ("/a b/ü", (), "/a%20b/%C3%BC"),
        ("/already%20so?x=1", (), "/already%20so?x=1"),
        ("/a", {"q": "x y&z", "r": "ü"}, "/a?q=x%20y%26z&r=%C3%BC"),
        ("/a?b=1", [("c", "2"), ("c", "3")], "/a?b=1&c=2&c=3"),
        ("/a#part", (), "/a"),
    ],
)
def test_a_target_is_escaped(path: str, query: dict[str, str], expected: str) -> None:
    assert target(path, query) == expected


@pytest.mark.parametrize("value", ["a\r\nX: y", "a\nb", "a\rb", "a\0b", "snow ☃"])
def test_header_values_that_break_the_message_are_refused(value: str) -> None:
    with pytest.raises(InvalidRequest, match="X-Token"):
        check_header_value("X-Token", value)


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a\r\n", "ü"])
def test_header_names_that_are_none_are_refused(name: str) -> None:
    with pytest.raises(InvalidRequest, match="no header name"):
        prepare("GET", ORIGIN, headers={name: "x"})


@pytest.mark.parametrize("name", ["Content-Length", "transfer-encoding"])
def test_framing_headers_are_ours(name: str) -> None:
    with pytest.raises(InvalidRequest, match="cannot be set"):
        prepare("POST", ORIGIN, headers={name: "1"}, body=b"x")


def test_what_is_no_request_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="start with /"):
        prepare("GET", ORIGIN, "a")
    with pytest.raises(InvalidRequest, match="control character"):
        prepare("GET", ORIGIN, "/a\r\nb")
    with pytest.raises(InvalidRequest, match="no HTTP method"):
        prepare("GE T", ORIGIN)
    with pytest.raises(InvalidRequest, match="no time"):
        prepare("GET", ORIGIN, timeout=0)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a/",
        "http:///x",
        "http://a:0/",
        "http://a:99999/",
        "http://u:p@a/",
        "http://a b/",
        "x",
    ],
)
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(InvalidRequest):
        split_url(url)


def test_connection_close_is_remembered() -> None:
    assert prepare("GET", ORIGIN, headers={"connection": "Close"}).handling.closes
    assert prepare("GET", ORIGIN).with_payload(b"x").payload == b"x"
