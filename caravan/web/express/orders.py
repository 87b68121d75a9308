"""The lane of orders: `POST /v1/orders`, decided by the cell together with its neighbors."""

import functools
import re
from typing import Final

import msgspec

from caravan.client import wire
from caravan.flows import checkout
from caravan.kernel.errors import CaravanError
from caravan.web.api import shop
from caravan.web.api.canonical import canonical
from caravan.web.api.doorway import key_of
from caravan.web.express.ride import Ride

PATH: Final = b"/v1/orders"
_SCOPE: Final = "checkout:write"
_DECODE = msgspec.json.Decoder(wire.NewOrder).decode
_PLAIN = re.compile(rb"^[^\\\x80-\xff]*$")
_FRACTION = re.compile(rb"[:\[,\s]-?\d+[.eE]")


def set_out(ride: Ride) -> bool:
    """Give an order to the cell; tell whether it could be, and touch nothing where it could not."""
    told, express = dict(ride.told), ride.express
    given = told.get(b"idempotency-key", b"").decode("latin-1")
    version = told.get(b"api-version")
    if ride.query or not given or (version is not None and version != wire.API_VERSION.encode()):
        return False
    shopper = express.shopper(told)
    if shopper is None or _SCOPE not in shopper.scopes:
        return False
    if told.get(b"content-type", b"").partition(b";")[0].strip().lower() != b"application/json":
        return False
    try:
        wanted = shop.direct_order(express.caravan, shopper.buyer, _DECODE(ride.body))
        path = PATH.decode()
        key = key_of(f"buyer:{shopper.buyer}", "POST", path, given, canonical_of(bytes(ride.body)))
    except (CaravanError, msgspec.DecodeError, RecursionError):
        return False
    allowance = express.doorway.take("requests", shopper.token)
    if allowance.wait_s:
        return False
    cell = express.caravan.cell
    ride.headers = {"cache-control": "no-store", **allowance.headers()}
    ride.request_id = express.request_id()
    render = functools.partial(shop.rendered_purchase, cell.house, f"urn:caravan:request:{ride.request_id}")
    try:
        cell.submit_to(ride, checkout.order_directly, wanted, is_many=True, key=key, render=render)
    except CaravanError as error:
        ride.set_exception(error)
    return True


def canonical_of(raw: bytes) -> bytes:
    """Write a body as `canonical` would, the quick way where the two are the same."""
    decoded = msgspec.json.decode(raw)
    if _PLAIN.match(raw) and not _FRACTION.search(raw):
        return msgspec.json.encode(decoded, order="sorted")
    return canonical(decoded)
