"""Dispatch: what a seller takes from the shelves and sticks on parcels for the orders that wait to be handed over."""

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from caravan.flows import fulfillment, parcels, places
from caravan.flows.house import House
from caravan.insight import identity
from caravan.kernel import ids
from caravan.kernel.errors import NotFound
from caravan.kernel.ids import ListingId, LocationId, OrderId, ParcelId, SellerId, SkuId
from caravan.trade import catalog, delivery, orders
from caravan.trade.delivery import Pick
from caravan.world import partners

ORDERS_MAX = 200
_COUNTRY = re.compile(r"[A-Z]{2}")
_OF_PARCELS = "CP"  # S10's letters for parcels, so that theirs are never numbers of orders.
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
    """Give what labels need: one for each order, or for each of its parcels that are packed.

    An order that lies in several locations and is not packed is passed over, or refused where it is the only one. Refuses orders that are not this seller's (0 is the operator) as not found.
    """
    _require_own(house, numbers, seller)
    found = []
    for number in numbers:
        packed = [one.parcel for one in delivery.parcels_of(house.delivery, number) if one.is_packed]
        found += [slip_of(house, parcel, seller) for parcel in packed]
        spots = places.locations_of(house, number)
        if not packed and len(spots) > 1 and len(numbers) == 1:
            raise fulfillment.LiesInSeveralPlaces
        if not packed and len(spots) == 1:
            found.append(_slip(house, number, spots[0]))
    return found


def _slip(house: House, order: OrderId, location: LocationId) -> Slip:
    table = house.orders
    address = house.identity.addresses[int(table.purchases.address[table.orders.purchase[order]])]
    return Slip(order, tracking_of(house, order), sender_of(house, location), address, address.country)


def sender_of(house: House, location: LocationId) -> tuple[str, ...]:
    """Give what stands on a label as its sender: the seller, and the location's address as far as it is known."""
    place = house.partners.locations[location]
    street = ", ".join(filter(None, (place.line1, place.line2)))
    town = " ".join(filter(None, (place.postcode, place.city)))
    lines = (house.partners.sellers[place.seller].name, street, town if street else "", place.country)
    return tuple(line for line in lines if line)


def slip_of(house: House, parcel: ParcelId, seller: SellerId) -> Slip:
    """Give what the label of one parcel needs. Refuses another seller's parcel (0 is the operator) as not found."""
    order = parcels.own_parcel(house, parcel, seller)
    return _slip(house, order, places.sent_from(house, parcel))._replace(tracking=parcel_tracking_of(house, parcel))


def parcel_tracking_of(house: House, parcel: ParcelId) -> str:
    """Give the tracking number that a parcel has, or else where its carrier gives it none."""
    known = house.delivery.trackings[parcel]
    if known or parcel not in house.delivery.made:
        return known or tracking_of(house, OrderId(int(house.delivery.parcels.order[parcel])))
    seller = partners.seller_of(house.partners, SellerId(int(house.delivery.parcels.seller[parcel])))
    country = seller.country if _COUNTRY.fullmatch(seller.country) else _NOWHERE
    return delivery.tracking_number(int(parcel), country, service=_OF_PARCELS)


def picks(
    house: House,
    numbers: Sequence[OrderId],
    seller: SellerId,
    location: LocationId = LocationId(0),  # noqa: B008  # A number.
) -> list[Pick]:
    """Give what to take from the shelves for orders, one row a SKU and place; of one location, or of all (0).

    Refuses others' orders as not found.
    """
    _require_own(house, numbers, seller)
    return _picks(house, [
        (number, line, units.current - units.fulfilled + units.replacing)
        for number in numbers
        for line, units in enumerate(orders.units_of(house.orders, number))
        if location in {0, int(house.orders.lines.location[int(house.orders.orders.first_line[number]) + line])}
    ])  # fmt: skip


def picks_of(house: House, parcel: ParcelId, seller: SellerId) -> list[Pick]:
    """Give what to take from the shelves for one parcel. Refuses another seller's (0 is the operator) as not found."""
    order = parcels.own_parcel(house, parcel, seller)
    found = delivery.parcel_of(house.delivery, parcel)
    return _picks(house, [(order, line, quantity) for line, quantity in found.contents])


def _picks(house: House, wanted: Sequence[tuple[OrderId, int, int]]) -> list[Pick]:
    found: dict[tuple[int, int], list[tuple[str, int]]] = defaultdict(list)
    table = house.orders.lines
    for order, line, quantity in wanted:
        row = int(house.orders.orders.first_line[order]) + line
        if quantity > 0:
            found[int(table.location[row]), int(table.listing[row])].append((ids.text(OrderId, order), quantity))
    return [_pick(house, place, ListingId(listing), of) for (place, listing), of in sorted(found.items())]


def _pick(house: House, place: int, listing: ListingId, of: list[tuple[str, int]]) -> Pick:
    offer = catalog.listing_of(house.catalog, listing)
    where = house.partners.locations[place]
    return Pick(
        place=", ".join(filter(None, (where.name, where.postcode, where.city, where.country))),
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
    return [
        number for number in numbers
        if not table.canceled_at[number]
        and (not table.fulfilled_at[number] or any(units.replacing for units in orders.units_of(house.orders, number)))
    ]  # fmt: skip
