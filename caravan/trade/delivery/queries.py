"""What you can ask delivery: the parcels of an order, with what is in them and everything that was said of them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from caravan.kernel.ids import OrderId, ParcelId
from caravan.trade.delivery.model import PACKED, Delivery, ParcelStatus, Scan


class Parcel(NamedTuple):
    """A parcel, as people read it. Times are 0 where nothing is known; without contents it holds the whole order.

    `scans` is what was said of it, in the order in which it happened.
    """

    parcel: ParcelId
    order: OrderId
    status: ParcelStatus
    carrier: str
    tracking: str
    handed_over_at: int
    promised_at: int
    delivered_at: int
    made_at: int
    contents: tuple[tuple[int, int], ...]
    is_replacement: bool
    scans: tuple[Scan, ...]

    @property
    def is_packed(self) -> bool:
        """Tell whether it is still with its seller."""
        return self.status in PACKED

    @property
    def is_canceled(self) -> bool:
        """Tell whether it was unpacked again."""
        return self.status == ParcelStatus.CANCELED


def parcels_of(delivery: Delivery, order: OrderId) -> list[Parcel]:
    """Give an order's parcels, in the order in which they were made."""
    return [parcel_of(delivery, ParcelId(parcel)) for parcel in delivery.by_order.get(order, [])]


def parcel_of(delivery: Delivery, parcel: ParcelId) -> Parcel:
    """Give a parcel."""
    table, made = delivery.parcels, delivery.made.get(parcel)
    return Parcel(
        parcel=parcel,
        order=OrderId(int(table.order[parcel])),
        status=ParcelStatus(table.status[parcel]),
        carrier=delivery.carriers[parcel],
        tracking=delivery.trackings[parcel],
        handed_over_at=int(table.handed_over_at[parcel]),
        promised_at=int(table.promised_at[parcel]),
        delivered_at=int(table.delivered_at[parcel]),
        made_at=int(table.made_at[parcel]),
        contents=tuple(zip(made.lines, made.quantities, strict=True)) if made else (),
        is_replacement=bool(made and made.is_replacement),
        scans=tuple(sorted(delivery.scans.get(parcel, ()))),
    )


def packed(delivery: Delivery, order: OrderId) -> dict[int, int]:
    """Give the units of an order's lines that are packed for the first time and have not left, by line."""
    found: dict[int, int] = {}
    for parcel in delivery.by_order.get(order, ()):
        made = delivery.made.get(parcel)
        if made is None or made.is_replacement or ParcelStatus(delivery.parcels.status[parcel]) not in PACKED:
            continue
        for line, quantity in zip(made.lines, made.quantities, strict=True):
            found[line] = found.get(line, 0) + quantity
    return found


def is_news(delivery: Delivery, parcels: Sequence[int], scans: Sequence[Scan]) -> np.ndarray:
    """Tell which scans were not told of their parcels before, each once; bool [n]."""
    told: set[tuple[int, Scan]] = set()
    news = np.zeros(len(scans), np.bool_)
    for place, one in enumerate(zip(parcels, scans, strict=True)):
        news[place] = one not in told and one[1] not in delivery.scans.get(one[0], ())
        told.add(one)
    return news
