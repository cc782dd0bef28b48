"""OpenAPI: every operation of a description becomes a request that the description allows."""

# One row of a table is one line.
# ruff: noqa: E501

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.errors import GroundswellError
from groundswell_coordinator.importers.openapi.importer import ApiOptions, import_openapi
from groundswell_coordinator.importers.written import written
from tests.coordinator.importers.reading import loaded, steps_of

if TYPE_CHECKING:
    from groundswell_coordinator.importers.draft import Draft

SHOP = Path(__file__).parent / "shop-api.yaml"
_ALL = ApiOptions()


def imported(folder: Path, document: object, options: ApiOptions = _ALL) -> Draft:
    path = folder / "api.json"
    text = document if isinstance(document, str) else json.dumps(document)
    path.write_text(text, encoding="utf-8")
    return import_openapi(str(path), options)


def api(paths: object, **more: object) -> dict[str, object]:
    return {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": paths, **more}


def test_the_description_of_a_shop_becomes_its_requests() -> None:
    draft = import_openapi(str(SHOP), _ALL)
    steps = steps_of(draft, {"BEARER_AUTH": "t", "KEY": "k", "PASSWORD": "p"})

    assert loaded(draft).target == "https://eu.api.shop.example/v1"
    assert [(step.method, step.path, step.name) for step in steps] == [
        ("GET", "/products", "/products"),
        ("GET", "/products/GS-7%2FB", "/products/{sku}"),
        ("POST", "/carts", "/carts"),
        ("PUT", "/carts/3fa85f64-5717-4562-b3fc-2c963f66afa6/items/3", "/carts/{id}/items/{no}"),
        ("POST", "/upload", "/upload"),
        ("POST", "/login", "/login"),
    ]
    search, product, cart, item, upload, login = steps
    assert search.query == {"q": "wave"}
    assert search.headers == {"X-Trace": "3fa85f64-5717-4562-b3fc-2c963f66afa6"}
    assert product.headers == {"Authorization": "Bearer t"}
    assert [check.name for check in cart.checks] == ["/carts: status 201"]
    assert item.body == b"quantity=2&gift=true"
    assert upload.headers == {"X-Api-Key": "k"}
    # YAML 1.1 would have sent false, and a date.
    body = {"user": "ann", "password": "p", "country": "NO", "since": "2020-01-01"}
    assert isinstance(login.body, bytes)
    assert json.loads(login.body) == body
    assert "open sesame" not in written(draft)
    assert draft.lost == [
        "DELETE /products/{sku}: deprecated",
        "what is in the file file of POST /upload: put file: … in the place of its text",
        "references that lead nowhere, or out of the file: other.yaml#/X",
    ]


def test_bodies_are_what_their_schemas_allow() -> None:
    document = yaml.safe_load(SHOP.read_text(encoding="utf-8"))
    cart = next(step for step in steps_of(import_openapi(str(SHOP), _ALL)) if step.path == "/carts")
    schemas = document["components"]["schemas"]
    del schemas["Cart"]["properties"]["other"]

    assert isinstance(cart.body, bytes)
    jsonschema.validate(json.loads(cart.body), {"$ref": "#/components/schemas/Cart", **document})


def test_only_what_is_asked_for_is_there() -> None:
    reads = steps_of(import_openapi(str(SHOP), ApiOptions(methods=("get",))))
    carts = steps_of(import_openapi(str(SHOP), ApiOptions(tags=("cart",))))

    assert {step.method for step in reads} == {"GET"}
    assert carts[0].path == "/carts"
    assert len(carts) == 2


def test_what_all_operations_share_is_said_once(tmp_path: Path) -> None:
    operation = {"responses": {"200": {"description": ""}}}
    schemes = {"securitySchemes": {"b": {"type": "http", "scheme": "basic"}}}
    document = api(
        {"/a": {"get": operation}, "/b": {"get": operation}},
        security=[{"b": list[str]()}],
        components=schemes,
    )
    draft = imported(tmp_path, document)

    assert written(draft).count("auth:") == 1
    assert {step.headers["Authorization"] for step in steps_of(draft, {"B_PASSWORD": "pw"})} == {
        "Basic dXNlcjpwdw=="
    }


@pytest.mark.parametrize(
    ("server", "target"),
    [
        ([], "http://127.0.0.1:8080"),
        ([{"url": "/v2/"}], "http://127.0.0.1:8080/v2"),
        ([{"url": "https://a.test:8443/x y"}], "https://a.test:8443/x%20y"),
        ([{"url": "http://["}], "http://127.0.0.1:8080"),
        ([{"url": "wss://a.test"}], "http://127.0.0.1:8080"),
    ],
)
def test_the_target_is_the_first_server(tmp_path: Path, server: object, target: str) -> None:
    draft = imported(tmp_path, api({"/a": {"get": {}}}, servers=server))

    assert loaded(draft).target == target


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is no OpenAPI description"),
        ("[]", "is no OpenAPI description"),
        ("{", "is neither JSON nor YAML: Expecting property name"),
        ("a: [", "is neither JSON nor YAML: while parsing"),
        ("swagger: '2.0'", r"is Swagger 2\.0: 3\.0 and 3\.1 are read"),
        ("openapi: 2.9.0", r"is 2\.9\.0: 3\.0 and 3\.1 are read"),
        ("openapi: 3.1.0", "nothing becomes a request of api.json: 0 operations"),
        ("[" * 5000, "is neither JSON nor YAML"),
    ],
)
def test_what_is_no_description_is_told(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(GroundswellError, match=message):
        written(imported(tmp_path, text))
    with pytest.raises(GroundswellError, match="cannot read nope: No such file"):
        import_openapi("nope", _ALL)


def test_what_has_no_place_in_a_test_is_named(tmp_path: Path) -> None:
    operation: dict[str, Any] = {
        "callbacks": {"paid": {}},
        "responses": {"201": {"links": {"next": {}}}},
        "parameters": [{"in": "header", "name": "a b", "required": True}],
        "servers": [{"url": "/"}],
    }
    paths: dict[str, Any] = {"/a": {"post": operation, "trace": {}}, "x-extension": {}}
    draft = imported(tmp_path, api(paths, webhooks={"x": 1}))

    assert len(steps_of(draft)) == 1
    assert draft.lost == [
        "the header parameter a b of POST /a",
        "the callbacks of POST /a",
        "the links of POST /a: what a response brings is not used by others",
        "servers of its own of POST /a",
        "the webhooks of the description",
        "TRACE /a: no such method in a test",
        "x-extension: no path",
    ]


def test_a_description_that_refers_to_itself_ends(tmp_path: Path) -> None:
    text = """
openapi: 3.0.0
paths:
  /a:
    post:
      requestBody: {content: {application/json: {schema: &x {type: object, required: [x], properties: {x: *x}}}}}
  /b:
    post: {requestBody: {$ref: '#/paths/~1b/post/requestBody'}}
  /c:
    post: {requestBody: {content: {application/json: {example: &y [*y]}}}}
"""
    assert len(steps_of(imported(tmp_path, text))) == 3


def test_what_would_be_too_large_for_a_test_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("groundswell_coordinator.importers.written._MOST_VALUES", 1_000)
    wide = {"type": "object", "properties": {f"p{n}": {"type": "string"} for n in range(48)}}
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Wide"}}}}
    paths = {f"/{n}": {"post": {"requestBody": body}} for n in range(30)}
    draft = imported(tmp_path, api(paths, components={"schemas": {"Wide": wide}}))

    written(draft)
    (lost,) = draft.lost
    count = len(steps_of(draft))
    assert 5 < count < 12
    assert lost == f"the last {30 - count} requests: the test would be too large"


_JUNK: Any = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-5, 700), st.floats(allow_nan=False), st.text(max_size=6), st.sampled_from(["{{", "object", "#/paths", "string", "http", "bearer", "query", "header"])),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.sampled_from(["$ref", "type", "schema", "properties", "x", "{{", "items", "example", "enum", "allOf", "name", "in", "required", "content", "application/json", "200"]), inner, max_size=4)),
    max_leaves=10,
)  # fmt: skip
_PARAMETERS = st.fixed_dictionaries(
    {
        "in": st.sampled_from(["path", "query", "header", "cookie", "x"]),
        "name": st.sampled_from(["id", "a b", "{{", "X-A", "token", ""]),
        "required": st.booleans(),
        "schema": _JUNK,
    }
)


