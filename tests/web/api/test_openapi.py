"""Checks the description of the API: sound in itself, complete, and true of what the server answers."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from caravan.client import wire
from caravan.kernel.errors import code
from caravan.web.api import OPERATIONS, Operation, describe
from caravan.web.api.openapi import refusals_of
from tests.web.api.rig import Rig

METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(describe(OPERATIONS)))
    return plain


def test_it_is_served_as_it_is_written(rig: Rig, told: dict[str, Any]) -> None:
    answer = rig.http().get("/openapi.json")

    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == told


def test_it_is_openapi_3_1_with_all_that_it_must_have(told: dict[str, Any]) -> None:
    assert told["openapi"].startswith("3.1.")
    assert told["info"]["version"] == wire.API_VERSION
    assert {"title", "version"} <= set(told["info"])
    assert told["components"]["securitySchemes"]["token"] == told["components"]["securitySchemes"]["token"] | {
        "type": "http", "scheme": "bearer",
    }  # fmt: skip


def test_every_operation_is_in_it_and_nothing_else(told: dict[str, Any]) -> None:
    described = {(method.upper(), path) for path, methods in told["paths"].items() for method in methods}

    assert described == {(operation.method, operation.path) for operation in OPERATIONS}
    names = [methods[method]["operationId"] for methods in told["paths"].values() for method in methods]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda it: it.name)
def test_an_operation_says_all_that_a_caller_needs(told: dict[str, Any], operation: Operation) -> None:
    shown = told["paths"][operation.path][operation.method.lower()]
    parameters = {(parameter["in"], parameter["name"]): parameter for parameter in shown["parameters"]}

    assert shown["summary"]
    assert shown["description"]
    assert set(re.findall(r"{(\w+)}", operation.path)) == {name for place, name in parameters if place == "path"}
    assert len(parameters) == len(shown["parameters"])
    assert parameters[("header", "API-Version")]["required"] is False
    assert parameters.get(("header", "Idempotency-Key"), {"required": False})["required"] == (
        operation.key == "required"
    )
    assert (("header", "If-Match") in parameters) == operation.needs_revision
    takes_a_body = operation.request is not None or operation.media != "application/json"
    assert ("requestBody" in shown) == takes_a_body
    assert ({} in shown["security"]) == ("public" in operation.who)
    assert str(int(operation.status)) in shown["responses"]
    for status, response in shown["responses"].items():
        if int(status) >= 400:
            assert list(response["content"]) == ["application/problem+json"]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda it: it.name)
def test_every_refusal_is_told_by_its_code(told: dict[str, Any], operation: Operation) -> None:
    responses = told["paths"][operation.path][operation.method.lower()]["responses"]
    said = " ".join(response["description"] for response in responses.values())

    assert all(f"`{code(kind())}`" in said for kind in refusals_of(operation))


def test_lists_say_how_to_page(told: dict[str, Any]) -> None:
    for operation in OPERATIONS:
        if operation.query is not None and issubclass(operation.query, wire.Paging):
            parameters = told["paths"][operation.path]["get"]["parameters"]
            assert {"limit", "after"} <= {parameter["name"] for parameter in parameters}


def test_every_reference_leads_somewhere(told: dict[str, Any]) -> None:
    for reference in _references(told):
        there: Any = told
        for step in reference.removeprefix("#/").split("/"):
            there = there[step]
        assert isinstance(there, dict)


def test_every_schema_has_words_for_people(told: dict[str, Any]) -> None:
    schemas = told["components"]["schemas"]

    assert [
        name for name, schema in schemas.items() if not schema.get("description") and "[" not in schema.get("title", "")
    ] == []


def _references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for inner in node.values():
            yield from _references(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _references(inner)
