"""The catalog's state: everything in arrays and bytes, because checkout and lists look things up thousands at a time."""

from collections.abc import Sequence
from enum import IntEnum
from typing import Any

import numpy as np

from caravan.cell import Section, Table, numbers, pack, rows, unpack
from caravan.events import catalog as events
from caravan.kernel.event import Event
from caravan.kernel.ids import ListingId, ProductId
from caravan.kernel.money import numeric
from caravan.trade.catalog.pages import Pages, Skus, chain
from caravan.trade.catalog.texts import Names


class ListingStatus(IntEnum):
    """Where a listing stands; only a live one can be bought."""

    DRAFT = 1
    IN_REVIEW = 2
    LIVE = 3
    PAUSED = 4
    RETIRED = 5
    SUSPENDED = 6


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
        self.listings = Table(
            by_row=True, seller=np.int64, sku=np.int64, location=np.int64, unit=np.int64, status=np.int64, price=np.int64,
            shipping=np.int64, category=np.int64,
        )  # fmt: skip
        # What checkout does not ask for: the next listing of the same SKU, and what is shown.
        self.details = Table(following=np.int32, revision=np.int32, condition=np.int32)
        self.skus = Skus(self.details)
        self.products = Pages(self.skus)
        self.conditions = Names()
        self.references: dict[tuple[int, str], ListingId] = {}
        self.pages: dict[str, ProductId] = {}  # By the reference that a page was brought in with.

    @property
    def categories(self) -> list[str]:
        """Give the names of categories, by the number that pages and listings have for theirs."""
        return self.products.categories.all

    def apply(self, part: Section) -> None:
        """Fold in a run of facts."""
        self.version += 1
        if part.kind in _MOVES:
            self._move(part)
            return
        happened: list[Any] = list(rows(part))
        if part.kind is events.ProductAdded:
            self._add_products(happened)
        elif part.kind is events.SkuAdded:
            self._add_skus(part, happened)
        elif part.kind is events.ListingAdded:
            self._add_listings(part, happened)
        else:
            for event in happened:
                self._change(event)

    def _add_products(self, added: Sequence[events.ProductAdded]) -> None:
        self.products.add(added)
        self.pages.update((event.reference, event.product) for event in added if event.reference)

    def _add_skus(self, part: Section, added: Sequence[events.SkuAdded]) -> None:
        owners, pages = numbers(part.batch, "product"), self.products.table
        made = self.skus.add(owners, [event.option for event in added])
        assert (made == numbers(part.batch, "sku")).all(), "SKUs are numbered in the order of the log."
        chain(owners, made, pages.first_sku, pages.last_sku, self.skus.table.following)

    def _add_listings(self, part: Section, added: Sequence[events.ListingAdded]) -> None:
        skus, owners = self.skus.table, numbers(part.batch, "sku")
        new = self.listings.append(
            len(added), sku=owners, status=ListingStatus.DRAFT, unit=[numeric(event.currency) for event in added],
            seller=numbers(part.batch, "seller"), location=numbers(part.batch, "location"),
            price=numbers(part.batch, "price_minor"), shipping=numbers(part.batch, "shipping_minor"),
            category=self.products.table.category[skus.product[owners]],
        )  # fmt: skip
        self.details.append(
            len(added), revision=1, condition=[self.conditions.number(event.condition) for event in added]
        )
        made = np.arange(new.start, new.stop)
        assert (made == numbers(part.batch, "listing")).all(), "Listings are numbered in the order of the log."
        chain(owners, made, skus.first_listing, skus.last_listing, self.details.following)
        named = (event for event in added if event.reference)
        self.references.update(((event.seller, event.reference), event.listing) for event in named)

    def _move(self, part: Section) -> None:
        moved = numbers(part.batch, "listing")
        self.listings.status[moved] = _MOVES[part.kind]
        np.add.at(self.details.revision, moved, 1)

    def _change(self, event: Event) -> None:
        match event:
            case events.ProductEdited():
                self.products.edit(event)
                self._move_listings(event.product)
            case events.ListingRepriced():
                self.listings.price[event.listing] = event.price_minor
                self.listings.shipping[event.listing] = event.shipping_minor
                self.details.revision[event.listing] += 1
            case events.ListingRelocated():
                self.listings.location[event.listing] = event.location

    def _move_listings(self, product: ProductId) -> None:
        """Let the listings of a page be in its category."""
        page = self.products[product]
        for sku in page.skus:
            self.listings.category[self.skus[sku].listings] = self.products.table.category[product]

    def dump(self) -> dict[str, np.ndarray]:
        """Give texts as bytes, and everything else as arrays."""
        references = [(seller, reference, listing) for (seller, reference), listing in self.references.items()]
        return {
            **self.products.dump(),
            **self.skus.dump(),
            **dict(self.listings.dump("listings")),
            **dict(self.details.dump("details")),
            "conditions": pack(self.conditions.all),
            "references": pack(references),
            "references_of_pages": pack(list(self.pages.items())),
        }

    def load(self, parts: dict[str, np.ndarray]) -> None:
        """Take everything back."""
        self.products.load(parts)
        self.skus.load(parts)
        self.listings.load("listings", parts)
        self.details.load("details", parts)
        self.conditions = Names(unpack(parts, "conditions", list[str]))
        triples = unpack(parts, "references", list[tuple[int, str, int]])
        self.references = {(seller, reference): ListingId(listing) for seller, reference, listing in triples}
        pairs = unpack(parts, "references_of_pages", list[tuple[str, int]])
        self.pages = {reference: ProductId(product) for reference, product in pairs}
