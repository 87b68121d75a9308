"""The doorway: every request comes through here, is looked at, let in or turned away, and answered."""

import base64
import hashlib
import logging
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

from caravan.bootstrap import Caravan
from caravan.cell import Broken, Key
from caravan.client.wire import API_VERSION, IDEMPOTENCY_KEY_CHARACTERS_MAX, FieldError
from caravan.kernel.errors import CaravanError
from caravan.web import access
from caravan.web.api import limits, problems
from caravan.web.api.call import Call, Reply
from caravan.web.api.canonical import canonical
from caravan.web.api.operations import PUBLIC, Operation, Table

_logger = logging.getLogger("caravan.web")

Query = TypeVar("Query")

_QUERY_FIELDS_MAX = 32
_SCOPE_BYTES = 16
_PIECE_BYTES = 2**20
_ETAG = re.compile(r'^"(\d{1,18})"$')
_VISIBLE = re.compile(r"^[\x21-\x7e]+(?: [\x21-\x7e]+)*$")


class ClientGone(Exception):
    """Whoever asked has hung up."""


class Doorway:
    """The API as an ASGI application; its routes are those of the table."""

    def __init__(self, caravan: Caravan, table: Table) -> None:
        self._caravan = caravan
        self._table = table
        self._limits = {
            "requests": limits.Limit(caravan.settings.requests_per_minute),
            "logins": limits.Limit(limits.LOGINS_PER_MINUTE),
            "payees": limits.Limit(limits.PAYEES_PER_MINUTE),
            "signals": limits.Limit(limits.SIGNALS_PER_MINUTE),
            "numbers": limits.Limit(limits.NUMBERS_PER_MINUTE),
            "logins by e-mail": limits.Limit(limits.LOGINS_PER_EMAIL_PER_MINUTE),
            "registrations": limits.Limit(limits.REGISTRATIONS_PER_MINUTE),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        assert scope["type"] == "http", scope["type"]
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        instance = f"urn:caravan:request:{scope.get('state', {}).get('request_id', 'unknown')}"
        told = {"api-version": API_VERSION, "cache-control": "no-store"}
        try:
            reply = await self._answer(scope, headers, receive, told, instance)
        except ClientGone:
            return
        except CaravanError as error:
            if isinstance(error, Broken):
                _logger.exception("A request broke.")
            reply = refused(error, instance)
        except Exception as bug:  # noqa: BLE001
            reply = refused(broken(bug), instance)
        await _send(send, reply, told | dict(reply.headers), has_body=scope["method"] != "HEAD")

    async def _answer(
        self, scope: Scope, headers: Mapping[str, str], receive: Receive, told: dict[str, str], instance: str
    ) -> Reply:
        if scope["method"] == "OPTIONS":
            return self._preflight(scope["path"])
        address = scope["client"][0] if scope.get("client") else ""
        token, bearer = await self._bearer(headers)
        allowance = self.take("requests", token if bearer else address)
        told |= allowance.headers()
        if allowance.wait_s:
            raise problems.TooManyRequests
        operation, ids = self._table.find(scope["method"], scope["path"])
        if bearer is not None and not operation.takes_write_key and _kind(headers) == "basic":
            raise problems.Unauthenticated("Only behavior events are taken with Basic; show this token as a Bearer.")
        if operation.is_open_to_browsers:
            told |= {"access-control-allow-origin": "*", "cache-control": "no-cache"}
        if headers.get("api-version", API_VERSION) != API_VERSION:
            raise problems.UnsupportedVersion(f"This is version {API_VERSION}.", supported=[API_VERSION])
        if token and bearer is None:
            raise problems.Unauthenticated("This token is unknown, revoked or too old.")
        _admit(operation, bearer)
        query = _query(operation, scope["query_string"])
        raw = await _read(receive)
        body = _decoded(operation, raw, headers)
        call = Call(
            caravan=self._caravan, bearer=bearer, body=body, query=query, ids=ids, token=token, address=address,
            instance=instance, status=operation.status, location=operation.location,
            has_revision=operation.has_revision, key=self._key(operation, scope, headers, raw, bearer, address),
            revision=_revision(operation, headers), cart_secret=headers.get("cart-secret", ""),
            signature=headers.get("stripe-signature", "") or headers.get("x-hmac-signature", ""), take=self.take,
        )  # fmt: skip
        return await operation.handler(call)

    def take(self, kind: str, caller: object) -> limits.Allowance:
        """Count one request of a caller against a limit."""
        return self._limits[kind].take(caller)

    def _preflight(self, path: str) -> Reply:
        methods = self._table.methods(tuple(path.split("/")))
        is_open = sorted(method for method, operation in methods.items() if operation.is_open_to_browsers)
        if not is_open:
            raise problems.MethodNotAllowed(allow=sorted(methods))
        return Reply(
            204,
            headers={
                "access-control-allow-origin": "*",
                "access-control-allow-methods": ", ".join(is_open),
                "access-control-allow-headers": "API-Version, Content-Type, Authorization, AnonymousId",
                "access-control-max-age": "86400",
            },
        )

    async def _bearer(self, headers: Mapping[str, str]) -> tuple[str, access.Bearer | None]:
        """Give the token that is shown, and whose it is; None where it is nobody's."""
        kind, token = _kind(headers), headers.get("authorization", "").partition(" ")[2].strip()
        if not kind:
            return "", None
        if kind == "basic":
            token = _user(token)
        if kind not in {"bearer", "basic"} or not token:
            return "?", None
        bearer = await access.bearer_of(self._caravan, token)
        # A seller or buyer without a number would be taken for the operator by the flows.
        is_sound = bearer is not None and (bearer.subject > 0) == (bearer.audience != "operator")
        return token, bearer if is_sound else None

    def _key(
        self,
        operation: Operation,
        scope: Scope,
        headers: Mapping[str, str],
        raw: bytes,
        bearer: access.Bearer | None,
        address: str,
    ) -> Key | None:
        given = headers.get("idempotency-key")
        if operation.key == "none":
            return None
        if given is None:
            if operation.key == "required":
                raise problems.IdempotencyKeyRequired
            return None
        identity = f"{bearer.audience}:{bearer.subject}" if bearer else f"guest:{address}"
        meant = canonical(msgspec.json.decode(raw)) if raw else b""
        if operation.is_personal:
            # Whoever reads the log must not be able to guess a password or an address and check the guess.
            meant = self._caravan.vault.mark(hashlib.sha256(meant).hexdigest())
        return key_of(identity, scope["method"], scope["path"], given, meant)


def key_of(identity: str, method: str, path: str, given: str, meant: bytes) -> Key:
    """Give the key of a request: whose it is, and what it means. Refuses a given one that is none as InvalidRequest."""
    if len(given) > IDEMPOTENCY_KEY_CHARACTERS_MAX or not _VISIBLE.match(given):
        raise problems.InvalidRequest(
            f"An Idempotency-Key has 1 to {IDEMPOTENCY_KEY_CHARACTERS_MAX} visible characters.",
            errors=[FieldError(code="wrong_value", parameter="Idempotency-Key")],
        )
    asked = f"{identity}\0{method}\0{path}\0{given}"
    return Key(hashlib.sha256(asked.encode()).digest()[:_SCOPE_BYTES], hashlib.sha256(meant).digest())


def _admit(operation: Operation, bearer: access.Bearer | None) -> None:
    """Refuse whoever may not call this."""
    if bearer is None:
        if PUBLIC not in operation.who:
            raise problems.Unauthenticated
        return
    if bearer.audience not in operation.who:
        if PUBLIC in operation.who:
            return
        raise problems.WrongAudience(f"This is for {' and '.join(operation.who)}.", audience=bearer.audience)
    if operation.scope and operation.scope not in bearer.scopes:
        raise problems.MissingScope(f"This needs the scope {operation.scope}.", scope=operation.scope)


def _kind(headers: Mapping[str, str]) -> str:
    return headers.get("authorization", "").partition(" ")[0].lower()


def _user(credentials: str) -> str:
    """Give the user of Basic's credentials; there is none where they can't be read."""
    try:
        return base64.b64decode(credentials, validate=True).decode("latin-1").partition(":")[0]
    except ValueError:
        return ""


def query_of(wanted: type[Query], raw: bytes) -> Query:
    """Read a query string. Refuses what does not fit as InvalidRequest."""
    try:
        pairs = parse_qsl(raw.decode("latin-1"), keep_blank_values=True, max_num_fields=_QUERY_FIELDS_MAX)
    except ValueError:
        raise problems.InvalidRequest("This query has too many parameters.") from None
    try:
        return msgspec.convert(dict(pairs), wanted, strict=False)
    except msgspec.ValidationError as error:
        raise problems.misfit(error, is_query=True) from None


def _query(operation: Operation, raw: bytes) -> msgspec.Struct | None:
    if operation.query is not None:
        return query_of(operation.query, raw)
    if given := query_of(dict[str, str], raw):
        fault = FieldError(code="unknown_field", parameter=next(iter(given)))
        raise problems.InvalidRequest("This takes no query.", errors=[fault])
    return None


async def _read(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        try:
            message: Message = await receive()
        except HTTPException as error:
            raise problems.BodyTooLarge(error.detail) from None
        if message["type"] == "http.disconnect":
            raise ClientGone
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def _decoded(operation: Operation, raw: bytes, headers: Mapping[str, str]) -> Any:  # noqa: ANN401
    if operation.is_raw:
        return raw
    media = headers.get("content-type", "").partition(";")[0].strip().lower()
    if operation.takes_write_key and media == "text/plain":
        media = operation.media  # A page that sends JSON as plain text need not ask first.
    if raw and media != operation.media:
        raise problems.UnsupportedMediaType(f"This takes {operation.media}.")
    if operation.media != "application/json":
        return raw
    wanted = operation.request
    try:
        if wanted is None:
            if raw and msgspec.json.decode(raw) not in ({}, None):
                raise problems.InvalidRequest("This takes no body.")
            return None
        return msgspec.json.decode(raw or b"{}", type=wanted)
    except msgspec.DecodeError as error:
        raise problems.misfit(error) from None
    except RecursionError:
        raise problems.InvalidRequest("This body is nested too deeply.") from None


def _revision(operation: Operation, headers: Mapping[str, str]) -> int | None:
    if not operation.needs_revision:
        return None
    given = headers.get("if-match", "").strip()
    if not given:
        raise problems.PreconditionRequired
    if given == "*":
        return None
    found = _ETAG.match(given)
    if found is None:
        raise problems.InvalidRequest(
            "If-Match is the ETag that you read, or *.", errors=[FieldError(code="wrong_value", parameter="If-Match")]
        )
    return int(found[1])


def refused(error: CaravanError, instance: str) -> Reply:
    """Give the reply that a refusal or a failure is told with."""
    headers = problems.headers_of(error)
    if isinstance(error, problems.MethodNotAllowed):
        headers["allow"] = ", ".join(str(method) for method in error.details.pop("allow"))  # type: ignore[attr-defined]
    if isinstance(error, problems.TooManyRequests) and "allowance" in error.details:
        headers |= error.details.pop("allowance").headers()  # type: ignore[attr-defined]
    if isinstance(error, problems.BodyTooLarge):
        headers["connection"] = "close"
    status = problems.status_of(type(error))
    return Reply(status, problems.body_of(error, instance=instance), problems.MEDIA, headers)


def broken(bug: Exception) -> Broken:
    """Log a fault of ours, and give the failure that it is told as."""
    _logger.error("A request broke.", exc_info=bug)
    failure = Broken()
    failure.__cause__ = bug
    return failure


async def _send(send: Send, reply: Reply, headers: Mapping[str, str], *, has_body: bool) -> None:
    told = dict(headers)
    if reply.file is not None:
        await _send_file(send, reply.file, told | {"content-type": reply.media}, has_body=has_body)
        return
    if reply.body:
        told["content-type"] = reply.media
    if reply.status != 204:  # noqa: PLR2004
        told["content-length"] = str(len(reply.body))
    await send({"type": "http.response.start", "status": reply.status, "headers": _encoded(told)})
    await send({"type": "http.response.body", "body": reply.body if has_body else b""})


async def _send_file(send: Send, path: Path, told: Mapping[str, str], *, has_body: bool) -> None:
    """Send a file a piece at a time; it stays readable when somebody takes it away meanwhile."""
    with await run_in_threadpool(path.open, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        headers = _encoded({**told, "content-length": str(size)})
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        while has_body and (piece := await run_in_threadpool(file.read, _PIECE_BYTES)):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def _encoded(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
