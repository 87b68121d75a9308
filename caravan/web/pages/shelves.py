"""Shelves: lists of products out of the views: by category and order, by seller, by words."""

from typing import NamedTuple

from caravan.bootstrap import Caravan
from caravan.insight.search import RANKED_MAX, Asked, Filter
from caravan.insight.search import Found as Answer
from caravan.kernel.errors import Invalid
from caravan.kernel.ids import BuyerId, ProductId, SellerId
from caravan.web.looking import look
from caravan.web.reach import page
from caravan.web.suggesting import NOBODY

_NO_BUYER = BuyerId(0)
PAGE_PRODUCTS = 24
WORDS_CHARACTERS_MAX = 100
SEARCH_PAGES_MAX = RANKED_MAX // PAGE_PRODUCTS
# By name: what people read, the column, and whether it falls.
SORTS = {
    "popular": ("Most bought", "sold", True),
    "new": ("Newest", "added_at", True),
    "price": ("Lowest price", "price", False),
    "price-down": ("Highest price", "price", True),
}


class Found(NamedTuple):
    """Some products, and the cursor of the next ones ("" at the end)."""

    products: list[ProductId]
    next: str


async def browse(caravan: Caravan, *, category: str, sort: str, after: str) -> Found:
    """Give a page of a category and all below it; category "" is everything."""
    _, column, falls = SORTS[sort]
    value, product = _cursor(after)
    where, values = ["offers > 0"], {"limit": PAGE_PRODUCTS + 1, "value": value, "product": product}
    if category:
        # "0" is the character after "/": this is the span of all that begins with the category and a slash.
        where.append("(category = :category OR category > :category || '/' AND category < :category || '0')")
        values["category"] = category  # type: ignore[assignment]
    if after:
        where.append(f"({column}, product) {'<' if falls else '>'} (:value, :product)")
    order = "DESC" if falls else "ASC"
    rows = await page(
        caravan,
        f"SELECT product, {column} FROM shelf WHERE {' AND '.join(where)}"  # noqa: S608 - Names come from the table above.
        f" ORDER BY {column} {order}, product {order} LIMIT :limit",
        values,
    )
    shown = rows[:PAGE_PRODUCTS]
    cursor = f"{shown[-1][1]}_{shown[-1][0]}" if len(rows) > PAGE_PRODUCTS else ""
    return Found([product for product, _ in shown], cursor)


def _cursor(after: str) -> tuple[int, int]:
    value, _, product = after.partition("_")
    if not after:
        return 0, 0
    if not (value.isdecimal() and product.isdecimal() and len(after) <= 40):  # noqa: PLR2004 - Two 64-bit numbers.
        raise Invalid("This page of the list is not there any more.")
    return min(int(value), 2**63 - 1), min(int(product), 2**63 - 1)


async def of_seller(caravan: Caravan, seller: SellerId, *, after: str) -> Found:
    """Give a page of what one seller has on offer, the newest first."""
    last = int(after) if after.isdecimal() and len(after) < 19 else 2**62  # noqa: PLR2004 - Fits 64 bits.
    rows = await page(
        caravan,
        "SELECT product FROM shelf_listings WHERE seller = ? AND is_live AND product < ?"
        " GROUP BY product ORDER BY product DESC LIMIT ?",
        (seller, last, PAGE_PRODUCTS + 1),
    )
    products = [product for (product,) in rows[:PAGE_PRODUCTS]]
    return Found(products, str(products[-1]) if len(rows) > PAGE_PRODUCTS else "")


class Narrowed(NamedTuple):
    """What a search is narrowed to by the shopper: a category, a seller, a band of prices, what is in stock."""

    category: str = ""
    seller: int = 0
    price_min: int = 0
    price_max: int = 0
    in_stock: bool = False


class Page(NamedTuple):
    """A page of an answer: from which place on, and the cursor of the next one ("" at the end)."""

    found: Answer
    first: int
    next: str


async def search(
    caravan: Caravan, words: str, *, narrowed: Narrowed, after: str, visitor: bytes = NOBODY, buyer: BuyerId = _NO_BUYER
) -> Page:  # fmt: skip
    """Find products by words, for a visitor."""
    page_number = int(after) if after.isdecimal() and len(after) < 3 else 0  # noqa: PLR2004 - Below SEARCH_PAGES_MAX.
    only = Filter(
        category=narrowed.category, seller=narrowed.seller, price_minor_min=narrowed.price_min,
        price_minor_max=narrowed.price_max, is_available=narrowed.in_stock,
    )  # fmt: skip
    asked = Asked(words[:WORDS_CHARACTERS_MAX], only, PAGE_PRODUCTS, page_number * PAGE_PRODUCTS)
    found = await look(caravan, asked, visitor=visitor, buyer=buyer)
    has_more = found.has_more and page_number + 1 < SEARCH_PAGES_MAX
    return Page(found, asked.offset, str(page_number + 1) if has_more else "")


async def neighbors(caravan: Caravan, *, category: str, product: ProductId, limit: int) -> list[ProductId]:
    """Give the products of a category that are bought most, but for one."""
    rows = await page(
        caravan,
        "SELECT product FROM shelf WHERE category = ? AND offers > 0 AND product != ? ORDER BY sold DESC LIMIT ?",
        (category, product, limit),
    )
    return [neighbor for (neighbor,) in rows]
