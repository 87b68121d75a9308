"""What happens in the catalog: products, their SKUs, and the listings at which sellers offer them."""

from caravan.kernel.event import Event
from caravan.kernel.ids import ListingId, LocationId, ProductId, SellerId, SkuId


class ProductAdded(Event, frozen=True, kw_only=True, tag="catalog.product_added.v1"):
    """A product page came into being; every seller of the product shares it."""

    product: ProductId
    seller: SellerId
    title: str
    description: str
    category: str
    brand: str
    gtin: str
    attributes: dict[str, str]
    image: str
    weight_grams: int
    reference: str


class ProductEdited(Event, frozen=True, kw_only=True, tag="catalog.product_edited.v1"):
    """A product page reads differently from now on. `by` names the token's subject who did it."""

    product: ProductId
    title: str
    description: str
    category: str
    image: str
    by: str


class SkuAdded(Event, frozen=True, kw_only=True, tag="catalog.sku_added.v1"):
    """A product can be had in one more variant."""

    sku: SkuId
    product: ProductId
    option: str


class ListingAdded(Event, frozen=True, kw_only=True, tag="catalog.listing_added.v1"):
    """A seller drafted an offer of a SKU, sent from one of their locations."""

    listing: ListingId
    seller: SellerId
    sku: SkuId
    location: LocationId
    price_minor: int
    shipping_minor: int
    currency: str
    condition: str
    reference: str


class ListingSubmitted(Event, frozen=True, kw_only=True, tag="catalog.listing_submitted.v1"):
    """A seller asked for a listing to be looked at and let live."""

    listing: ListingId


class ListingPublished(Event, frozen=True, kw_only=True, tag="catalog.listing_published.v1"):
    """A listing went live, for the first time or again."""

    listing: ListingId


class ListingPaused(Event, frozen=True, kw_only=True, tag="catalog.listing_paused.v1"):
    """A seller took a listing off the shelf for now."""

    listing: ListingId


class ListingRetired(Event, frozen=True, kw_only=True, tag="catalog.listing_retired.v1"):
    """A seller took a listing off the shelf for good."""

    listing: ListingId


class ListingSuspended(Event, frozen=True, kw_only=True, tag="catalog.listing_suspended.v1"):
    """The operator took a listing off the shelf."""

    listing: ListingId
    why: str


class ListingRepriced(Event, frozen=True, kw_only=True, tag="catalog.listing_repriced.v1"):
    """A listing has another price from now on; quotes given before keep theirs. `by` names who did it."""

    listing: ListingId
    price_minor: int
    shipping_minor: int
    by: str


class ListingRelocated(Event, frozen=True, kw_only=True, tag="catalog.listing_relocated.v1"):
    """A listing's own location, where its stock comes in unless another is named, is another from now on."""

    listing: ListingId
    location: LocationId
