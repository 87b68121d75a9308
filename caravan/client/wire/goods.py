"""What goes over the wire of what is sold: products, listings, stock."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from caravan.client.wire.ground import (
    UNITS_PER_RECEIPT_MAX,
    Amount,
    Drawing,
    ListingRef,
    LocationRef,
    Paging,
    ProductRef,
    Request,
    Response,
    SellerRef,
    SkuRef,
    Text120,
    Text200,
    Text1000,
    Text20000,
    Time,
)
from caravan.kernel.money import Money

ListingState = Literal["draft", "in_review", "live", "paused", "retired", "suspended"]
Condition = Literal["new", "refurbished", "used"]


class NewOption(Request, frozen=True, kw_only=True):
    """One variant of a product, and what the seller offers it for."""

    price: Amount
    option: Text120 = ""
    shipping: Amount | None = None
    condition: Condition = "new"
    reference: Text120 = ""


class NewProduct(Request, frozen=True, kw_only=True):
    """A product page with the first listing of each of its options. `seller` is for the operator to say."""

    title: Text200
    options: Annotated[list[NewOption], Meta(min_length=1, max_length=100)]
    description: Text20000 = ""
    category: Text200 = "Other"
    brand: Text120 = ""
    gtin: Annotated[str, Meta(max_length=14)] = ""
    attributes: dict[Text120, Text1000] = {}
    image: Drawing = ""
    weight_grams: Annotated[int, Meta(ge=0, le=10**8)] = 0
    reference: Text120 = ""
    is_live: bool = True
    seller: SellerRef | None = None


class ProductEdit(Request, frozen=True, kw_only=True):
    """What a product page is to say from now on; what is absent stays."""

    title: Text200 | msgspec.UnsetType = msgspec.UNSET
    description: Text20000 | msgspec.UnsetType = msgspec.UNSET
    category: Text200 | msgspec.UnsetType = msgspec.UNSET
    image: Drawing | msgspec.UnsetType = msgspec.UNSET


class NewListing(Request, frozen=True, kw_only=True):
    """An offer of a product that is there already. `seller` is for the operator to say."""

    product: ProductRef
    price: Amount
    option: Text120 = ""
    shipping: Amount | None = None
    condition: Condition = "new"
    reference: Text120 = ""
    is_live: bool = True
    seller: SellerRef | None = None


class ListingEdit(Request, frozen=True, kw_only=True):
    """Another price; what is absent stays."""

    price: Amount | None = None
    shipping: Amount | None = None


class StockChange(Request, frozen=True, kw_only=True):
    """Units that came in or, below zero, were taken out; at the listing's own location, or at another of the seller's."""

    quantity: Annotated[int, Meta(ge=-UNITS_PER_RECEIPT_MAX, le=UNITS_PER_RECEIPT_MAX)]
    location: LocationRef | None = None


class ProductsQuery(Paging, frozen=True, kw_only=True):
    """Words to search for, a category (with all below it), and an order; only what can be bought unless asked."""

    q: Text200 = ""
    category: Text200 = ""
    sort: Literal["relevance", "newest", "oldest", "price", "-price", "sold"] = "newest"
    sellable: bool = True
    seller: SellerRef | None = None


class ListingsQuery(Paging, frozen=True, kw_only=True):
    """A seller's own listings; the operator may name a seller."""

    status: ListingState | None = None
    product: ProductRef | None = None
    seller: SellerRef | None = None


class ProductOnShelf(Response, frozen=True, kw_only=True):
    """A product as it stands in a list; `price` is the best with its shipping."""

    id: ProductRef
    title: str
    category: str
    brand: str
    price: Money | None
    offers: int
    sold: int
    added_at: Time


class ProductOption(Response, frozen=True, kw_only=True):
    """One variant of a product."""

    sku: SkuRef
    option: str


class Offer(Response, frozen=True, kw_only=True):
    """A listing that can be bought."""

    listing: ListingRef
    sku: SkuRef
    option: str
    seller: SellerRef
    seller_name: str
    price: Money
    shipping: Money
    condition: Condition
    available: int


class Product(Response, frozen=True, kw_only=True):
    """A product page with who offers it, the best landed price first."""

    id: ProductRef
    seller: SellerRef
    title: str
    description: str
    category: str
    brand: str
    gtin: str
    attributes: dict[str, str]
    image: str
    weight_grams: int
    revision: int
    options: list[ProductOption]
    offers: list[Offer]


class Offered(Response, frozen=True, kw_only=True):
    """What a product that was put up became."""

    id: ProductRef
    listings: list[ListingRef]


class StockAt(Response, frozen=True, kw_only=True):
    """The units of a listing at a location: free, held by checkouts, bought and still there, on their way to it."""

    location: LocationRef
    name: str
    available: int
    reserved: int
    committed: int
    coming: int


class SentFrom(Response, frozen=True, kw_only=True):
    """From where something is sent."""

    location: LocationRef
    city: str
    country: str


class Listing(Response, frozen=True, kw_only=True):
    """A listing, as its seller sees it."""

    id: ListingRef
    product: ProductRef
    title: str
    sku: SkuRef
    option: str
    seller: SellerRef
    price: Money
    shipping: Money
    condition: Condition
    status: ListingState
    revision: int
    available: int
    reserved: int
    committed: int
    coming: int = 0
    locations: list[StockAt] = []
