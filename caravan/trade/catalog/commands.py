"""What you can tell the catalog: add pages, SKUs and listings, edit them, move a listing through its states."""

from collections.abc import Iterator

import msgspec
import numpy as np

from caravan.events import catalog as events
from caravan.kernel.clock import Instant
from caravan.kernel.errors import Conflict, Invalid, NotFound, Refusal
from caravan.kernel.event import Event
from caravan.kernel.ids import ListingId, LocationId, ProductId, SellerId, SkuId
from caravan.kernel.money import AMOUNT_MAX, numeric
from caravan.trade.catalog.model import Catalog, ListingStatus

TITLE_CHARACTERS_MAX = 200
DESCRIPTION_CHARACTERS_MAX = 20_000
IMAGE_CHARACTERS_MAX = 100_000
ATTRIBUTES_MAX = 50
PRICE_MINOR_MAX = AMOUNT_MAX // 100  # So that no quantity of it, up to what a line holds, overflows.
CONDITIONS = ("new", "refurbished", "used")


class NotOnOffer(Refusal):
    """This listing cannot be bought now."""


class WrongListingState(Refusal):
    """A listing cannot go from the state it is in to the one that was asked for."""


class StaleRevision(Conflict):
    """Somebody has edited this since you read it."""


class ProductDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What a product page says."""

    title: str
    description: str = ""
    category: str = "Other"
    brand: str = ""
    gtin: str = ""
    attributes: dict[str, str] = {}
    image: str = ""
    weight_grams: int = 0
    reference: str = ""


class ListingDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What a seller offers a SKU for."""

    price_minor: int
    currency: str
    shipping_minor: int = 0
    condition: str = "new"
    reference: str = ""


def add_product(
    catalog: Catalog, draft: ProductDraft, *, product: ProductId, seller: SellerId, now: Instant
) -> events.ProductAdded:
    """Add a product page under a number that the caller has counted out. Refuses what cannot be shown as Invalid."""
    assert product >= len(catalog.products)
    _readable(draft)
    fields = msgspec.structs.asdict(draft)
    return events.ProductAdded(at=now, product=product, seller=seller, **fields)


def edit_product(
    catalog: Catalog, draft: ProductDraft, *, product: ProductId, revision: int | None, by: str, now: Instant
) -> events.ProductEdited:
    """Change what a page says. With a revision, refuses as StaleRevision if it is no longer the last."""
    if not 0 < product < len(catalog.products):
        raise NotFound("There is no such product.")
    if revision is not None and revision != catalog.products[product].revision:
        raise StaleRevision("Somebody has edited this product since you read it.")
    _readable(draft)
    return events.ProductEdited(
        at=now, product=product, title=draft.title, description=draft.description, category=draft.category,
        image=draft.image, by=by,
    )  # fmt: skip


def _readable(draft: ProductDraft) -> None:
    if not 0 < len(draft.title.strip()) <= TITLE_CHARACTERS_MAX:
        raise Invalid(f"A title has 1 to {TITLE_CHARACTERS_MAX} characters.", field="title")
    if len(draft.description) > DESCRIPTION_CHARACTERS_MAX:
        raise Invalid(f"A description has at most {DESCRIPTION_CHARACTERS_MAX} characters.", field="description")
    if len(draft.image) > IMAGE_CHARACTERS_MAX:
        raise Invalid(f"A drawing has at most {IMAGE_CHARACTERS_MAX} characters.", field="image")
    if len(draft.attributes) > ATTRIBUTES_MAX:
        raise Invalid(f"A product has at most {ATTRIBUTES_MAX} attributes.", field="attributes")
    if draft.weight_grams < 0:
        raise Invalid("A weight is not below zero.", field="weight_grams")


def add_sku(catalog: Catalog, *, sku: SkuId, product: ProductId, option: str, now: Instant) -> events.SkuAdded:
    """Add a variant of a product."""
    assert sku >= len(catalog.skus)
    return events.SkuAdded(at=now, sku=sku, product=product, option=option)


