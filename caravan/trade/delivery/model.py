"""The state of delivery: one row a parcel, what is in it, and everything that was said of where it is."""

from enum import IntEnum
from typing import NamedTuple

import numpy as np

from caravan.cell import Section, Table, numbers, pack, rows, unpack
from caravan.events import delivery as events
from caravan.kernel.event import Event


class ParcelStatus(IntEnum):
    """Where a parcel is, in Karrio's words, in the order of the way; a later one never gives way to an earlier.

    Lost is no end: a parcel that is seen again later is found.
    """

    CREATED = -1
    LABEL_BOUGHT = 0
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
    LOST = 11
    CANCELED = 12


BUY, VOID = 1, 2  # What a carrier is asked for a label, as it stands in the log.
PACKED = (ParcelStatus.CREATED, ParcelStatus.LABEL_BOUGHT)  # In these, a parcel is still with its seller.
ON_THE_WAY = tuple(ParcelStatus(number) for number in range(1, 8))


class Scan(NamedTuple):
    """What was said of a parcel: where it was, when, and in which place if that was said."""

    at: int
    status: int
    place: str


class Contents(NamedTuple):
    """What a parcel holds that was packed of a part of an order: lines of it, and so many units of each."""

    claim: int
    is_replacement: bool
    lines: tuple[int, ...]
    quantities: tuple[int, ...]


