"""What you can tell partners: apply, approve, suspend, open a location."""

import msgspec

from caravan.events import partners as events
from caravan.kernel.clock import Instant
from caravan.kernel.errors import Invalid, NotFound, Refusal
from caravan.kernel.ids import LocationId, SellerId
from caravan.world.partners.model import Partners, SellerStatus

NAME_CHARACTERS_MAX = 120
DESCRIPTION_CHARACTERS_MAX = 5_000


class SellerNotActive(Refusal):
    """This seller does not take orders now."""


class WrongSellerState(Refusal):
    """A seller cannot go from where they stand to what was asked for."""


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """What a business says of itself when it asks to sell."""

    name: str
    country: str
    city: str = ""
    postcode: str = ""
    description: str = ""
    reference: str = ""


def apply_to_sell(
    partners: Partners, application: Application, *, seller: SellerId, now: Instant
) -> events.SellerApplied:
    """Ask to sell, under a number that the caller has counted out. Refuses a nameless or placeless one as Invalid."""
    assert seller >= len(partners.sellers)
    if not 0 < len(application.name.strip()) <= NAME_CHARACTERS_MAX:
        raise Invalid(f"A seller's name has 1 to {NAME_CHARACTERS_MAX} characters.", field="name")
    if len(application.country) != 2 or not application.country.isalpha() or not application.country.isupper():  # noqa: PLR2004
        raise Invalid("A country is two capital letters, such as PT.", field="country")
    if len(application.description) > DESCRIPTION_CHARACTERS_MAX:
        raise Invalid(f"A description has at most {DESCRIPTION_CHARACTERS_MAX} characters.", field="description")
    return events.SellerApplied(
        at=now,
        seller=seller,
        name=application.name.strip(),
        country=application.country,
        city=application.city,
        description=application.description,
        reference=application.reference,
    )


def approve(partners: Partners, *, seller: SellerId, now: Instant) -> events.SellerApproved:
    """Let a seller in. Refuses one who is in already."""
    if _status(partners, seller) == SellerStatus.ACTIVE:
        raise WrongSellerState("This seller is active already.")
    return events.SellerApproved(at=now, seller=seller)


def suspend(partners: Partners, *, seller: SellerId, why: str, now: Instant) -> events.SellerSuspended:
    """Stop a seller from taking new orders; open ones can still be fulfilled."""
    if _status(partners, seller) != SellerStatus.ACTIVE:
        raise WrongSellerState("Only an active seller can be suspended.")
    return events.SellerSuspended(at=now, seller=seller, why=why)


def open_location(
    application: Application, *, location: LocationId, seller: SellerId, now: Instant
) -> events.LocationOpened:
    """Open the place that a seller sends from."""
    return events.LocationOpened(
        at=now,
        location=location,
        seller=seller,
        country=application.country,
        city=application.city,
        postcode=application.postcode,
    )


def _status(partners: Partners, seller: SellerId) -> SellerStatus:
    if not 0 < seller < len(partners.sellers):
        raise NotFound("There is no such seller.")
    return partners.sellers[seller].status
