"""The demo target's shop: what a real flow meets. A form with a CSRF token, a session in a cookie, a
bearer token for the API, a search, a cart, a payment, and errors for those who skip a step.

    GET  /login              a page with a form, and its token in a cookie
    POST /login              the form: sets the session, sends on to /account
    GET  /account            who is logged in, as JSON, with the token of the API
    GET  /search?q=wave      products, some of them
    POST /cart               {sku, quantity}: 201, or 409 for what is sold out
    GET  /cart               what is in it
    POST /pay                {amount}: 201 with an order, 402 where the amount is not the sum
    GET  /orders/{id}        pending the first two times, then done
    POST /logout             the session is no more

State is kept per session, and little of it: the oldest sessions go.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

MOST_SESSIONS = 10_000
PASSWORD = "open sesame"
_DONE_AFTER = 2
# Every so many-th product is sold out.
_SOLD_OUT = 7

_PAGE = """<!doctype html>
<title>Log in</title>
<form action="/login" method="post">
  <input type="hidden" name="csrf" value="{csrf}">
  <input name="email"><input name="password" type="password">
</form>
"""


@dataclass
class _Session:
    """One person who is logged in."""

    email: str
    token: str
    cart: dict[str, int] = field(default_factory=dict[str, int])
    orders: dict[str, int] = field(default_factory=dict[str, int])


class Shop:
    """`products` are those of the catalog, by their numbers; tokens come from a seeded random."""

    def __init__(self, products: Mapping[str, Mapping[str, object]], *, seed: int) -> None:
        self._products = {str(product["sku"]): product for product in products.values()}
        self._random = Random(seed)
        self._sessions: OrderedDict[str, _Session] = OrderedDict()

    def add_routes(self, app: web.Application) -> None:
        router = app.router
        router.add_get("/login", self._form)
        router.add_post("/login", self._log_in)
        router.add_get("/account", self._with_cookie(self._account))
        router.add_get("/search", self._search)
        router.add_get("/cart", self._with_token(self._cart))
        router.add_post("/cart", self._with_token(self._add))
        router.add_post("/pay", self._with_token(self._pay))
        router.add_get("/orders/{id}", self._with_token(self._order))
        router.add_post("/logout", self._with_cookie(self._log_out))

    async def _form(self, _: web.Request) -> web.Response:
        csrf = self._secret()
        response = web.Response(text=_PAGE.format(csrf=csrf), content_type="text/html")
        response.set_cookie("csrf", csrf, path="/login", httponly=True)
        return response

    async def _log_in(self, request: web.Request) -> web.Response:
        form = await request.post()
        if form.get("csrf") != request.cookies.get("csrf") or not form.get("csrf"):
            return web.json_response({"error": "csrf"}, status=403)
        if form.get("password") != PASSWORD or not form.get("email"):
            return web.json_response({"error": "password"}, status=401)
        session_id = self._secret()
        self._sessions[session_id] = _Session(str(form["email"]), self._secret())
        if len(self._sessions) > MOST_SESSIONS:
            self._sessions.popitem(last=False)
        response = web.Response(status=303, headers={"Location": "/account"})
        response.set_cookie("session", session_id, httponly=True)
        return response

    async def _account(self, request: web.Request, session: _Session) -> web.Response:
        return web.json_response({"email": session.email, "token": session.token})

    async def _search(self, request: web.Request) -> web.Response:
        words = request.query.get("q", "").lower()
        found = [one for one in self._products.values() if words in str(one["name"]).lower()]
        return web.json_response({"total": len(found), "items": found[:5]})

    async def _cart(self, request: web.Request, session: _Session) -> web.Response:
        items = [{"sku": sku, "quantity": many} for sku, many in session.cart.items()]
        return web.json_response({"items": items, "total": self._total(session)})

    async def _add(self, request: web.Request, session: _Session) -> web.Response:
        match await _json_of(request):
            case {"sku": str(sku), "quantity": int(quantity)} if sku in self._products:
                pass
            case _:
                return web.json_response({"error": "no such product"}, status=422)
        if int(str(self._products[sku]["id"])) % _SOLD_OUT == 0:
            return web.json_response({"error": "sold out"}, status=409)
        session.cart[sku] = session.cart.get(sku, 0) + quantity
        return web.json_response({"items": len(session.cart)}, status=201)

    async def _pay(self, request: web.Request, session: _Session) -> web.Response:
        match await _json_of(request):
            case {"amount": int(amount)} if session.cart and amount == self._total(session):
                order = f"o-{self._secret()[:8]}"
                session.orders[order] = 0
                session.cart.clear()
                return web.json_response({"order": order, "paid": amount}, status=201)
            case _:
                return web.json_response({"error": "amount"}, status=402)

    async def _order(self, request: web.Request, session: _Session) -> web.Response:
        order = request.match_info["id"]
        if order not in session.orders:
            return web.json_response({"error": "no such order"}, status=404)
        session.orders[order] += 1
        state = "done" if session.orders[order] > _DONE_AFTER else "pending"
        return web.json_response({"order": order, "state": state})

    async def _log_out(self, request: web.Request, session: _Session) -> web.Response:
        del self._sessions[request.cookies["session"]]
        response = web.Response(status=204)
        response.del_cookie("session")
        return response

    def _total(self, session: _Session) -> int:
        return sum(int(str(self._products[s]["price"])) * many for s, many in session.cart.items())

    def _secret(self) -> str:
        return f"{self._random.getrandbits(128):032x}"

    def _with_cookie(
        self, handler: Callable[[web.Request, _Session], Awaitable[web.Response]]
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        """Only for those with a session."""

        async def checked(request: web.Request) -> web.Response:
            session = self._sessions.get(request.cookies.get("session", ""))
            if session is None:
                return web.json_response({"error": "log in first"}, status=401)
            return await handler(request, session)

        return checked

    def _with_token(
        self, handler: Callable[[web.Request, _Session], Awaitable[web.Response]]
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        """Only for those who send the session's token as well."""

        async def checked(request: web.Request, session: _Session) -> web.Response:
            if request.headers.get("Authorization") != f"Bearer {session.token}":
                return web.json_response({"error": "token"}, status=401)
            return await handler(request, session)

        return self._with_cookie(checked)


async def _json_of(request: web.Request) -> object:
    try:
        return await request.json()
    except json.JSONDecodeError:
        return None
