"""What happens to parcels on their way."""

from caravan.kernel.event import Event
from caravan.kernel.ids import OrderId, ParcelId, SellerId


class ParcelHandedOver(Event, frozen=True, kw_only=True, tag="delivery.parcel_handed_over.v1"):
    """A seller gave a parcel to a carrier. `promised_at` is the date the buyer was told, 0 when none."""

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
