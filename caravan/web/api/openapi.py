"""The description of the API for programs: OpenAPI 3.1, written from the table of operations."""

from http import HTTPStatus
from typing import Any

import msgspec

from caravan.cell import Broken, IdempotencyConflict, RequestInFlight
from caravan.client.wire import API_VERSION, IDEMPOTENCY_KEY_CHARACTERS_MAX, Problem
from caravan.kernel import ids
from caravan.kernel.errors import CaravanError, Outage, code
from caravan.web.api import problems
from caravan.web.api.operations import PATH_IDS, PUBLIC, Operation

_TAGS = {
    "people": "Buyers, addresses, log-ins and tokens.",
    "goods": "Products, listings and their stock.",
    "shop": "Carts, checkout and buying.",
    "fulfilling": "Orders, parcels and returns.",
    "money": "Wallets, balances and payouts.",
    "market": "The market's terms and its sellers.",
}


def describe(operations: tuple[Operation, ...]) -> dict[str, Any]:
    """Give the whole description as plain JSON."""
    kinds = [Problem]
    for operation in operations:
        kinds += [kind for kind in (operation.request, operation.query, operation.response) if kind is not None]  # type: ignore[misc]
    schemas, components = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    names = {_name(kind): schema for kind, schema in zip(kinds, schemas, strict=True)}
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, names, components)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Caravan",
            "version": API_VERSION,
            "summary": "A marketplace: from catalog over checkout to payout.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token of a buyer, a seller or the operator, from POST /v1/tokens.",
                }
            },
        },
    }


def _name(kind: object) -> str:
    return repr(kind)


def _operation(operation: Operation, names: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": _description(operation),
        "tags": [operation.tag],
        "parameters": [*_path_parameters(operation), *_query_parameters(operation, names, components)],
        "responses": _responses(operation, names),
        "security": _security(operation),
    }
    told["parameters"] += _header_parameters(operation)
    if operation.request is not None:
        told["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": names[_name(operation.request)]}},
        }
    if operation.media != "application/json":
        # OpenAPI 3.1 describes a body of bytes by its media type alone.
        told["requestBody"] = {"required": True, "content": {operation.media: {}}}
        told["responses"]["200"]["content"] = {operation.media: {}}
    return told


def _description(operation: Operation) -> str:
    who = [name for name in operation.who if name != PUBLIC]
    said = [(operation.handler.__doc__ or "").strip()]
    if who:
        said.append(f"For: {', '.join(who)}{' and anybody' if PUBLIC in operation.who else ''}.")
    if operation.scope:
        said.append(f"Scope: {operation.scope}.")
    return " ".join(said)


def _security(operation: Operation) -> list[dict[str, list[str]]]:
    needed: list[dict[str, list[str]]] = [{"token": [operation.scope] if operation.scope else []}]
    if operation.who == (PUBLIC,):
        return [{}]
    return [{}, *needed] if PUBLIC in operation.who else needed


def _path_parameters(operation: Operation) -> list[dict[str, Any]]:
    names = [step[1:-1] for step in operation.path.split("/") if step.startswith("{")]
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "pattern": f"^{ids.PREFIXES[PATH_IDS[name]]}_[0-9A-HJKMNP-TV-Z]{{12}}$"},
        }
        for name in names
    ]


def _query_parameters(operation: Operation, names: dict[str, Any], components: dict[str, Any]) -> list[dict[str, Any]]:
    if operation.query is None:
        return []
    schema = components[names[_name(operation.query)]["$ref"].rpartition("/")[2]]
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": kind}
        for name, kind in schema["properties"].items()
    ]


def _header_parameters(operation: Operation) -> list[dict[str, Any]]:
    text: dict[str, Any] = {"type": "string"}
    headers = [("API-Version", False, {"type": "string", "const": API_VERSION})]
    if operation.key != "none":
        bounded = text | {"minLength": 1, "maxLength": IDEMPOTENCY_KEY_CHARACTERS_MAX}
        headers.append(("Idempotency-Key", operation.key == "required", bounded))
    if operation.needs_revision:
        headers.append(("If-Match", True, text))
    if operation.takes_cart_secret:
        headers.append(("Cart-Secret", False, text))
    return [
        {"name": name, "in": "header", "required": is_required, "schema": schema}
        for name, is_required, schema in headers
    ]


def refusals_of(operation: Operation) -> tuple[type[CaravanError], ...]:
    """Give every refusal that an operation may answer with: its own, and those of the door."""
    door: list[type[CaravanError]] = [problems.InvalidRequest, problems.TooManyRequests, problems.UnsupportedVersion]
    if operation.who != (PUBLIC,):
        door.append(problems.Unauthenticated)
    if PUBLIC not in operation.who:
        door.append(problems.WrongAudience)
    if operation.scope:
        door.append(problems.MissingScope)
    if operation.key != "none":
        door += [IdempotencyConflict, RequestInFlight]
    if operation.key == "required":
        door.append(problems.IdempotencyKeyRequired)
    if operation.request is not None:
        door += [problems.BodyTooLarge, problems.UnsupportedMediaType]
    return tuple(dict.fromkeys((*operation.refusals, *door, Outage, Broken)))


def _responses(operation: Operation, names: dict[str, Any]) -> dict[str, Any]:
    done: dict[str, Any] = {"description": HTTPStatus(operation.status).phrase, "headers": _response_headers(operation)}
    if operation.response is not None:
        done["content"] = {"application/json": {"schema": names[_name(operation.response)]}}
    told = {str(int(operation.status)): done}
    by_status: dict[int, list[type[CaravanError]]] = {}
    for kind in refusals_of(operation):
        by_status.setdefault(problems.status_of(kind), []).append(kind)
    for status, kinds in sorted(by_status.items()):
        told[str(status)] = {
            "description": "; ".join(f"`{code(kind())}`: {(kind.__doc__ or '').split(chr(10))[0]}" for kind in kinds),
            "content": {problems.MEDIA: {"schema": names[_name(Problem)]}},
        }
    return told


def _response_headers(operation: Operation) -> dict[str, Any]:
    headers = ["API-Version", "Request-Id", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"]
    if operation.key != "none":
        headers.append("Idempotent-Replayed")
    if operation.has_revision:
        headers.append("ETag")
    if operation.location:
        headers.append("Location")
    return {name: {"schema": {"type": "string"}} for name in headers}
