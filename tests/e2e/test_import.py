"""`groundswell import`, and runs of what it made, held against what it was made of."""

from __future__ import annotations

import http.client
import json
import re
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from tests.coordinator.importers.recording import entry, har
from tests.nginx_server import running_nginx

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.commands import Groundswell
    from tests.e2e.demo import Demo

_LOCATION = "location /shop {{ access_log {log} combined; try_files /page =404; }}"


def test_a_replayed_log_sends_every_request_of_it_again(
    groundswell: Groundswell, tmp_path: Path
) -> None:
    log, day = tmp_path / "access.log", tmp_path / "day.yaml"
    (tmp_path / "nginx").mkdir()
    with running_nginx(tmp_path / "nginx", locations=_LOCATION.format(log=log)) as nginx:
        for number in range(40):
            _ask(nginx.url, "GET", f"/shop/{number % 3}")
        recorded = log.read_text()
        made = groundswell("import", "access-log", log, "--timing", "--speed", "0.5x", "-o", day)
        before = nginx.requests()
        ran = groundswell.run(day, "--target", nginx.url, agents=2)
        counted = nginx.requests() - before

    assert made.exit_code == 0, made
    assert ran.count("http_reqs") == counted == recorded.count("\n") == 40, ran
    assert ran.summary.scenarios["visitors"].planned == 40
    again = groundswell("import", "access-log", log, "--timing", "-o", day)
    assert (again.exit_code, again.stdout) == (1, "")
    assert f"{day} is there already" in again.stderr


def test_a_recorded_login_logs_in_anew(
    groundswell: Groundswell, demo: Demo, tmp_path: Path
) -> None:
    password = "open sesame"
    (tmp_path / "shop.har").write_text(har(_recorded_session(demo.url, password)))
    test = tmp_path / "shop.yaml"
    made = groundswell("import", "har", tmp_path / "shop.har", "-o", test)
    text = test.read_text()
    test.write_text(text.replace("rate: 1/s", "rate: 5/s").replace("duration: 1m", "duration: 1s"))
    statuses = demo.statuses_of("/login")

    ran = groundswell.run(test, "-e", f"PASSWORD={password}")

    assert made.exit_code == 0, made
    assert password not in text + made.stderr
    # Every iteration had a token of its own, and was let in with it.
    values = ran.summary.metrics["checks"].values
    assert values["rate"] == 1, ran
    assert ran.count("iterations") == 5
    after = demo.statuses_of("/login")
    assert {status: after[status] - statuses.get(status, 0) for status in after} == {"200": 5, "303": 5}  # fmt: skip
    # Without the secret nobody is let in.
    refused = groundswell.run(test)
    assert refused.summary.metrics["checks"].values["rate"] < 1


def _recorded_session(url: str, password: str) -> list[dict[str, Any]]:
    """What a browser would have recorded, of real answers."""
    cookies: dict[str, str] = {}
    page = _exchange(url, cookies, "GET", "/login")
    csrf = re.search(r'name="csrf" value="([^"]+)"', _text(page))
    assert csrf is not None
    form = {"email": "ann@example.com", "password": password, "csrf": csrf[1]}
    sent = ("application/x-www-form-urlencoded", urlencode(form))
    login = _exchange(url, cookies, "POST", "/login", sent)
    account = _exchange(url, cookies, "GET", login["response"]["redirectURL"])
    bearer = {"authorization": f"Bearer {json.loads(_text(account))['token']}"}
    search = _exchange(url, cookies, "GET", "/search?q=wave", None, bearer)
    item = {"sku": json.loads(_text(search))["items"][0]["sku"], "quantity": 1}
    cart = _exchange(url, cookies, "POST", "/cart", ("application/json", json.dumps(item)), bearer)
    return [page, login, account, search, cart]


def _exchange(
    url: str,
    cookies: dict[str, str],
    method: str,
    path: str,
    sent: tuple[str, str] | None = None,
    headers: dict[str, str] | None = None,
) -> dict[str, Any]:
    own = {**(headers or {}), "cookie": "; ".join(f"{key}={each}" for key, each in cookies.items())}
    own = {name: value for name, value in own.items() if value}
    status, got, body = _ask(url, method, path, sent, own)
    for value in got.get_all("Set-Cookie") or ():
        cookies.update({name: one.value for name, one in SimpleCookie(value).items()})
    return entry(
        0,
        method,
        f"{url}{path}",
        status=status,
        sends=sent,
        headers=own,
        answers=(got.get("Content-Type") or "", body),
        brings={"set-cookie": "\n".join(got.get_all("Set-Cookie") or ()), "location": got.get("Location") or ""},
    )  # fmt: skip


def _text(recorded: dict[str, Any]) -> str:
    text: str = recorded["response"]["content"]["text"]
    return text


def _ask(
    url: str,
    method: str,
    path: str,
    sent: tuple[str, str] | None = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, http.client.HTTPMessage, str]:
    address = urlsplit(url)
    assert address.hostname is not None
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=10)
    own = {**(headers or {}), **({"Content-Type": sent[0]} if sent else {})}
    connection.request(method, path, sent[1] if sent else None, own)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, answer.headers, body
