"""What you can tell delivery: a parcel was handed over, a parcel was scanned."""

from collections.abc import Sequence

import numpy as np

from caravan.cell import Section, section
from caravan.events import delivery as events
from caravan.trade.delivery.model import Delivery

TEXT_CHARACTERS_MAX = 100


def hand_over(
    delivery: Delivery, *, orders: np.ndarray, sellers: np.ndarray, carriers: Sequence[str],
    trackings: Sequence[str], promised_at: np.ndarray, at: np.ndarray,
) -> tuple[Section, np.ndarray]:  # fmt: skip
    """Note parcels that were given to carriers; give the fact and the parcel numbers."""
    numbers = np.arange(len(delivery.parcels), len(delivery.parcels) + len(orders))
    fact = section(
        events.ParcelHandedOver, at=at, parcel=numbers, order=orders, seller=sellers,
        carrier=[carrier[:TEXT_CHARACTERS_MAX] for carrier in carriers],
        tracking=[tracking[:TEXT_CHARACTERS_MAX] for tracking in trackings], promised_at=promised_at,
    )  # fmt: skip
    return fact, numbers


def scan(*, parcels: np.ndarray, statuses: np.ndarray, at: np.ndarray) -> Section:
    """Note what carriers say of parcels, whenever they say it."""
    return section(events.ParcelScanned, at=at, parcel=parcels, status=statuses)
