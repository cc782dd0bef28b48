"""A recording as the developer tools of a browser export it: a person logs in at a shop and buys."""

# One row of a table is one line.
# ruff: noqa: E501

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

SITE = "https://www.shop.example"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MiIsIm5hbWUiOiJBbm4ifQ.c2lnbmF0dXJlLW9mLWFubg"
CSRF = "f3b1c5e0a9d84417"
PASSWORD = "correct horse battery"
SESSION = "s%3A7c1f0a2b9e"
SECRETS = (TOKEN, CSRF, PASSWORD, SESSION, "s:7c1f0a2b9e", "k-93412-private")

_START = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
_AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0"

Entry = dict[str, Any]


def _pairs(headers: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers.items()]


def entry(
    at_ms: int,
    method: str,
    url: str,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    sends: tuple[str, str] | None = None,
    answers: tuple[str, str] | None = None,
    brings: dict[str, str] | None = None,
    page: str | None = "page_1",
    kind: str = "xhr",
    took_ms: float = 40.0,
) -> Entry:
    """`sends` and `answers` are a type and a body."""
    sent = {
        ":authority": "www.shop.example",
        "accept-encoding": "gzip, deflate, br, zstd",
        "accept-language": "en-GB,en;q=0.9",
        "user-agent": _AGENT,
        "sec-ch-ua-platform": '"Linux"',
        "sec-fetch-mode": "cors",
        "referer": f"{SITE}/",
        **(headers or {}),
    }
    request: Entry = {"method": method, "url": url, "httpVersion": "http/2.0"}
    if sends is not None:
        sent["content-type"] = sends[0]
        request["postData"] = {"mimeType": sends[0], "text": sends[1]}
    content: Entry = {"size": 0, "mimeType": "x-unknown"}
    if answers is not None:
        content = {"size": len(answers[1]), "mimeType": answers[0], "text": answers[1]}
    request |= {"headers": _pairs(sent), "queryString": [], "cookies": [], "headersSize": -1}
    location = (brings or {}).get("location", "")
    return {
        "_initiator": {"type": "other"},
        "_resourceType": kind,
        "pageref": page,
        "startedDateTime": (_START + timedelta(milliseconds=at_ms)).isoformat(),
        "time": took_ms,
        "request": request,
        "response": {
            "status": status,
            "statusText": "",
            "headers": _pairs({"date": "Tue, 24 Nov 2026 09:30:00 GMT", **(brings or {})}),
            "content": content,
            "redirectURL": location,
            "_transferSize": 512,
        },
        "timings": {"send": 0.1, "wait": took_ms, "receive": 0.2},
    }


_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"
_LOGIN_PAGE = f"""<!doctype html><title>Log in</title><form method="post" action="/login">
<input name="email"><input type="password" name="password"><input type="hidden" name="_csrf"
value="{CSRF}"></form>"""
_COOKIE = {"cookie": f"sid={SESSION}; theme=dark"}
_BEARER = {**_COOKIE, "authorization": f"Bearer {TOKEN}", "accept": _JSON}
_ANALYTICS = "https://stats.tracker.example/collect?v=2&tid=G-1234"


def entries() -> list[Entry]:
    image = base64.b64encode(b"\x89PNG").decode()
    picture = entry(170, "GET", f"{SITE}/img/logo.png", kind="image")
    picture["response"]["content"] = {"mimeType": "image/png", "text": image, "encoding": "base64"}
    catalog = {"items": [{"sku": "GS-7781-B", "price": 19.9}, {"sku": "GS-1", "price": 5}]}
    cart = {"cartId": "c_5f1d77", "version": 3, "total": 39.8}
    order = {"order": {"id": 918273, "state": "paid"}}
    return [
        entry(0, "GET", f"{SITE}/login?next=%2Fshop", kind="document", answers=("text/html; charset=utf-8", _LOGIN_PAGE), headers={"accept": "text/html"}),
        entry(110, "GET", f"{SITE}/css/site.css", kind="stylesheet", headers={"if-none-match": '"9"'}, status=304),
        entry(120, "GET", "https://fonts.cdn.example/inter.woff2", kind="font"),
        entry(130, "POST", _ANALYTICS, kind="ping", sends=("text/plain", "en=page_view")),
        entry(140, "GET", "data:image/gif;base64,R0lGODlhAQABAAAAACw=", kind="image"),
        picture,
        entry(9_500, "POST", f"{SITE}/login", status=302, kind="document", sends=(_FORM, f"email=ann%40shop.example&password={PASSWORD.replace(' ', '+')}&_csrf={CSRF}"), brings={"location": "/shop", "set-cookie": f"sid={SESSION}; Path=/; HttpOnly\ntheme=dark; Path=/"}),
        entry(9_600, "GET", f"{SITE}/shop", kind="document", page="page_2", headers=_COOKIE, answers=("text/html", "<h1>Shop</h1>")),
        entry(9_800, "GET", "https://api.shop.example/v1/session", page="page_2", headers=_COOKIE, answers=(_JSON, json.dumps({"user": {"name": "Ann"}, "accessToken": TOKEN}))),
        entry(9_900, "GET", "https://api.shop.example/v1/products?sort=price&page=1", page="page_2", headers=_BEARER, answers=(_JSON, json.dumps(catalog))),
        entry(9_950, "GET", "wss://live.shop.example/feed", page="page_2", status=101, kind="websocket"),
        entry(14_000, "POST", "https://api.shop.example/v1/carts", page="page_2", status=201, headers=_BEARER, sends=(_JSON, json.dumps({"sku": "GS-7781-B", "quantity": 2, "note": "gift {{for}} Bob"})), answers=(_JSON, json.dumps(cart))),
        entry(14_300, "GET", "https://api.shop.example/v1/carts/c_5f1d77", page="page_2", headers=_BEARER, answers=(_JSON, json.dumps(cart))),
        entry(14_400, "GET", "https://api.shop.example/v1/recommendations/1234567", page="page_2", status=404, headers={**_BEARER, "x-api-key": "k-93412-private"}),
        entry(20_000, "POST", "https://api.shop.example/v1/orders", page="page_2", status=201, headers=_BEARER, sends=(_JSON, json.dumps({"cart": "c_5f1d77", "pin": 4711})), answers=(_JSON, json.dumps(order))),
        entry(20_200, "GET", "https://api.shop.example/v1/orders/918273", page="page_2", headers=_BEARER, answers=(_JSON, json.dumps(order))),
        entry(21_000, "GET", "https://api.shop.example/v1/poll", page="page_2", status=0),
    ]  # fmt: skip


def har(entries: list[Entry]) -> str:
    pages = [
        {"id": "page_1", "title": f"{SITE}/login?next=%2Fshop", "startedDateTime": ""},
        {"id": "page_2", "title": f"{SITE}/shop", "startedDateTime": ""},
    ]
    creator = {"name": "WebInspector", "version": "537.36"}
    log = {"version": "1.2", "creator": creator, "pages": pages, "entries": entries}
    return json.dumps({"log": log}, indent=1)