def _body(kind: str, media: object) -> dict[str, object]:
    return {"content": {kind: media}}


_OPERATIONS = st.fixed_dictionaries(
    {},
    optional={
        "tags": st.one_of(st.lists(st.text(max_size=5), max_size=2), _JUNK),
        "summary": st.one_of(st.text(max_size=9), _JUNK),
        "parameters": st.one_of(st.lists(_PARAMETERS, max_size=3), _JUNK),
        "requestBody": st.one_of(st.builds(_body, st.sampled_from(["application/json", "application/x-www-form-urlencoded", "text/plain", "{{"]), _JUNK), _JUNK),
        "responses": _JUNK,
        "security": _JUNK,
    },
)  # fmt: skip


@settings(deadline=None, max_examples=150, derandomize=True)
@given(
    paths=st.dictionaries(st.one_of(st.text(max_size=5).map("/".__add__), st.just("/a/{id}/{{x}}")), st.dictionaries(st.sampled_from(["get", "post", "parameters", "put"]), _OPERATIONS, max_size=2), max_size=3),
    more=st.dictionaries(st.sampled_from(["servers", "security", "components", "info"]), _JUNK, max_size=2),
)  # fmt: skip
def test_whatever_a_description_holds_the_test_loads_or_nothing_is_in_it(
    tmp_path_factory: pytest.TempPathFactory, paths: object, more: dict[str, object]
) -> None:
    try:
        draft = imported(tmp_path_factory.getbasetemp(), api(paths) | more)
        written(draft)
    except GroundswellError as error:
        told = error.message
        assert told.startswith("nothing becomes a request of")
        return
    assert steps_of(draft)
