"""Shelves: lists of products out of the views: by category and order, by seller, by words."""

import re
from typing import NamedTuple

from caravan.bootstrap import Caravan
from caravan.kernel.errors import Invalid
from caravan.kernel.ids import ProductId, SellerId
from caravan.web.reach import page

PAGE_PRODUCTS = 24
WORDS_MAX = 8
WORDS_CHARACTERS_MAX = 100
SEARCH_PAGES_MAX = 20
# By name: what people read, the column, and whether it falls.
SORTS = {
    "popular": ("Most bought", "sold", True),
    "new": ("Newest", "added_at", True),
    "price": ("Lowest price", "price", False),
    "price-down": ("Highest price", "price", True),
}
_WORD = re.compile(r"\w+")
# The weights say how much a word counts in title, description, brand, category and options.
_MATCH = """
SELECT words.rowid FROM words JOIN shelf ON shelf.product = words.rowid WHERE words MATCH ? AND shelf.offers > 0
ORDER BY bm25(words, 10.0, 1.0, 4.0, 3.0, 2.0), words.rowid LIMIT ? OFFSET ?
"""


class Found(NamedTuple):
    """Some products, and the cursor of the next ones ("" at the end)."""

    products: list[ProductId]
    next: str
    is_close: bool = False  # not all the words fit: these have some of them


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


async def search(caravan: Caravan, words: str, *, after: str) -> Found:
    """Find products by words; the last one may be unfinished. Where nothing has all of them, give what has some."""
    terms = _WORD.findall(words[:WORDS_CHARACTERS_MAX])[:WORDS_MAX]
    place = int(after) if after.isdecimal() and len(after) < 3 else 0  # noqa: PLR2004 - Below SEARCH_PAGES_MAX.
    if not terms:
        return Found([], "")
    # Quoted, a word is only a word: whatever else FTS5 knows (AND, NEAR, column:) can't be said.
    quoted = [f'"{term}"' for term in terms[:-1]] + [f'"{terms[-1]}"*']
    found = await _match(caravan, " AND ".join(quoted), place)
    if found.products or place or len(terms) == 1:
        return found
    close = await _match(caravan, " OR ".join(quoted), 0)
    return Found(close.products, "", is_close=True)


async def _match(caravan: Caravan, expression: str, place: int) -> Found:
    rows = await page(caravan, _MATCH, (expression, PAGE_PRODUCTS + 1, place * PAGE_PRODUCTS))
    has_more = len(rows) > PAGE_PRODUCTS and place + 1 < SEARCH_PAGES_MAX
    return Found([product for (product,) in rows[:PAGE_PRODUCTS]], str(place + 1) if has_more else "")


async def neighbors(caravan: Caravan, *, category: str, product: ProductId, limit: int) -> list[ProductId]:
    """Give the products of a category that are bought most, but for one."""
    rows = await page(
        caravan,
        "SELECT product FROM shelf WHERE category = ? AND offers > 0 AND product != ? ORDER BY sold DESC LIMIT ?",
        (category, product, limit),
    )
    return [neighbor for (neighbor,) in rows]