def add_listing(
    catalog: Catalog,
    draft: ListingDraft,
    *,
    listing: ListingId,
    seller: SellerId,
    sku: SkuId,
    location: LocationId,
    now: Instant,
) -> events.ListingAdded:
    """Draft an offer. Refuses a price that is no price as Invalid."""
    assert listing >= len(catalog.listings)
    numeric(draft.currency)
    _priced(draft.price_minor, draft.shipping_minor)
    if draft.condition not in CONDITIONS:
        raise Invalid(f"A condition is one of {', '.join(CONDITIONS)}.", field="condition")
    return events.ListingAdded(
        at=now, listing=listing, seller=seller, sku=sku, location=location, **msgspec.structs.asdict(draft)
    )


def _priced(price_minor: int, shipping_minor: int) -> None:
    if not 0 < price_minor <= PRICE_MINOR_MAX:
        raise Invalid(f"A price is above zero and at most {PRICE_MINOR_MAX}.", field="price_minor")
    if not 0 <= shipping_minor <= PRICE_MINOR_MAX:
        raise Invalid(f"A shipping price is not below zero and at most {PRICE_MINOR_MAX}.", field="shipping_minor")


def reprice(
    catalog: Catalog, *, listing: ListingId, price_minor: int, shipping_minor: int, by: str, now: Instant,
    revision: int | None = None,
) -> events.ListingRepriced:  # fmt: skip
    """Give a listing another price. Quotes given before keep theirs."""
    _known(catalog, listing)
    _priced(price_minor, shipping_minor)
    if catalog.listings.status[listing] == ListingStatus.RETIRED:
        raise WrongListingState("A retired listing has no price any more.")
    if revision is not None and revision != catalog.details.revision[listing]:
        raise StaleRevision("Somebody has edited this listing since you read it.")
    return events.ListingRepriced(
        at=now, listing=listing, price_minor=price_minor, shipping_minor=shipping_minor, by=by
    )


_FROM = {
    ListingStatus.IN_REVIEW: (ListingStatus.DRAFT,),
    ListingStatus.LIVE: (ListingStatus.DRAFT, ListingStatus.IN_REVIEW, ListingStatus.PAUSED, ListingStatus.SUSPENDED),
    ListingStatus.PAUSED: (ListingStatus.LIVE,),
    ListingStatus.RETIRED: (
        ListingStatus.DRAFT, ListingStatus.IN_REVIEW, ListingStatus.LIVE, ListingStatus.PAUSED, ListingStatus.SUSPENDED,
    ),
    ListingStatus.SUSPENDED: (ListingStatus.IN_REVIEW, ListingStatus.LIVE, ListingStatus.PAUSED),
}  # fmt: skip


def move_listing(
    catalog: Catalog, *, listing: ListingId, to: ListingStatus, now: Instant, why: str = ""
) -> Iterator[Event]:
    """Move a listing to another state. Refuses a way that does not exist with WrongListingState."""
    _known(catalog, listing)
    state = ListingStatus(catalog.listings.status[listing])
    if state not in _FROM.get(to, ()):  # Nothing becomes a draft again.
        raise WrongListingState(f"This listing is {state.name.lower()}: it cannot become {to.name.lower()}.")
    match to:
        case ListingStatus.IN_REVIEW:
            yield events.ListingSubmitted(at=now, listing=listing)
        case ListingStatus.LIVE:
            yield events.ListingPublished(at=now, listing=listing)
        case ListingStatus.PAUSED:
            yield events.ListingPaused(at=now, listing=listing)
        case ListingStatus.RETIRED:
            yield events.ListingRetired(at=now, listing=listing)
        case ListingStatus.SUSPENDED:
            yield events.ListingSuspended(at=now, listing=listing, why=why)


def relocate(
    catalog: Catalog, *, seller: SellerId, source: LocationId, target: LocationId, now: Instant
) -> list[events.ListingRelocated]:
    """Let all listings of a seller that are at home in one location be so in another."""
    table = catalog.listings
    found = np.flatnonzero((table.seller == seller) & (table.location == source)).tolist()
    return [events.ListingRelocated(at=now, listing=ListingId(listing), location=target) for listing in found]


def publish_new(*, listing: ListingId, is_reviewed: bool, now: Instant) -> Event:
    """Put a listing that was just added on the shelf, or before the operator's eyes where the market wants that."""
    if is_reviewed:
        return events.ListingSubmitted(at=now, listing=listing)
    return events.ListingPublished(at=now, listing=listing)


def _known(catalog: Catalog, listing: ListingId) -> None:
    if not 0 < listing < len(catalog.listings):
        raise NotFound("There is no such listing.")
