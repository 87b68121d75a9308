"""What you can tell delivery: a parcel was packed, unpacked, handed over, scanned."""

from collections.abc import Mapping, Sequence

import numpy as np

from caravan.cell import Section, section
from caravan.events import delivery as events
from caravan.kernel.clock import Instant
from caravan.kernel.errors import Refusal
from caravan.kernel.ids import ClaimId, OrderId, ParcelId, SellerId
from caravan.trade.delivery.model import PACKED, Delivery, ParcelStatus

TEXT_CHARACTERS_MAX = 100


class ParcelNotPacked(Refusal):
    """This parcel has left already, or was unpacked."""


def make_parcel(  # All of it is said of a parcel.
    delivery: Delivery, *, order: OrderId, seller: SellerId, contents: Mapping[int, int], now: Instant,
    is_replacement: bool = False, claim: ClaimId = ClaimId(0),  # noqa: B008  # A number.
) -> events.ParcelMade:  # fmt: skip
    """Pack units of an order's lines, so many of each."""
    assert contents, order
    assert all(quantity > 0 for quantity in contents.values()), contents
    return events.ParcelMade(
        at=now, parcel=ParcelId(len(delivery.parcels)), order=order, seller=seller, claim=claim,
        is_replacement=is_replacement, lines=tuple(contents), quantities=tuple(contents.values()),
    )  # fmt: skip


def require_packed(delivery: Delivery, parcel: ParcelId) -> None:
    """Refuse a parcel that is not with its seller any more."""
    if ParcelStatus(delivery.parcels.status[parcel]) not in PACKED:
        raise ParcelNotPacked


def unmake_parcel(delivery: Delivery, parcel: ParcelId, *, now: Instant) -> events.ParcelUnmade:
    """Unpack a parcel again. Refuses one that has left."""
    require_packed(delivery, parcel)
    return events.ParcelUnmade(at=now, parcel=parcel)


def send_parcel(  # All of it is said of a parcel.
    delivery: Delivery, parcel: ParcelId, *, carrier: str, tracking: str, promised_at: int, now: Instant
) -> events.ParcelHandedOver:
    """Note that a packed parcel was given to a carrier. Refuses one that has left."""
    require_packed(delivery, parcel)
    table = delivery.parcels
    return events.ParcelHandedOver(
        at=now, parcel=parcel, order=OrderId(int(table.order[parcel])), seller=SellerId(int(table.seller[parcel])),
        carrier=carrier[:TEXT_CHARACTERS_MAX], tracking=tracking[:TEXT_CHARACTERS_MAX], promised_at=promised_at,
    )  # fmt: skip


def hand_over(
    delivery: Delivery, *, orders: np.ndarray, sellers: np.ndarray, carriers: Sequence[str],
    trackings: Sequence[str], promised_at: np.ndarray, at: np.ndarray,
) -> tuple[Section, np.ndarray]:  # fmt: skip
    """Note parcels of whole orders that were given to carriers; give the fact and the parcel numbers."""
    numbers = np.arange(len(delivery.parcels), len(delivery.parcels) + len(orders))
    fact = section(
        events.ParcelHandedOver, at=at, parcel=numbers, order=orders, seller=sellers,
        carrier=[carrier[:TEXT_CHARACTERS_MAX] for carrier in carriers],
        tracking=[tracking[:TEXT_CHARACTERS_MAX] for tracking in trackings], promised_at=promised_at,
    )  # fmt: skip
    return fact, numbers


def scan(*, parcels: np.ndarray, statuses: np.ndarray, at: np.ndarray) -> Section:
    """Note what is said of parcels, whenever it is said."""
    return section(events.ParcelScanned, at=at, parcel=parcels, status=statuses)


def track(*, parcels: np.ndarray, statuses: np.ndarray, at: np.ndarray, places: Sequence[str]) -> Section:
    """Note what carriers' own systems say of parcels, whenever they say it."""
    short = [place[:TEXT_CHARACTERS_MAX] for place in places]
    return section(events.ParcelTracked, at=at, parcel=parcels, status=statuses, place=short)
