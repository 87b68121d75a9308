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
    """A place with stock. One that was never described has only what its seller applied with."""

    location: LocationId
    seller: SellerId
    country: str
    city: str
    postcode: str
    name: str = ""
    line1: str = ""
    line2: str = ""
    region: str = ""
    handling_days: int = 0
    cut_off: int = 0  # minutes after midnight (UTC); 0 for none
    priority: int = 0
    serves: tuple[str, ...] = ()
    takes_returns: bool = False
    is_open: bool = True
    revision: int = 1

    @property
    def label(self) -> str:
        """Give what people call it: its name, or else where it is."""
        return self.name or self.city or self.country or "Stock"


_DESCRIBED = (
    "name", "line1", "line2", "postcode", "city", "region", "country", "handling_days", "cut_off", "priority", "serves",
    "takes_returns",
)  # fmt: skip


class Partners:
    """Sellers and locations by number, from 1."""

    name = "partners"
    kinds: frozenset[type[Event]] = frozenset(
        {
            events.SellerApplied, events.SellerApproved, events.SellerSuspended, events.LocationOpened,
            events.LocationDescribed, events.LocationClosed, events.LocationReopened,
        }
    )  # fmt: skip

    def __init__(self) -> None:
        self.version = 0
        self.sellers: list[Seller] = [Seller(SellerId(0), "", "", "", "", "", 0)]
        self.locations: list[Location] = [Location(LocationId(0), SellerId(0), "", "", "")]
        self.references: dict[str, SellerId] = {}
        # By seller: checkout looks these up for thousands of lines at a time.
        self.active = np.zeros(1, np.bool_)
        self.has_several = np.zeros(1, np.bool_)  # More than one open location.
        self.is_spread = False  # Whether anybody has.

    def apply(self, part: Section) -> None:
        """Fold in a run of facts."""
        self.version += 1
        for event in rows(part):
            self._apply(event)
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
            case events.LocationDescribed():
                self._describe(event)
            case events.LocationClosed() | events.LocationReopened():
                place = self.locations[event.location]
                place.is_open = isinstance(event, events.LocationReopened)
                place.revision += 1

    def _describe(self, event: events.LocationDescribed) -> None:
        place = self.locations[event.location]
        for field in _DESCRIBED:
            setattr(place, field, getattr(event, field))
        place.revision += 1

    def _index(self) -> None:
        self.active = np.array([seller.status == SellerStatus.ACTIVE for seller in self.sellers])
        is_open = [place.is_open for place in self.locations]
        self.has_several = np.array(
            [len(one.locations) > 1 and sum(is_open[place] for place in one.locations) > 1 for one in self.sellers]
        )
        self.is_spread = bool(self.has_several.any())

    def dump(self) -> dict[str, np.ndarray]:
        """Give sellers and locations as bytes."""
        return {"sellers": pack(self.sellers), "locations": pack(self.locations)}

    def load(self, parts: dict[str, np.ndarray]) -> None:
        """Take them back."""
        self.sellers = unpack(parts, "sellers", list[Seller])
        self.locations = unpack(parts, "locations", list[Location])
        self.references = {seller.reference: seller.seller for seller in self.sellers if seller.reference}
        self._index()
