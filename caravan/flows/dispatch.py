"""Dispatch: what a seller takes from the shelves and sticks on parcels for the orders that wait to be handed over."""

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from caravan.flows.house import House
from caravan.insight import identity
from caravan.kernel import ids
from caravan.kernel.errors import NotFound
from caravan.kernel.ids import ListingId, OrderId, SellerId, SkuId
from caravan.trade import catalog, delivery, orders
from caravan.trade.delivery import Pick
from caravan.world import partners

ORDERS_MAX = 200
_COUNTRY = re.compile(r"[A-Z]{2}")
_NOWHERE = "ZZ"  # Which ISO 3166 gives to nobody; the country of an imported seller may not be known.


class Slip(NamedTuple):
    """What a label needs of an order; the address is still sealed."""

    order: OrderId
    tracking: str
    sender: tuple[str, ...]
    address: identity.Address
    country: str


def tracking_of(house: House, order: OrderId) -> str:
    """Give the tracking number that an order's parcel has where its carrier gives it none."""
    seller = partners.seller_of(house.partners, SellerId(int(house.orders.orders.seller[order])))
    return delivery.tracking_number(int(order), seller.country if _COUNTRY.fullmatch(seller.country) else _NOWHERE)


def slips(house: House, numbers: Sequence[OrderId], seller: SellerId) -> list[Slip]:
    """Give what labels need. Refuses orders that are not this seller's (0 is the operator) as not found."""
    _require_own(house, numbers, seller)
    found = []
    for number in numbers:
        table = house.orders
        of = partners.seller_of(house.partners, SellerId(int(table.orders.seller[number])))
        address = house.identity.addresses[int(table.purchases.address[table.orders.purchase[number]])]
        found.append(Slip(number, tracking_of(house, number), (of.name, of.country), address, address.country))
    return found


def picks(house: House, numbers: Sequence[OrderId], seller: SellerId) -> list[Pick]:
    """Give what to take from the shelves for orders, one row a SKU and place. Refuses others' orders as not found."""
    _require_own(house, numbers, seller)
    wanted: dict[tuple[int, int], list[tuple[str, int]]] = defaultdict(list)
    table = house.orders.lines
    for number in numbers:
        for row in orders.lines_of(house.orders, number):
            left = int(table.quantity[row] - table.returned[row])
            if left > 0:
                wanted[int(table.location[row]), int(table.listing[row])].append((ids.text(OrderId, number), left))
    return [_pick(house, place, ListingId(listing), of) for (place, listing), of in sorted(wanted.items())]


def _pick(house: House, place: int, listing: ListingId, of: list[tuple[str, int]]) -> Pick:
    offer = catalog.listing_of(house.catalog, listing)
    where = house.partners.locations[place]
    return Pick(
        place=", ".join(filter(None, (where.postcode, where.city, where.country))),
        title=catalog.product_of(house.catalog, offer.product).title,
        option=offer.option,
        sku=ids.text(SkuId, offer.sku),
        units=sum(units for _, units in of),
        orders=tuple(of),
    )


def _require_own(house: House, numbers: Sequence[OrderId], seller: SellerId) -> None:
    table = house.orders.orders
    for number in numbers:
        if not 0 < number < len(table) or (seller and table.seller[number] != seller):
            raise NotFound("There is no such order.")


def waiting(house: House, numbers: Sequence[OrderId], seller: SellerId) -> list[OrderId]:
    """Give those of these orders that wait to be handed over. Refuses others' orders as not found."""
    _require_own(house, numbers, seller)
    table = house.orders.orders
    return [number for number in numbers if not table.canceled_at[number] and not table.fulfilled_at[number]]
