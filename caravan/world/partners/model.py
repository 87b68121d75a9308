"""The partners' state: sellers and where each stands, locations and whose each is."""

from enum import IntEnum

import msgspec
import numpy as np

from caravan.cell import Section, pack, rows, unpack
from caravan.events import partners as events
from caravan.kernel.event import Event
from caravan.kernel.ids import LocationId, SellerId


class SellerStatus(IntEnum):
    """Where a seller stands; only an active one's listings can be bought."""

    APPLIED = 1
    ACTIVE = 2
    SUSPENDED = 3


class Seller(msgspec.Struct, array_like=True):
    """A business that sells here, or wants to."""

    seller: SellerId
    name: str
    country: str
    city: str
    description: str
    reference: str
    applied_at: int
    status: SellerStatus = SellerStatus.APPLIED
    locations: list[LocationId] = msgspec.field(default_factory=list)


class Location(msgspec.Struct, array_like=True):
    """A place with stock."""

    location: LocationId
    seller: SellerId
    country: str
    city: str
    postcode: str


class Partners:
    """Sellers and locations by number, from 1."""

    name = "partners"
    kinds: frozenset[type[Event]] = frozenset(
        {events.SellerApplied, events.SellerApproved, events.SellerSuspended, events.LocationOpened}
    )

    def __init__(self) -> None:
        self.version = 0
        self.sellers: list[Seller] = [Seller(SellerId(0), "", "", "", "", "", 0)]
        self.locations: list[Location] = [Location(LocationId(0), SellerId(0), "", "", "")]
        self.references: dict[str, SellerId] = {}
        self.active = np.zeros(1, np.bool_)  # By seller: checkout looks it up for thousands of lines at a time.

    def apply(self, part: Section) -> None:
        """Fold in a run of facts."""
        self.version += 1
        for event in rows(part):
            self._apply(event)
        if part.kind is not events.LocationOpened:
            self._index()

    def _apply(self, event: Event) -> None:
        match event:
            case events.SellerApplied():
                assert event.seller == len(self.sellers)
                if event.reference:
                    self.references[event.reference] = event.seller
                self.sellers.append(
                    Seller(
                        event.seller,
                        event.name,
                        event.country,
                        event.city,
                        event.description,
                        event.reference,
                        event.at,
                    )
                )
            case events.SellerApproved():
                self.sellers[event.seller].status = SellerStatus.ACTIVE
            case events.SellerSuspended():
                self.sellers[event.seller].status = SellerStatus.SUSPENDED
            case events.LocationOpened():
                assert event.location == len(self.locations)
                self.locations.append(Location(event.location, event.seller, event.country, event.city, event.postcode))
                self.sellers[event.seller].locations.append(event.location)

    def _index(self) -> None:
        self.active = np.array([seller.status == SellerStatus.ACTIVE for seller in self.sellers])

    def dump(self) -> dict[str, np.ndarray]:
        """Give sellers and locations as bytes."""
        return {"sellers": pack(self.sellers), "locations": pack(self.locations)}

    def load(self, parts: dict[str, np.ndarray]) -> None:
        """Take them back."""
        self.sellers = unpack(parts, "sellers", list[Seller])
        self.locations = unpack(parts, "locations", list[Location])
        self.references = {seller.reference: seller.seller for seller in self.sellers if seller.reference}
        self._index()
