"""What you can tell partners: apply, approve, suspend; open, describe and close a location."""

import re

import msgspec

from caravan.events import partners as events
from caravan.kernel.clock import Instant
from caravan.kernel.errors import Conflict, Invalid, NotFound, Refusal
from caravan.kernel.ids import LocationId, SellerId
from caravan.world.partners.model import Location, Partners, SellerStatus
from caravan.world.partners.queries import location_of, open_locations

NAME_CHARACTERS_MAX = 120
DESCRIPTION_CHARACTERS_MAX = 5_000
LOCATIONS_MAX = 50  # Open ones of one seller.
SERVES_MAX = 250
HANDLING_DAYS_MAX = 60
PRIORITY_MAX = 1_000
_MINUTES = 24 * 60
_COUNTRY = re.compile(r"[A-Z]{2}")
_DESTINATION = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,7})?")
_REGION = re.compile(r"[A-Z0-9]{0,7}")


class SellerNotActive(Refusal):
    """This seller does not take orders now."""


class WrongSellerState(Refusal):
    """A seller cannot go from where they stand to what was asked for."""


class WrongLocationState(Refusal):
    """A location cannot go from where it stands to what was asked for."""


class LastLocation(Refusal):
    """A seller keeps at least one open location."""


class TooManyLocations(Refusal):
    """A seller has no more open locations than so many."""


class StaleLocation(Conflict):
    """Somebody has changed this location since you read it."""


class LocationDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What a seller says of a place that they send from."""

    name: str
    country: str
    city: str = ""
    postcode: str = ""
    region: str = ""
    line1: str = ""
    line2: str = ""
    handling_days: int = 0
    cut_off: int = 0
    priority: int = 0
    serves: tuple[str, ...] = ()
    takes_returns: bool = False


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
    application: Application | LocationDraft, *, location: LocationId, seller: SellerId, now: Instant
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


def describe_location(
    partners: Partners, draft: LocationDraft, *, location: LocationId, seller: SellerId, by: str, now: Instant,
    revision: int | None = None,
) -> events.LocationDescribed:  # fmt: skip
    """Say what a location is like from now on. Refuses a name that another of the seller's open ones has as Invalid.

    With a revision, refuses as StaleLocation if it is no longer the last.
    """
    known = partners.locations[location] if location < len(partners.locations) else None
    if known is not None and revision is not None and revision != known.revision:
        raise StaleLocation("Somebody has changed this location since you read it.")
    name = draft.name.strip()
    _look_over(draft)
    if any(one.label == name and one.location != location for one in open_locations(partners, seller)):
        raise Invalid("Another location of yours has this name.", field="name")
    said = msgspec.structs.asdict(draft) | {"name": name, "serves": tuple(dict.fromkeys(draft.serves))}
    return events.LocationDescribed(at=now, location=location, by=by, **said)


def _look_over(draft: LocationDraft) -> None:
    """Refuse what can't be the description of a place."""
    checks = (
        ("name", 0 < len(draft.name.strip()) <= NAME_CHARACTERS_MAX, f"A name has 1 to {NAME_CHARACTERS_MAX} characters."),
        ("country", bool(_COUNTRY.fullmatch(draft.country)), "A country is two capital letters, such as PT."),
        ("region", bool(_REGION.fullmatch(draft.region)), "A region is the code of a state or province, such as CA."),
        ("city", len(draft.city) <= NAME_CHARACTERS_MAX, f"A city has at most {NAME_CHARACTERS_MAX} characters."),
        ("postcode", len(draft.postcode) <= 20, "A postcode has at most 20 characters."),  # noqa: PLR2004
        ("line1", len(draft.line1) <= 200, "An address line has at most 200 characters."),  # noqa: PLR2004
        ("line2", len(draft.line2) <= 200, "An address line has at most 200 characters."),  # noqa: PLR2004
        ("handling_days", 0 <= draft.handling_days <= HANDLING_DAYS_MAX, f"Handling takes 0 to {HANDLING_DAYS_MAX} days."),
        ("cut_off", 0 <= draft.cut_off < _MINUTES, "A cut-off is a time of the day, 00:00 to 23:59."),
        ("priority", 0 <= draft.priority <= PRIORITY_MAX, f"A priority is 0 to {PRIORITY_MAX}."),
        ("serves", len(draft.serves) <= SERVES_MAX, f"At most {SERVES_MAX} destinations."),
        (
            "serves", all(_DESTINATION.fullmatch(one) for one in draft.serves),
            "A destination is a country or one of its regions, such as ES or US-CA.",
        ),
    )  # fmt: skip
    for field, holds, reason in checks:
        if not holds:
            raise Invalid(reason, field=field)


def require_room(partners: Partners, seller: SellerId) -> None:
    """Refuse a seller who has as many open locations as there may be."""
    if len(open_locations(partners, seller)) >= LOCATIONS_MAX:
        raise TooManyLocations(f"At most {LOCATIONS_MAX} open locations.", limit=LOCATIONS_MAX)


def close_location(partners: Partners, *, location: LocationId, now: Instant) -> events.LocationClosed:
    """Close a location. Refuses one that is closed, and a seller's last open one."""
    place = location_of(partners, location)
    if not place.is_open:
        raise WrongLocationState("This location is closed already.")
    if len(open_locations(partners, place.seller)) == 1:
        raise LastLocation
    return events.LocationClosed(at=now, location=location)


def reopen_location(partners: Partners, *, location: LocationId, now: Instant) -> events.LocationReopened:
    """Let a closed location send again. Refuses one that is open, and whose name another has by now."""
    place = location_of(partners, location)
    if place.is_open:
        raise WrongLocationState("This location is open.")
    require_room(partners, place.seller)
    if any(one.label == place.label for one in open_locations(partners, place.seller)):
        raise WrongLocationState("Another location of yours has this name by now.")
    return events.LocationReopened(at=now, location=location)


def drafted(place: Location) -> LocationDraft:
    """Give what is known of a location as its seller would say it."""
    said = {field: getattr(place, field) for field in LocationDraft.__struct_fields__ if field != "name"}
    return LocationDraft(name=place.label, **said)


def _status(partners: Partners, seller: SellerId) -> SellerStatus:
    if not 0 < seller < len(partners.sellers):
        raise NotFound("There is no such seller.")
    return partners.sellers[seller].status
