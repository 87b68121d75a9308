"""What delivery needs from outside: a printer for what goes on parcels, and carriers who bring them."""

from collections.abc import Sequence
from enum import Enum, IntEnum
from typing import NamedTuple, Protocol

from caravan.kernel.errors import Outage, Refusal


class Label(NamedTuple):
    """What is stuck on a parcel: whose it is, where it goes, and the number that carriers scan."""

    order: str
    tracking: str
    sender: tuple[str, ...]
    recipient: tuple[str, ...]
    country: str


class Pick(NamedTuple):
    """Units of one SKU to take from a shelf, and the orders that they are for, each with how many."""

    place: str
    title: str
    option: str
    sku: str
    units: int
    orders: tuple[tuple[str, int], ...]


class Printer(Protocol):
    """Lays documents out for printing, as PDF."""

    def labels(self, labels: Sequence[Label]) -> bytes:
        """Give a document with a page of A6 for each label."""
        ...

    def pick_list(self, seller: str, day: str, picks: Sequence[Pick]) -> bytes:
        """Give a document of A4 pages that lists what to take from the shelves."""
        ...


class Place(NamedTuple):
    """Where a parcel comes from or goes to, opened for the carrier's eyes alone."""

    name: str
    line1: str
    line2: str
    city: str
    postcode: str
    country: str


class Wanted(NamedTuple):
    """A parcel to be brought: from where to where, how heavy; `reference` is our number of it."""

    reference: str
    sender: Place
    recipient: Place
    weight_grams: int


class Rate(NamedTuple):
    """What a carrier would take for bringing a parcel. `shipment` and `rate` are its own words; 0 days is not said."""

    shipment: str
    rate: str
    by: str
    service: str
    currency: str
    amount_minor: int
    days: int = 0


class LabelKind(IntEnum):
    """What a carrier can be asked about a label. The numbers stand in the log."""

    BUY = 1
    VOID = 2


class LabelAsk(NamedTuple):
    """One thing asked of a carrier. Asked again, it is done once."""

    kind: LabelKind
    reference: str
    shipment: str
    rate: str


class Answered(Enum):
    """How a carrier answered. What is unknown is asked again, never guessed."""

    UNKNOWN = "unknown"
    PENDING = "pending"
    DONE = "done"
    REFUSED = "refused"


class LabelAnswer(NamedTuple):
    """A carrier's answer: the tracking number and where the label lies, or why not."""

    answered: Answered
    tracking: str = ""
    document: str = ""
    reason: str = ""


class Told(NamedTuple):
    """What a carrier says of a parcel: where it was at a time (microseconds since 1970), and in which place."""

    at: int
    status: int  # a ParcelStatus
    place: str


class CarrierDown(Outage):
    """The carrier does not answer."""


class NoSuchCarrier(Refusal):
    """Nobody is asked for labels by this name here."""


class NoRates(Refusal):
    """The carrier brings no such parcel there."""


class UnsignedTracking(Refusal):
    """This webhook is not signed by the carrier."""


class Carrier(Protocol):
    """Whoever quotes prices, sells labels and tells where parcels are."""

    def rates(self, wanted: Wanted) -> list[Rate]:
        """Quote for a parcel. Refuses what it does not bring; raises CarrierDown where it can't say."""
        ...

    def ask(self, asks: Sequence[LabelAsk]) -> list[LabelAnswer]:
        """Ask for several things at once; one answer each. Never raises: what is not known is UNKNOWN."""
        ...

    def track(self, trackings: Sequence[str]) -> list[list[Told] | None]:
        """Tell where parcels were, each in any order; None where that is not known. Never raises."""
        ...

    def notice(self, body: bytes, signature: str) -> str | None:
        """Read of a webhook which tracking number has news, or None. Refuses one that is not signed by the carrier."""
        ...

    def close(self) -> None:
        """Hang up."""
        ...
