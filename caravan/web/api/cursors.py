"""Cursors: where a list goes on, written so that nobody is tempted to read them."""

import base64
import binascii
from typing import TypeVar

import msgspec

from caravan.client.wire import FieldError
from caravan.web.api.problems import InvalidRequest

T = TypeVar("T")


def write(place: object) -> str:
    """Give the cursor of a place."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).rstrip(b"=").decode()


def read(cursor: str, kind: type[T]) -> T | None:
    """Give the place of a cursor, None for the beginning. Refuses what was never a cursor of this list."""
    if not cursor:
        return None
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), type=kind)
    except (ValueError, binascii.Error, msgspec.DecodeError, RecursionError):
        fault = FieldError(code="wrong_cursor", parameter="after")
        raise InvalidRequest("This is no cursor of this list.", errors=[fault]) from None
