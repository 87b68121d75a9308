"""Why something did not happen, as problem+json: refusals, conflicts and outages become statuses here and only here."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from numbers import Integral

import msgspec

from caravan.cell import Broken, IdempotencyConflict, RequestInFlight
from caravan.client.wire import PROBLEMS, FieldError
from caravan.insight import identity
from caravan.kernel import ids
from caravan.kernel.errors import CaravanError, Conflict, Invalid, NotFound, Outage, Refusal, code
from caravan.trade import catalog

MEDIA = "application/problem+json"
_RESERVED = frozenset({"type", "title", "status", "refusal", "detail", "instance", "errors"})
_IDS = {
    "sku": ids.SkuId, "listing": ids.ListingId, "seller": ids.SellerId, "order": ids.OrderId, "buyer": ids.BuyerId,
    "product": ids.ProductId, "session": ids.SessionId, "parcel": ids.ParcelId,
}  # fmt: skip


class DoorRefusal(Refusal):
    """What the door itself refuses, before anybody was asked."""

    status = HTTPStatus.BAD_REQUEST


class Unauthenticated(DoorRefusal):
    """A valid token is needed here."""

    status = HTTPStatus.UNAUTHORIZED


class MissingScope(DoorRefusal):
    """This token may not do that."""

    status = HTTPStatus.FORBIDDEN


class WrongAudience(DoorRefusal):
    """This is not for tokens of this audience."""

    status = HTTPStatus.FORBIDDEN


class MethodNotAllowed(DoorRefusal):
    """There is no such method here."""

    status = HTTPStatus.METHOD_NOT_ALLOWED


class BodyTooLarge(DoorRefusal):
    """This body is larger than what is taken."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class UnsupportedMediaType(DoorRefusal):
    """A body is application/json in UTF-8."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


class TooManyRequests(DoorRefusal):
    """Too much was asked in too short a time."""

    status = HTTPStatus.TOO_MANY_REQUESTS


class UnsupportedVersion(DoorRefusal):
    """There is no such version of this API."""


class InvalidRequest(DoorRefusal):
    """What was sent cannot be understood."""


class IdempotencyKeyRequired(DoorRefusal):
    """This moves stock or money: send an Idempotency-Key, so that it can be sent again safely."""


class PreconditionRequired(DoorRefusal):
    """Send If-Match with the revision that you read, so that nobody's edit is lost."""

    status = HTTPStatus.PRECONDITION_REQUIRED


class NoPlayMoney(DoorRefusal):
    """In this market only the operator puts money into wallets."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY


def status_of(kind: type[CaravanError]) -> int:
    """Give the status that a kind of error is answered with."""
    for family, status in _STATUSES:
        if issubclass(kind, family):
            return int(status)
    return int(kind.status if issubclass(kind, DoorRefusal) else HTTPStatus.UNPROCESSABLE_ENTITY)


_STATUSES: tuple[tuple[type[CaravanError], HTTPStatus], ...] = (
    (Invalid, HTTPStatus.BAD_REQUEST),
    (NotFound, HTTPStatus.NOT_FOUND),
    (identity.WrongLogin, HTTPStatus.UNAUTHORIZED),
    (IdempotencyConflict, HTTPStatus.UNPROCESSABLE_ENTITY),
    (catalog.StaleRevision, HTTPStatus.PRECONDITION_FAILED),
    (Conflict, HTTPStatus.CONFLICT),
    (Outage, HTTPStatus.SERVICE_UNAVAILABLE),
    (Broken, HTTPStatus.INTERNAL_SERVER_ERROR),
)


def headers_of(error: CaravanError) -> dict[str, str]:
    """Give the headers that go with an error."""
    if isinstance(error, RequestInFlight | Outage):
        return {"retry-after": "1"}
    if isinstance(error, Unauthenticated):
        return {"www-authenticate": 'Bearer realm="caravan"'}
    if isinstance(error, identity.WrongLogin):
        return {"www-authenticate": 'Password realm="caravan"'}
    return {}


def type_of(kind: type[CaravanError]) -> str:
    """Give the address that names a kind of problem."""
    return PROBLEMS + code(kind()).replace("_", "-")


def body_of(error: CaravanError, *, instance: str) -> bytes:
    """Write an error as a problem. Of an outage or a fault of ours nothing is told but that it is one."""
    status = status_of(type(error))
    told: dict[str, object] = {
        "type": type_of(type(error)),
        "title": (type(error).__doc__ or HTTPStatus(status).phrase).split("\n")[0],
        "status": status,
        "refusal": code(error),
        "detail": HTTPStatus(status).description if isinstance(error, Outage | Broken) else str(error),
        "instance": instance,
    }
    if isinstance(error, Refusal):
        errors = _field_errors(error)
        told |= {"errors": errors} if errors else {}
        told |= _public(error.details)
    return msgspec.json.encode(told)


def _field_errors(error: Refusal) -> list[FieldError]:
    given = error.details.get("errors")
    if isinstance(given, list):
        return given
    field = error.details.get("field")
    if isinstance(error, Invalid) and isinstance(field, str):
        return [FieldError(pointer="/" + field, code="invalid", detail=str(error))]
    return []


def _public(details: Mapping[str, object]) -> dict[str, object]:
    """Give details with numbers of things as their public ids."""
    return {name: _plain(name, value) for name, value in details.items() if name not in _RESERVED | {"field", "value"}}


def _plain(name: str, value: object) -> object:
    if isinstance(value, Integral) and not isinstance(value, bool):  # A number out of an array, too.
        return ids.text(_IDS[name], int(value)) if name in _IDS else int(value)
    return value if isinstance(value, str | bool | list | None) else str(value)


_PATH = re.compile(r"^(?P<what>.*?)(?: - at `(?P<of>key in )?(?P<path>\$[^`]*)`)?$", re.DOTALL)
_NAMED = re.compile(r"^Object (?P<fault>contains unknown field|missing required field) `(?P<field>[^`]*)`$")
_FAULTS = {"contains unknown field": "unknown_field", "missing required field": "missing_field"}


def misfit(error: msgspec.DecodeError, *, is_query: bool = False) -> InvalidRequest:
    """Say where a body or a query does not fit its type, as a JSON pointer."""
    if not isinstance(error, msgspec.ValidationError):
        fault = FieldError(code="malformed_json", detail=str(error))
        return InvalidRequest(f"This is no JSON: {error}.", errors=[fault])
    found = _PATH.match(str(error))
    assert found is not None, error
    what, pointer = found["what"], _pointer(found["path"] or "$")
    fault_code = "wrong_value"
    if named := _NAMED.match(what):
        fault_code = _FAULTS[named["fault"]]
        pointer += "/" + named["field"].replace("~", "~0").replace("/", "~1")
    elif ", got `" in what:
        fault_code = "wrong_type"
    if is_query:
        fault = FieldError(code=fault_code, detail=what, parameter=pointer.removeprefix("/"))
    else:
        fault = FieldError(code=fault_code, detail=what, pointer=pointer)
    return InvalidRequest(f"{what} at {pointer or 'the top'}.", errors=[fault])


def _pointer(path: str) -> str:
    """Turn `$.lines[0].quantity` into /lines/0/quantity; a key of a mapping is not told and becomes *."""
    steps = re.findall(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]", path)
    return "".join("/" + (name or place.replace("...", "*")) for name, place in steps)
