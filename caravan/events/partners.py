"""What happens with sellers: they apply, are approved, open locations, are suspended or close."""

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
