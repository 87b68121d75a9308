"""The catalog's state: pages as texts, listings in arrays, because checkout looks them up thousands at a time."""

from enum import IntEnum

import msgspec
import numpy as np

from caravan.cell import Section, Table, pack, rows, unpack
from caravan.events import catalog as events
from caravan.kernel.event import Event
from caravan.kernel.ids import ListingId, ProductId, SellerId, SkuId
from caravan.kernel.money import numeric


class ListingStatus(IntEnum):
    """Where a listing stands; only a live one can be bought."""

    DRAFT = 1
    IN_REVIEW = 2
    LIVE = 3
    PAUSED = 4
    RETIRED = 5
    SUSPENDED = 6


class Product(msgspec.Struct, array_like=True):
    """A product page, shared by all who offer the product."""

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
    revision: int = 1
    skus: list[SkuId] = msgspec.field(default_factory=list)


class Sku(msgspec.Struct, array_like=True):
    """One variant of a product."""

    product: ProductId
    option: str
    listings: list[ListingId] = msgspec.field(default_factory=list)


_MOVES: dict[type[Event], ListingStatus] = {
    events.ListingSubmitted: ListingStatus.IN_REVIEW,
    events.ListingPublished: ListingStatus.LIVE,
    events.ListingPaused: ListingStatus.PAUSED,
    events.ListingRetired: ListingStatus.RETIRED,
    events.ListingSuspended: ListingStatus.SUSPENDED,
}


class Catalog:
    """Products, SKUs and listings; their numbers are their places, from 1."""

    name = "catalog"
    kinds: frozenset[type[Event]] = frozenset(
        {
            events.ProductAdded,
            events.ProductEdited,
            events.SkuAdded,
            events.ListingAdded,
            events.ListingRepriced,
            events.ListingRelocated,
            *_MOVES,
        }
    )

    def __init__(self) -> None:
        self.version = 0
        self.products: list[Product] = [Product(ProductId(0), SellerId(0), "", "", "", "", "", {}, "", 0, "")]
        self.skus: list[Sku] = [Sku(ProductId(0), "")]
        self.listings = Table(
            by_row=True, seller=np.int64, sku=np.int64, location=np.int64, unit=np.int64, status=np.int64, price=np.int64,
            shipping=np.int64, category=np.int64, revision=np.int64,
        )  # fmt: skip
        self.categories: list[str] = [""]  # By the number that a listing has for its product's category.
        self._category_numbers = {"": 0}
        self.conditions: list[str] = [""]
        self.references: dict[tuple[int, str], ListingId] = {}
        self.pages: dict[str, ProductId] = {}  # By the reference that a page was brought in with.

    def apply(self, part: Section) -> None:
        """Fold in a run of facts."""
        self.version += 1
        for event in rows(part):
            self._apply(event)

    def _apply(self, event: Event) -> None:
        match event:
            case events.ProductAdded():
                assert event.product == len(self.products)
                self.products.append(
                    Product(
                        event.product, event.seller, event.title, event.description, event.category, event.brand,
                        event.gtin, event.attributes, event.image, event.weight_grams, event.reference,
                    )
                )  # fmt: skip
                if event.reference:
                    self.pages[event.reference] = event.product
            case events.ProductEdited():
                page = self.products[event.product]
                page.title, page.description, page.category = event.title, event.description, event.category
                page.image = event.image
                self._move_listings(page)
                page.revision += 1
            case events.SkuAdded():
                assert event.sku == len(self.skus)
                self.skus.append(Sku(event.product, event.option))
                self.products[event.product].skus.append(event.sku)
            case events.ListingAdded():
                self._add_listing(event)
            case events.ListingRepriced():
                self.listings.price[event.listing] = event.price_minor
                self.listings.shipping[event.listing] = event.shipping_minor
                self.listings.revision[event.listing] += 1
            case events.ListingRelocated():
                self.listings.location[event.listing] = event.location
            case _:
                listing: int = event.listing  # type: ignore[attr-defined]
                self.listings.status[listing] = _MOVES[type(event)]
                self.listings.revision[listing] += 1

    def _add_listing(self, event: events.ListingAdded) -> None:
        assert event.listing == len(self.listings)
        self.listings.append(
            1, seller=event.seller, sku=event.sku, location=event.location, price=event.price_minor,
            shipping=event.shipping_minor, unit=numeric(event.currency), status=ListingStatus.DRAFT, revision=1,
            category=self._category(self.products[self.skus[event.sku].product].category),
        )  # fmt: skip
        self.conditions.append(event.condition)
        self.skus[event.sku].listings.append(event.listing)
        if event.reference:
            self.references[event.seller, event.reference] = event.listing

    def _move_listings(self, page: Product) -> None:
        """Let the listings of a page be in its category."""
        number = self._category(page.category)
        for sku in page.skus:
            self.listings.category[self.skus[sku].listings] = number

    def _category(self, name: str) -> int:
        if name not in self._category_numbers:
            self._category_numbers[name] = len(self.categories)
            self.categories.append(name)
        return self._category_numbers[name]

    def dump(self) -> dict[str, np.ndarray]:
        """Give pages as bytes and listings as arrays."""
        references = [(seller, reference, listing) for (seller, reference), listing in self.references.items()]
        return {
            "products": pack(self.products),
            "skus": pack(self.skus),
            "conditions": pack(self.conditions),
            "references": pack(references),
            "categories": pack(self.categories),
        } | dict(self.listings.dump("listings"))

    def load(self, parts: dict[str, np.ndarray]) -> None:
        """Take everything back."""
        self.products = unpack(parts, "products", list[Product])
        self.skus = unpack(parts, "skus", list[Sku])
        self.conditions = unpack(parts, "conditions", list[str])
        triples = unpack(parts, "references", list[tuple[int, str, int]])
        self.references = {(seller, reference): ListingId(listing) for seller, reference, listing in triples}
        self.pages = {page.reference: page.product for page in self.products if page.reference}
        self.listings.load("listings", parts)
        self.categories = unpack(parts, "categories", list[str])
        self._category_numbers = {name: number for number, name in enumerate(self.categories)}
