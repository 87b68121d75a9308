"""What planners ask of the log: who ordered how much from where."""

from typing import NamedTuple

import numpy as np

from caravan.flows.house import House
from caravan.kernel.clock import DAY, Instant


class Wanted(NamedTuple):
    """Parcels a day from sellers of one country to buyers of another, both ISO 3166 alpha-2."""

    origin: str
    place: str
    parcels: float


def demand(house: House, *, days: int, now: Instant) -> list[Wanted]:
    """Count the orders of the last days that were not canceled, by country of seller and address, as orders a day.

    One seller's part of a purchase is one order and, in the main, one parcel. Only what the log says in the clear is
    read: an address is its country here, and nobody's home.
    """
    table = house.orders.orders
    is_meant = (table.placed_at >= now - days * DAY) & (table.canceled_at == 0)
    is_meant[:1] = False  # Number 0 is nobody's order.
    if not is_meant.any():
        return []
    origins = np.array([seller.country for seller in house.partners.sellers])
    places = np.array([address.country for address in house.identity.addresses])
    homes = np.array([buyer.country for buyer in house.identity.buyers])
    addresses = house.orders.purchases.address[table.purchase[is_meant]]
    # What was imported may have no address: then it went where its buyer lives.
    reached = np.where(addresses > 0, places[addresses], homes[table.buyer[is_meant]])
    both = np.stack([origins[table.seller[is_meant]], reached], axis=1)
    pairs, counts = np.unique(both, axis=0, return_counts=True)
    return [
        Wanted(str(origin), str(place), round(count / days, 4))
        for (origin, place), count in zip(pairs.tolist(), counts.tolist(), strict=True)
        if origin and place
    ]
