"""Finding: products as search knows them, out of catalog, sellers and stock; and what a fact changes about them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from caravan.cell import Batch, Decision, Section, numbers, ragged
from caravan.events import catalog as changes
from caravan.events import ledger as postings
from caravan.events import orders
from caravan.events import partners as sellers
from caravan.flows import discovering, places
from caravan.flows.house import House, as_facts, one_by_one
from caravan.insight import search
from caravan.insight.search import Sheet
from caravan.kernel.clock import Instant
from caravan.kernel.errors import Invalid
from caravan.kernel.ids import BuyerId, ProductId
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
STOCK = frozenset({"account", "stock"})
"""What `changed` tells of stock: see `turned`."""
_SKU_BITS = 32


def changed(part: Section) -> tuple[str, np.ndarray]:
    """Tell what a run of facts changes: numbers of products, listings, sellers or ledger accounts, each once.

    What purchases took is told as "stock": a number for each location and SKU.
    """
    if part.kind is postings.EntryRecorded:
        return "account", np.unique(ragged(part.batch, "accounts").values)
    if part.kind is orders.PurchasePlaced:
        locations, skus = (ragged(part.batch, name).values for name in ("locations", "skus"))
        return "stock", np.unique(locations << _SKU_BITS | skus)
    name = _NAMES.get(part.kind, "listing")
    return name, np.unique(numbers(part.batch, name))


def products_of(house: House, touched: dict[str, np.ndarray]) -> list[int]:
    """Give the products that touched listings, sellers and stock belong to, each once."""
    none = np.zeros(0, np.int64)
    found = set(touched.get("product", none).tolist())
    table = house.catalog.listings
    moved = [table.sku[touched.get("listing", none)], house.ledger.accounts.unit[accounts_of(house, touched)]]
    if len(touched.get("seller", none)):
        theirs = np.isin(table.seller[: len(table)], touched["seller"])
        moved.append(table.sku[: len(table)][theirs])
    found.update(_products_of_skus(house, np.concatenate(moved)))
    return sorted(found - {0})


def _products_of_skus(house: House, skus: np.ndarray) -> list[int]:
    """Give the products of SKUs, passing over what is no SKU."""
    table = house.catalog.skus.table
    found: list[int] = table.product[np.unique(skus[(skus > 0) & (skus < len(table))])].tolist()
    return found


def accounts_of(house: House, touched: dict[str, np.ndarray]) -> np.ndarray:
    """Give the ledger accounts of available units that were touched, each once."""
    none = np.zeros(0, np.int64)
    accounts, stock = touched.get("account", none), touched.get("stock", none)
    is_stock = house.ledger.accounts.kind[accounts] == ledger.Kind.AVAILABLE
    taken = house.ledger.find(ledger.Kind.AVAILABLE, stock >> _SKU_BITS, stock & (1 << _SKU_BITS) - 1)
    return np.unique(np.concatenate([accounts[is_stock], taken[taken > 0]]))


class Turned(NamedTuple):
    """Products whose availability is not what search shows: as they are now, and what search shows from then on."""

    sheets: list[Sheet]
    accounts: np.ndarray
    is_there: np.ndarray


def turned(house: House, accounts: np.ndarray, shown: np.ndarray) -> Turned:
    """Look which of these accounts ran out or came back, against what was shown: 1 there, 0 not, others not known.

    An order moves stock but seldom ends it, so that most of what is bought need not be put into the index again.
    """
    table = house.ledger.accounts
    is_there = table.posted[accounts] > table.held[accounts]
    differs = is_there != shown
    found = sorted(set(_products_of_skus(house, table.unit[accounts[differs]])) - {0})
    return Turned(sheets(house, found), accounts[differs], is_there[differs])


def products(house: House) -> int:
    """Give the number of the last product."""
    return len(house.catalog.products) - 1


class Graded(NamedTuple):
    """How well a product answers a query, from 1 (does not fit) to 3 (fits), by whoever looked at both."""

    query: str
    product: ProductId
    grade: float


def examples(house: House, graded: Sequence[Graded]) -> list[search.Example]:
    """Gather graded pairs by query. Refuses a product that there is none of and a grade that is none."""
    by_query: dict[str, dict[int, float]] = {}
    for row, one in enumerate(graded, 1):
        if not 0 < one.product < len(house.catalog.products):
            raise Invalid(f"Row {row} grades a product that there is none of.", field="product")
        if not search.GRADE_MIN <= one.grade <= search.GRADE_MAX:
            raise Invalid(f"Row {row} has the grade {one.grade:g}: it is from 1 to 3.", field="grade")
        by_query.setdefault(one.query, {})[one.product] = one.grade
    return [search.Example(query, grades) for query, grades in by_query.items()]


def sheets(house: House, wanted: Sequence[int]) -> list[Sheet]:
    """Give products as search knows them: with the best landed price among those offers that can be bought."""
    return [_sheet(house, ProductId(product)) for product in wanted]


def _sheet(house: House, product: ProductId) -> Sheet:
    page = catalog.product_of(house.catalog, product)
    table = house.catalog.listings
    _, listings = catalog.listings_of(house.catalog, np.array([product]))
    options = [house.catalog.skus.options.all[house.catalog.skus.table.option[sku]] for sku in page.skus]
    is_live = (table.status[listings] == catalog.ListingStatus.LIVE) & house.partners.active[table.seller[listings]]
    live = listings[is_live]
    is_there = places.available(house, live) > 0
    offered = live[is_there] if is_there.any() else live
    landed = table.price[offered] + table.shipping[offered]
    numbers_of = (page.gtin, page.reference, *(page.attributes.get(name, "") for name in _NUMBERS))
    return Sheet(
        product, page.title, page.description, page.brand, page.category,
        " ".join([*page.attributes.values(), *options]), tuple(filter(None, numbers_of)),
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


class Looked(NamedTuple):
    """What a visitor was shown for words, from a place on, and how two versions drafted it, where they did."""

    visitor: bytes
    buyer: BuyerId
    words: tuple[str, ...]
    version: str
    first: int
    products: tuple[int, ...]
    drafted: discovering.Drafted | None = None


def note_results(_: House, requests: Sequence[Looked], *, now: Instant) -> Batch:
    """Note what visitors were shown for words."""

    def note(request: Looked, facts: list[Section]) -> None:
        shown = request._asdict()
        drafted = shown.pop("drafted")
        facts.extend(as_facts(search.show_results(**shown, now=now)))
        facts.extend(discovering.draft_facts(drafted, request.visitor, request.buyer, "search", now=now))

    return one_by_one(requests, note)
