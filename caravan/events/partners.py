"""What happens with sellers: they apply, are approved or suspended; they open, describe and close locations."""

from caravan.kernel.event import Event
from caravan.kernel.ids import LocationId, SellerId


class SellerApplied(Event, frozen=True, kw_only=True, tag="partners.seller_applied.v1"):
    """A business asked to sell here."""

    seller: SellerId
    name: str
    country: str
    city: str
    description: str
    reference: str


class SellerApproved(Event, frozen=True, kw_only=True, tag="partners.seller_approved.v1"):
    """The operator let a seller in, for the first time or again."""

    seller: SellerId


class SellerSuspended(Event, frozen=True, kw_only=True, tag="partners.seller_suspended.v1"):
    """The operator stopped a seller from taking new orders."""

    seller: SellerId
    why: str


class LocationOpened(Event, frozen=True, kw_only=True, tag="partners.location_opened.v1"):
    """A seller has a place with stock to send from."""

    location: LocationId
    seller: SellerId
    country: str
    city: str
    postcode: str


class LocationDescribed(Event, frozen=True, kw_only=True, tag="partners.location_described.v1"):
    """What is known of a location from now on, all of it; whoever reads the log takes the last.

    `handling_days` are working days until something leaves, `cut_off` the minute of the day (UTC) from which on an order
    counts as of the next, 0 for none. It comes first for the destinations in `serves` ("ES", "US-CA"), and of several
    that do the one with the lowest `priority`. `by` names who said so.
    """

    location: LocationId
    name: str
    line1: str
    line2: str
    postcode: str
    city: str
    region: str
    country: str
    handling_days: int
    cut_off: int
    priority: int
    serves: tuple[str, ...]
    takes_returns: bool
    by: str


class LocationClosed(Event, frozen=True, kw_only=True, tag="partners.location_closed.v1"):
    """A location sends nothing any more and holds no stock."""

    location: LocationId


class LocationReopened(Event, frozen=True, kw_only=True, tag="partners.location_reopened.v1"):
    """A closed location sends again."""

    location: LocationId
