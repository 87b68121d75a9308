"""The lane of lists: `GET /v1/recommendations`, made at once out of what has been folded in."""

from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from typing import Final

import msgspec

from caravan.cell import Answer
from caravan.client import wire
from caravan.flows import discovering
from caravan.kernel.errors import CaravanError
from caravan.kernel.ids import BuyerId
from caravan.web import suggesting
from caravan.web.api.discovering import question_of, recommendations
from caravan.web.api.doorway import broken, query_of
from caravan.web.express.ride import Ride, Shopper

PATH: Final = b"/v1/recommendations"
_NOBODY: Final = Shopper(BuyerId(0), "", frozenset())


def set_out(ride: Ride) -> bool:
    """Have a list made and told; tell whether it can be made here, and touch nothing where it can't."""
    told, express = dict(ride.told), ride.express
    shopper = express.shopper(told) if b"authorization" in told else _NOBODY
    version = told.get(b"api-version")
    if shopper is None or (version is not None and version != wire.API_VERSION.encode()):
        return False
    try:
        query = query_of(wire.RecommendationsQuery, ride.query)
        if query.cart:
            return False
        question = question_of(express.caravan, query, shopper.buyer)
    except CaravanError:
        return False
    allowance = express.doorway.take("requests", shopper.token or ride.address())
    if allowance.wait_s:
        return False
    ride.headers = {"access-control-allow-origin": "*", "cache-control": "no-cache", **allowance.headers()}
    ride.request_id = express.request_id()
    make = partial(_make, ride, query.surface, question)
    if suggesting.is_current(express.caravan):
        ride.loop.call_soon(make)  # Not at once: what one connection sent ahead must not keep the others waiting.
    else:
        waiting = ride.loop.run_in_executor(None, suggesting.wait_until_current, express.caravan)
        waiting.add_done_callback(lambda _: make())
    return True


def _make(ride: Ride, surface: wire.Surface, question: suggesting.Question) -> None:
    caravan = ride.express.caravan
    with _telling(ride):
        begun = suggesting.begin(caravan, question)
        arranged = caravan.cell.inquire(discovering.arrange, begun.answers, begun.terms)
        tell = partial(_tell, ride, surface, begun, arranged)
        if arranged.done():
            tell()
        else:
            arranged.add_done_callback(lambda _: ride.express.later(ride.loop, tell))


def _tell(ride: Ride, surface: wire.Surface, begun: suggesting.Begun, arranged: "Future[discovering.Lists]") -> None:
    with _telling(ride):
        found = suggesting.end(ride.express.caravan, begun, arranged.result())
        ride.tell(Answer(200, msgspec.json.encode(recommendations(surface, found))))


@contextmanager
def _telling(ride: Ride) -> Iterator[None]:
    """Tell whoever asked what went wrong."""
    try:
        yield
    except CaravanError as error:
        ride.set_exception(error)
    except Exception as bug:  # noqa: BLE001
        ride.set_exception(broken(bug))
