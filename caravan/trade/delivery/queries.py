"""What you can ask delivery: the parcels of an order."""

from typing import NamedTuple

from caravan.kernel.ids import OrderId, ParcelId
from caravan.trade.delivery.model import Delivery, ParcelStatus


class Parcel(NamedTuple):
    """A parcel, as people read it. Times are 0 where nothing is known."""

    parcel: ParcelId
    order: OrderId
    status: ParcelStatus
    carrier: str
    tracking: str
    handed_over_at: int
    promised_at: int
    delivered_at: int


def parcels_of(delivery: Delivery, order: OrderId) -> list[Parcel]:
    """Give an order's parcels, in the order in which they were handed over."""
    table = delivery.parcels
    return [
        Parcel(
            parcel=ParcelId(parcel),
            order=order,
            status=ParcelStatus(table.status[parcel]),
            carrier=delivery.carriers[parcel],
            tracking=delivery.trackings[parcel],
            handed_over_at=int(table.handed_over_at[parcel]),
            promised_at=int(table.promised_at[parcel]),
            delivered_at=int(table.delivered_at[parcel]),
        )
        for parcel in delivery.by_order.get(order, [])
    ]