class Delivery:
    """Parcels by number, from 1. `made` has the contents of those that hold a part of an order."""

    name = "delivery"
    kinds: frozenset[type[Event]] = frozenset(
        {
            events.ParcelMade, events.ParcelUnmade, events.ParcelHandedOver, events.ParcelScanned,
            events.ParcelTracked, events.LabelAnswered,
        }
    )  # fmt: skip

    def __init__(self) -> None:
        self.version = 0
        self.parcels = Table(
            order=np.int64, seller=np.int64, status=np.int64, handed_over_at=np.int64, scanned_at=np.int64,
            promised_at=np.int64, delivered_at=np.int64, made_at=np.int64,
        )  # fmt: skip
        self.carriers: list[str] = [""]
        self.trackings: list[str] = [""]
        self.made: dict[int, Contents] = {}
        self.scans: dict[int, list[Scan]] = {}  # of a parcel, in the order in which they were told
        self.by_order: dict[int, list[int]] = {}
        self.by_tracking: dict[str, int] = {}

    def apply(self, part: Section) -> None:
        """Fold in a run of facts."""
        self.version += 1
        if part.kind is events.ParcelHandedOver:
            self._hand_over(part)
        elif part.kind in {events.ParcelScanned, events.ParcelTracked}:
            self._scan(part)
        else:
            for event in rows(part):
                self._pack(event)

    def _pack(self, event: Event) -> None:
        match event:
            case events.ParcelMade():
                assert event.parcel == len(self.parcels), "Parcels are numbered in the order of the log."
                self.parcels.append(
                    1, order=event.order, seller=event.seller, status=int(ParcelStatus.CREATED), made_at=event.at,
                    scanned_at=event.at,
                )  # fmt: skip
                self.carriers.append("")
                self.trackings.append("")
                self.made[event.parcel] = Contents(event.claim, event.is_replacement, event.lines, event.quantities)
                self.by_order.setdefault(event.order, []).append(event.parcel)
            case events.LabelAnswered(is_done=True):
                self._stick(event)
            case events.ParcelUnmade():
                self.parcels.status[event.parcel] = int(ParcelStatus.CANCELED)

    def _stick(self, event: events.LabelAnswered) -> None:
        """Let a parcel that is still here have the label that was bought for it, or none after that was taken back."""
        parcel = event.parcel
        if ParcelStatus(self.parcels.status[parcel]) not in PACKED:
            return
        is_bought = event.what == BUY
        self.parcels.status[parcel] = int(ParcelStatus.LABEL_BOUGHT if is_bought else ParcelStatus.CREATED)
        self.carriers[parcel], self.trackings[parcel] = (event.by, event.tracking) if is_bought else ("", "")
        if is_bought and event.tracking:
            self.by_tracking[event.tracking] = parcel

    def _hand_over(self, part: Section) -> None:
        batch = part.batch
        parcel, order, at = (numbers(batch, name) for name in ("parcel", "order", "at"))
        carriers, trackings = (batch.column(name).to_pylist() for name in ("carrier", "tracking"))
        first = len(self.parcels)
        is_new = parcel >= first
        fresh = np.flatnonzero(is_new)
        assert (parcel[fresh] == first + np.arange(len(fresh))).all(), "Parcels are numbered in the order of the log."
        self.parcels.append(len(fresh), order=order[fresh], seller=numbers(batch, "seller")[fresh], made_at=at[fresh])
        self.carriers += [""] * len(fresh)
        self.trackings += [""] * len(fresh)
        for number, of in zip(parcel[fresh].tolist(), order[fresh].tolist(), strict=True):
            self.by_order.setdefault(of, []).append(number)
        table = self.parcels
        table.status[parcel], table.promised_at[parcel] = int(ParcelStatus.PICKED_UP), numbers(batch, "promised_at")
        table.handed_over_at[parcel], table.scanned_at[parcel] = at, at
        for number, carrier, tracking in zip(parcel.tolist(), carriers, trackings, strict=True):
            self.carriers[number], self.trackings[number] = carrier, tracking
            if tracking:
                self.by_tracking[tracking] = number

    def _scan(self, part: Section) -> None:
        batch = part.batch
        parcel, status, at = (numbers(batch, name) for name in ("parcel", "status", "at"))
        places = batch.column("place").to_pylist() if part.kind is events.ParcelTracked else [""] * len(parcel)
        for number, said, when, place in zip(parcel.tolist(), status.tolist(), at.tolist(), places, strict=True):
            self.scans.setdefault(number, []).append(Scan(when, said, place))
        table = self.parcels
        # Sorted by rank, so that of several scans of one parcel in a run the furthest is assigned last. A final status
        # outranks every other; then the scan's own time counts, then the way. A rank is the same in whatever order
        # scans arrive.
        is_final = _is_final(status)
        order = np.lexsort((status, at, is_final))
        parcel, status, at, is_final = parcel[order], status[order], at[order], is_final[order]
        fresh = (status == ParcelStatus.DELIVERED) & (table.delivered_at[parcel] == 0)
        table.delivered_at[parcel[fresh][::-1]] = at[fresh][::-1]
        was_final, was, since = _is_final(table.status[parcel]), table.status[parcel], table.scanned_at[parcel]
        is_later = (at > since) | (at == since) & (status > was)
        counts = (is_final > was_final) | (is_final == was_final) & is_later
        table.status[parcel[counts]], table.scanned_at[parcel[counts]] = status[counts], at[counts]

    def dump(self) -> dict[str, np.ndarray]:
        """Give everything."""
        texts = {"carriers": pack(self.carriers), "trackings": pack(self.trackings)}
        rest = {"made": pack(sorted(self.made.items())), "scans": pack(sorted(self.scans.items()))}
        return dict(self.parcels.dump("parcels")) | texts | rest

    def load(self, parts: dict[str, np.ndarray]) -> None:
        """Take everything back."""
        self.parcels.load("parcels", parts)
        self.carriers = unpack(parts, "carriers", list[str])
        self.trackings = unpack(parts, "trackings", list[str])
        self.made = dict(unpack(parts, "made", list[tuple[int, Contents]]))
        self.scans = dict(unpack(parts, "scans", list[tuple[int, list[Scan]]]))
        self.by_order = {}
        for parcel, order in enumerate(self.parcels.order.tolist()[1:], 1):
            self.by_order.setdefault(order, []).append(parcel)
        self.by_tracking = {tracking: parcel for parcel, tracking in enumerate(self.trackings) if tracking}


def _is_final(status: np.ndarray) -> np.ndarray:
    final: np.ndarray = (status >= ParcelStatus.DELIVERED) & (status <= ParcelStatus.RETURNED)
    return final
