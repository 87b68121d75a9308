"""Dates: by when something would arrive at this visitor's, and what was promised for an order."""

from collections.abc import Sequence
from typing import NamedTuple

from caravan.flows import promises
from caravan.flows.house import House, integers
from caravan.kernel.errors import Refusal
from caravan.kernel.ids import BuyerId, ListingId, OrderId
from caravan.trade import delivery
from caravan.web.pages.visit import Visit
from caravan.web.reach import ask


class Promised(NamedTuple):
    """What the page of an order says about its date: the promise, and when it will arrive as things move now."""

    promise: delivery.Promise
    expected_at: int  # 0 once it has arrived, or was called off


async def by_listing(visit: Visit, listings: Sequence[ListingId], country: str = "") -> dict[int, promises.Quote]:
    """Promise dates for listings, to a country or to where this visitor lives; nothing while they are being learned.

    Of a guest nobody knows where they live: they are told the date within each seller's own country.
    """
    desk, at, buyer = visit.caravan.desk, visit.caravan.clock.now(), visit.buyer

    def quote(house: House) -> dict[int, promises.Quote]:
        found = {}
        for listing in dict.fromkeys(listings):
            to = country or _home(house, buyer) or _origin(house, listing)
            if to:
                leaves = promises.leaving(promises.origins(house, [listing], to), [at])
                asks = promises.ask_for(house, desk, [listing], to, at=at)
                found[int(listing)] = promises.quotes(desk, asks, leaves)[0]
        return found

    try:
        return await ask(visit.caravan, quote)  # type: ignore[no-any-return]
    except (promises.NotLearned, Refusal):
        return {}  # A page without a date is better than no page.


def latest(found: dict[int, promises.Quote], listings: Sequence[ListingId]) -> promises.Quote | None:
    """Give the date by which all of these have arrived; None where one has no date."""
    dates = [found.get(int(listing)) for listing in listings]
    known = [date for date in dates if date is not None]
    return max(known, key=lambda date: date.promised_at) if known and len(known) == len(dates) else None


def _home(house: House, buyer: BuyerId) -> str:
    return house.identity.buyers[buyer].country if buyer else ""


def _origin(house: House, listing: ListingId) -> str:
    return house.partners.locations[int(house.catalog.listings.location[listing])].country


async def of_order(visit: Visit, order: OrderId) -> Promised | None:
    """Give what was promised for an order and how it stands; None where nothing was promised."""
    desk, now = visit.caravan.desk, visit.caravan.clock.now()

    def show(house: House) -> Promised | None:
        found = promises.promise_of(house, order, now=now)
        if found is None:
            return None
        table = house.orders.orders
        if table.received_at[order] or table.canceled_at[order]:
            return Promised(found, 0)
        try:
            day = promises.outlook(house, desk, integers(order), now=now).promised
        except promises.NotLearned:
            return Promised(found, 0)
        return Promised(found, int(delivery.ended(day)[0]))

    return await ask(visit.caravan, show)  # type: ignore[no-any-return]
