"""The state of delivery: one row a parcel."""

from enum import IntEnum

import numpy as np

from caravan.cell import Section, Table, numbers, pack, unpack
from caravan.events import delivery as events
from caravan.kernel.event import Event


class ParcelStatus(IntEnum):
    """Where a parcel is, in Karrio's words, in the order of the way; a later one never gives way to an earlier."""

    PICKED_UP = 1
    IN_TRANSIT = 2
    ON_HOLD = 3
    DELIVERY_DELAYED = 4
    OUT_FOR_DELIVERY = 5
    READY_FOR_PICKUP = 6
    DELIVERY_FAILED = 7
    DELIVERED = 8
    RETURN_TO_SENDER = 9
    RETURNED = 10


class Delivery:
    """Parcels by number, from 1. `first[order]` is an order's first parcel."""

    name = "delivery"
    kinds: frozenset[type[Event]] = frozenset({events.ParcelHandedOver, events.ParcelScanned})

    def __init__(self) -> None:
        self.version = 0
        self.parcels = Table(
            order=np.int64, seller=np.int64, status=np.int64, handed_over_at=np.int64, scanned_at=np.int64,
            promised_at=np.int64, delivered_at=np.int64,
        )  # fmt: skip
        self.carriers: list[str] = [""]
        self.trackings: list[str] = [""]
        self.by_order: dict[int, list[int]] = {}

    def apply(self, part: Section) -> None:
        """Fold in a run of facts."""
        self.version += 1
        if part.kind is events.ParcelHandedOver:
            self._hand_over(part)
        else:
            self._scan(part)

    def _hand_over(self, part: Section) -> None:
        batch = part.batch
        parcel, order, at = (numbers(batch, name) for name in ("parcel", "order", "at"))
        assert parcel[0] == len(self.parcels), "Parcels are numbered in the order of the log."
        self.parcels.append(
            batch.num_rows, order=order, seller=numbers(batch, "seller"), status=int(ParcelStatus.PICKED_UP),
            handed_over_at=at, scanned_at=at, promised_at=numbers(batch, "promised_at"),
        )  # fmt: skip
        self.carriers += batch.column("carrier").to_pylist()
        self.trackings += batch.column("tracking").to_pylist()
        for number, of in zip(parcel.tolist(), order.tolist(), strict=True):
            self.by_order.setdefault(of, []).append(number)

    def _scan(self, part: Section) -> None:
        parcel, status, at = (numbers(part.batch, name) for name in ("parcel", "status", "at"))
        table = self.parcels
        # Sorted by rank, so that of several scans of one parcel in a run the furthest is assigned last. A final status
        # outranks every other; then the scan's own time counts, then the way. A rank is the same in whatever order
        # scans arrive.
        is_final = status >= ParcelStatus.DELIVERED
        order = np.lexsort((status, at, is_final))
        parcel, status, at, is_final = parcel[order], status[order], at[order], is_final[order]
        fresh = (status == ParcelStatus.DELIVERED) & (table.delivered_at[parcel] == 0)
        table.delivered_at[parcel[fresh][::-1]] = at[fresh][::-1]
        was_final, was, since = (
            table.status[parcel] >= ParcelStatus.DELIVERED,
            table.status[parcel],
            table.scanned_at[parcel],
        )
        is_later = (at > since) | (at == since) & (status > was)
        counts = (is_final > was_final) | (is_final == was_final) & is_later
        table.status[parcel[counts]], table.scanned_at[parcel[counts]] = status[counts], at[counts]

    def dump(self) -> dict[str, np.ndarray]:
        """Give everything."""
        texts = {"carriers": pack(self.carriers), "trackings": pack(self.trackings)}
        return dict(self.parcels.dump("parcels")) | texts

    def load(self, parts: dict[str, np.ndarray]) -> None:
        """Take everything back."""
        self.parcels.load("parcels", parts)
        self.carriers = unpack(parts, "carriers", list[str])
        self.trackings = unpack(parts, "trackings", list[str])
        self.by_order = {}
        for parcel, order in enumerate(self.parcels.order.tolist()[1:], 1):
            self.by_order.setdefault(order, []).append(parcel)
