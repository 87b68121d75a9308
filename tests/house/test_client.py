"""Checks that the client has a method for each operation of the API."""

import ast
import functools
import re
from pathlib import Path

import pytest

from caravan.web.api import OPERATIONS
from caravan.web.api.operations import Operation

CLIENT = Path(__file__).resolve().parents[2] / "caravan" / "client" / "client.py"
SENT_BY = {"_get": "GET", "_pages": "GET", "_post": "POST", "_put": "PUT", "_patch": "PATCH"}
# Operations that no method is wanted for, and why.
NOT_CALLED = {
    "/v1/webhooks/carriers/easypost": "the carriers' aggregator calls it, with its signature",
    "/v1/webhooks/payments/card": "the card provider calls it, with its signature",
    "/v1/track": "Segment's own SDKs call it, with a write key",
    "/v1/identify": "Segment's own SDKs call it, with a write key",
    "/v1/alias": "Segment's own SDKs call it, with a write key",
    "/v1/page": "Segment's own SDKs call it, with a write key",
    "/v1/screen": "Segment's own SDKs call it, with a write key",
    "/v1/group": "Segment's own SDKs call it, with a write key",
    "/v1/batch": "Segment's own SDKs call it, with a write key",
}


@functools.cache
def called() -> set[tuple[str, str]]:
    """Give what the client's methods send: the HTTP method and the path, with `{}` for each id."""
    methods = [node for node in ast.walk(ast.parse(CLIENT.read_text())) if isinstance(node, ast.FunctionDef)]
    return {(sent, path) for method in methods for path in _paths(method) for sent in _sent(method)}


def _paths(method: ast.FunctionDef) -> set[str]:
    texts = {_text(node) for node in ast.walk(method)}
    return {text for text in texts if text.startswith("/v1/")}


def _sent(method: ast.FunctionDef) -> set[str]:
    named = {_text(node) for node in ast.walk(method)} & {"GET", "POST", "PUT", "PATCH", "DELETE"}
    return named | {
        SENT_BY[node.attr] for node in ast.walk(method) if isinstance(node, ast.Attribute) and node.attr in SENT_BY
    }


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return ""


def _is_called(method: str, path: str) -> bool:
    wanted = re.sub(r"{\w+}", "{}", path).split("/")
    return any(
        sent == method
        and len(steps) == len(wanted)
        and all(step in {"{}", want} for step, want in zip(steps, wanted, strict=True))
        for sent, steps in ((sent, given.split("/")) for sent, given in called())
    )


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_an_operation_has_a_method_in_the_client_or_a_reason_why_not(operation: Operation) -> None:
    assert _is_called(operation.method, operation.path) != (operation.path in NOT_CALLED)
