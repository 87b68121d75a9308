"""Finding: products as search knows them, out of catalog, sellers and stock; and what a fact changes about them."""

from collections.abc import Sequence

import numpy as np

from caravan.cell import Decision, Section, numbers, ragged
from caravan.events import catalog as changes
from caravan.events import ledger as postings
from caravan.events import orders
from caravan.events import partners as sellers
from caravan.flows.house import House, as_facts
from caravan.insight import search
from caravan.insight.search import Sheet
from caravan.kernel.clock import Instant
from caravan.kernel.ids import ProductId
from caravan.trade import catalog, ledger

KINDS = frozenset(
    {
        changes.ProductAdded, changes.ProductEdited, changes.SkuAdded, changes.ListingAdded, changes.ListingSubmitted,
        changes.ListingPublished, changes.ListingPaused, changes.ListingRetired, changes.ListingSuspended,
        changes.ListingRepriced, postings.EntryRecorded, orders.PurchasePlaced, sellers.SellerApproved, sellers.SellerSuspended,
    }
)  # fmt: skip
"""The facts that change what is found."""
_NAMES = {
    changes.ProductAdded: "product", changes.ProductEdited: "product", changes.SkuAdded: "product",
    sellers.SellerApproved: "seller", sellers.SellerSuspended: "seller",
}  # fmt: skip
_NUMBERS = ("mpn", "sku", "model")
SELLERS_MAX = 200


def changed(part: Section) -> tuple[str, np.ndarray]:
    """Tell what a run of facts changes: numbers of products, listings, sellers or ledger accounts, each once."""
    if part.kind is postings.EntryRecorded:
        return "account", np.unique(ragged(part.batch, "accounts").values)
    if part.kind is orders.PurchasePlaced:
        return "listing", np.unique(ragged(part.batch, "listings").values)
    name = _NAMES.get(part.kind, "listing")
    return name, np.unique(numbers(part.batch, name))


def products_of(house: House, touched: dict[str, np.ndarray]) -> list[int]:
    """Give the products that touched listings, sellers and accounts belong to, each once."""
    none = np.zeros(0, np.int64)
    found = set(touched.get("product", none).tolist())
    table, skus = house.catalog.listings, house.catalog.skus
    accounts = touched.get("account", none)
    is_stock = house.ledger.accounts.kind[accounts] == ledger.Kind.AVAILABLE
    moved = set(house.ledger.accounts.unit[accounts[is_stock]].tolist())
    listings = touched.get("listing", none)
    moved.update(table.sku[listings].tolist())
    if len(touched.get("seller", none)):
        theirs = np.isin(table.seller[: len(table)], touched["seller"])
        moved.update(table.sku[: len(table)][theirs].tolist())
    found.update(skus[sku].product for sku in moved if 0 < sku < len(skus))
    return sorted(found - {0})


def products(house: House) -> int:
    """Give the number of the last product."""
    return len(house.catalog.products) - 1


def sheets(house: House, wanted: Sequence[int]) -> list[Sheet]:
    """Give products as search knows them: with the best landed price among those offers that can be bought."""
    return [_sheet(house, ProductId(product)) for product in wanted]


def _sheet(house: House, product: ProductId) -> Sheet:
    page = catalog.product_of(house.catalog, product)
    table, accounts = house.catalog.listings, house.ledger.accounts
    skus = [house.catalog.skus[sku] for sku in page.skus]
    listings = np.array([listing for sku in skus for listing in sku.listings], np.int64)
    is_live = (table.status[listings] == catalog.ListingStatus.LIVE) & house.partners.active[table.seller[listings]]
    live = listings[is_live]
    stock = house.ledger.find(ledger.Kind.AVAILABLE, table.location[live], table.sku[live])
    is_there = (stock > 0) & (accounts.posted[stock] > accounts.held[stock])
    offered = live[is_there] if is_there.any() else live
    landed = table.price[offered] + table.shipping[offered]
    numbers_of = (page.gtin, page.reference, *(page.attributes.get(name, "") for name in _NUMBERS))
    return Sheet(
        product, page.title, page.description, page.brand, page.category,
        " ".join([*page.attributes.values(), *(sku.option for sku in skus)]), tuple(filter(None, numbers_of)),
        tuple(np.unique(table.seller[live]).tolist()[:SELLERS_MAX]), int(landed.min()) if len(landed) else 0,
        is_sellable=bool(len(live)), is_available=bool(is_there.any()),
    )  # fmt: skip


def set_synonyms(house: House, wanted: tuple[Sequence[Sequence[str]], str], *, now: Instant) -> Decision:
    """Say which words mean the same from now on."""
    groups, by = wanted
    fact = search.set_synonyms(groups, by=by, now=now)
    return Decision(as_facts(fact), lambda: search.synonyms(house.search))


def note_nothing_found(_: House, words: str, *, now: Instant) -> Decision:
    """Write down that somebody found nothing."""
    return Decision(as_facts(search.note_nothing_found(words, now=now)))
