"""What happens to parcels on their way."""

from caravan.kernel.event import Event, Int8
from caravan.kernel.ids import ClaimId, LabelId, OrderId, ParcelId, SellerId


class ParcelMade(Event, frozen=True, kw_only=True, tag="delivery.parcel_made.v1"):
    """A seller packs a part of an order: so many units of each of its lines (counted from 0). Nothing has left yet.

    With a `claim` (or for an exchange, as `is_replacement` says) the units go out anew, at no further price.
    """

    parcel: ParcelId
    order: OrderId
    seller: SellerId
    claim: ClaimId
    is_replacement: bool
    lines: tuple[int, ...]
    quantities: tuple[int, ...]


class ParcelUnmade(Event, frozen=True, kw_only=True, tag="delivery.parcel_unmade.v1"):
    """A parcel that had not left was unpacked again."""

    parcel: ParcelId


class ParcelHandedOver(Event, frozen=True, kw_only=True, tag="delivery.parcel_handed_over.v1"):
    """A seller gave a parcel to a carrier. `promised_at` is the date the buyer was told, 0 when none.

    A parcel that was not made before holds the whole order.
    """

    parcel: ParcelId
    order: OrderId
    seller: SellerId
    carrier: str
    tracking: str
    promised_at: int


class ParcelScanned(Event, frozen=True, kw_only=True, tag="delivery.parcel_scanned.v1"):
    """A carrier said where a parcel is; `at` is the scan's own time. Scans may come late, twice and out of order."""

    parcel: ParcelId
    status: int


class ParcelTracked(Event, frozen=True, kw_only=True, tag="delivery.parcel_tracked.v1"):
    """A carrier's own system said where a parcel was at `at`, and in which `place`. What it says twice is noted once."""

    parcel: ParcelId
    status: int
    place: str


class PromiseMade(Event, frozen=True, kw_only=True, tag="delivery.promise_made.v1"):
    """A buyer was told a date for an order: it arrives by `promised_at` with this probability, in ten-thousandths.

    `model` names what was learned, `basis` on what the date stands (lane, regions, market or defaults), and `parcels`
    how many parcels that were. It is made once and never edited: it is kept or missed at delivery.
    """

    order: OrderId
    seller: SellerId
    promised_at: int
    median_at: int
    probability: int
    model: str
    basis: str
    parcels: int
    origin: str
    destination: str


class PromiseRevised(Event, frozen=True, kw_only=True, tag="delivery.promise_revised.v1"):
    """As things moved, a date will probably not be kept: the buyer is told a later one. The first one still counts."""

    order: OrderId
    expected_at: int


class LabelAsked(Event, frozen=True, kw_only=True, tag="delivery.label_asked.v1"):
    """A carrier is to sell the label of a parcel (1), or to take it back (2), at a price that it has quoted.

    `carrier` is whom we ask; `by` and `service` say who brings it and how. `shipment` and `rate` are the carrier's own
    words for it. However often it is asked, it does it once.
    """

    label: LabelId
    parcel: ParcelId
    what: Int8
    carrier: str
    shipment: str
    rate: str
    by: str
    service: str
    unit: int
    amount_minor: int


class LabelAnswered(Event, frozen=True, kw_only=True, tag="delivery.label_answered.v1"):
    """A carrier did what it was asked about a label; or it never will, for a `reason`. `document` is where the label lies."""

    label: LabelId
    parcel: ParcelId
    what: Int8
    is_done: bool
    by: str
    tracking: str
    document: str
    reason: str
