"""Papers: labels and pick lists for a seller's orders, the same for the API and for the pages."""

from collections.abc import Sequence

from starlette.concurrency import run_in_threadpool

from caravan import bootstrap
from caravan.bootstrap import Caravan
from caravan.flows import dispatch
from caravan.kernel import ids
from caravan.kernel.clock import iso
from caravan.kernel.errors import Invalid, Refusal
from caravan.kernel.ids import LocationId, OrderId, ParcelId, SellerId
from caravan.trade.delivery import Label
from caravan.web import access
from caravan.web.reach import ask, page
from caravan.world import partners

MEDIA = "application/pdf"


class AddressUnknown(Refusal):
    """Where this order goes is not known, or its buyer was forgotten."""


class NothingToShip(Refusal):
    """No order waits to be handed over."""


async def labels(
    caravan: Caravan, numbers: Sequence[OrderId], seller: SellerId, *, skips_unknown: bool = False
) -> bytes:
    """Print a label for each order. Refuses one that has no address that can be read, or passes over it."""
    slips = await ask(caravan, dispatch.slips, _few(numbers), seller)

    def print_them() -> bytes:
        printed = [_label(caravan, slip) for slip in slips]
        known = [label for label in printed if label is not None]
        if not known or (len(known) < len(printed) and not skips_unknown):
            raise AddressUnknown
        return bootstrap.printer().labels(known)

    return await run_in_threadpool(print_them)


async def parcel_label(caravan: Caravan, parcel: ParcelId, seller: SellerId) -> bytes:
    """Print the label of one parcel. Refuses one whose address can't be read."""
    slip = await ask(caravan, dispatch.slip_of, parcel, seller)

    def print_it() -> bytes:
        printed = _label(caravan, slip)
        if printed is None:
            raise AddressUnknown
        return bootstrap.printer().labels([printed])

    return await run_in_threadpool(print_it)


async def parcel_picks(caravan: Caravan, parcel: ParcelId, seller: SellerId) -> bytes:
    """Print what to take from the shelves for one parcel."""
    picks = await ask(caravan, dispatch.picks_of, parcel, seller)
    name = await ask(caravan, lambda house: partners.seller_of(house.partners, seller).name) if seller else ""
    return await run_in_threadpool(bootstrap.printer().pick_list, name, iso(caravan.clock.now())[:10], picks)


def _label(caravan: Caravan, slip: dispatch.Slip) -> Label | None:
    place = access.place_of(caravan, slip.address)
    if place is None:
        return None
    lines = (place.name, place.line1, place.line2, f"{place.postcode} {place.city}", place.country)
    return Label(
        order=ids.text(OrderId, slip.order), tracking=slip.tracking, sender=slip.sender,
        recipient=tuple(line for line in lines if line.strip()), country=place.country,
    )  # fmt: skip


async def pick_list(
    caravan: Caravan,
    numbers: Sequence[OrderId],
    seller: SellerId,
    location: LocationId = LocationId(0),  # noqa: B008  # A number.
) -> bytes:
    """Print what to take from the shelves for orders that wait to be handed over; of one location, or of all (0)."""
    numbers = await ask(caravan, dispatch.waiting, _few(numbers), seller)
    picks = await ask(caravan, dispatch.picks, numbers, seller, location)
    if location and not picks:
        raise NothingToShip("Nothing waits to be sent from this location.")
    name = await ask(caravan, lambda house: partners.seller_of(house.partners, seller).name) if seller else ""
    day = iso(caravan.clock.now())[:10]
    return await run_in_threadpool(bootstrap.printer().pick_list, name, day, picks)


async def to_ship(caravan: Caravan, seller: SellerId) -> list[OrderId]:
    """Give a seller's orders that wait to be handed over, the oldest first, at most as many as are printed at a time."""
    rows = await page(
        caravan,
        "SELECT number FROM orders WHERE seller = ? AND fulfillment IN ('unfulfilled', 'partial') AND status = 'placed'"
        " ORDER BY number LIMIT ?",
        (seller, dispatch.ORDERS_MAX),
    )
    return [OrderId(number) for (number,) in rows]


def _few(numbers: Sequence[OrderId]) -> list[OrderId]:
    few = list(dict.fromkeys(numbers))
    if not 0 < len(few) <= dispatch.ORDERS_MAX:
        raise Invalid(f"Papers are printed for 1 to {dispatch.ORDERS_MAX} orders at a time.", field="orders")
    return few
