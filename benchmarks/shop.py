"""Shop: a home with a stocked catalog, buyers with full wallets and tokens, filled in columns for the checkout benchmark."""

import gc
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from benchmarks.workload import PRICE_MINOR, Load
from caravan.bootstrap import Caravan, open_caravan
from caravan.cell import Decision
from caravan.cell.facts import section
from caravan.config import Settings
from caravan.events import catalog, identity
from caravan.flows import invariants, opening, people, selling, settlement
from caravan.flows.house import House
from caravan.kernel.clock import Instant
from caravan.trade import ledger
from caravan.web import access
from caravan.world import partners

EUR = 978
SELLERS = 100
BUYERS_WITH_TOKENS_MAX = 1_000
_AT_ONCE = 50_000


class Keys(msgspec.Struct, frozen=True):
    """The tokens that open the shop: the operator's, and those of buyers 1, 2, … whose addresses have their numbers."""

    operator: str
    buyers: list[str]


class Books(NamedTuple):
    """What a home holds after the benchmark, added up from its log."""

    orders: int
    lines: int
    held_minor: int
    units_taken: int
    least_stock: int
    least_wallet_minor: int


class _Shelf(NamedTuple):
    numbers: np.ndarray
    buyers: int  # so many of the first numbers are buyers, too
    buyers_with_addresses: int
    categories: int


def open_home(home: Path, *, ahead: int = 0) -> Caravan:
    """Open a home without its views and its ticker: they are another reader's business, not in this window."""
    caravan = open_caravan(Settings(home=home, orders_ahead=ahead), ticks=False, folds=False)
    caravan.ticker.stop()
    return caravan


def fill(
    home: Path, load: Load, progress: Callable[[str], None], *, categories: int = 0, buyers: int | None = None
) -> Keys:
    """Fill a home with as many SKUs as the load says and as many buyers, or fewer, and leave a snapshot for a quick start."""
    caravan = open_home(home)
    gc.disable()  # What is filled in stays; going through millions of it again and again would find nothing.
    try:
        keys = _fill(caravan, load, progress, categories, load.skus if buyers is None else buyers)
        caravan.cell.snapshot()
    finally:
        gc.enable()
        caravan.close()
    return keys


def _fill(caravan: Caravan, load: Load, progress: Callable[[str], None], categories: int, buyers: int) -> Keys:
    cell, now = caravan.cell, caravan.clock.now()
    cell.do(opening.open_market, opening.Opening("Bench", "EUR"))
    names = [partners.Application(name=f"Seller {number}", country="PT") for number in range(SELLERS)]
    cell.do(selling.approve_sellers, cell.do(selling.apply_to_sell, names))
    with_tokens = min(BUYERS_WITH_TOKENS_MAX, buyers)
    for first in range(1, load.skus + 1, _AT_ONCE):
        progress(f"Filling the shop: {first - 1:,} of {load.skus:,} SKUs")
        numbers = np.arange(first, min(first + _AT_ONCE, load.skus + 1))
        nothing, words = np.zeros(len(numbers), np.int64), [""] * len(numbers)
        rich = numbers[: max(0, buyers - first + 1)]
        cell.do(_stock_shelf, _Shelf(numbers, len(rich), with_tokens if first == 1 else 0, categories))
        cell.do_many(selling.receive_stock, selling.Receipt(numbers, nothing + load.stock, nothing + now))
        if len(rich):
            nothing, words = nothing[: len(rich)], words[: len(rich)]
            top_ups = settlement.TopUps(
                at=nothing + now, buyers=rich, units=nothing + EUR, amounts=nothing + load.money_minor, suspense=nothing,
                methods=words, references=words,
            )  # fmt: skip
            cell.do_many(settlement.top_up, top_ups)
    drawn = [access.new_token(caravan, audience="operator", subject=0)]
    drawn += [access.new_token(caravan, audience="buyer", subject=buyer) for buyer in range(1, with_tokens + 1)]
    for future in [cell.submit(people.issue_token, new) for _, new in drawn]:
        future.result()
    operator, *tokens = (token for token, _ in drawn)
    return Keys(operator, tokens)


def _stock_shelf(_: House, shelf: _Shelf, *, now: Instant) -> Decision:
    """Put a product, a SKU and a live listing up for each number, and register buyers of the first numbers."""
    numbers, count = shelf.numbers, len(shelf.numbers)
    nothing, words = np.zeros(count, np.int64), [""] * count
    at, sellers = nothing + now, numbers % SELLERS + 1
    buyers, addresses = numbers[: shelf.buyers], numbers[: shelf.buyers_with_addresses]
    aisles = [f"Category {one % shelf.categories}" for one in numbers.tolist()] if shelf.categories else words
    facts = [
        section(
            catalog.ProductAdded, at=at, product=numbers, seller=sellers, title=[f"Product {one}" for one in numbers],
            description=words, category=aisles, brand=words, gtin=words, attributes=[{}] * count, image=words,
            weight_grams=nothing, reference=words,
        ),
        section(catalog.SkuAdded, at=at, sku=numbers, product=numbers, option=words),
        section(
            catalog.ListingAdded, at=at, listing=numbers, seller=sellers, sku=numbers, location=sellers,
            price_minor=nothing + PRICE_MINOR, shipping_minor=nothing, currency=["EUR"] * count,
            condition=["new"] * count, reference=words,
        ),
        section(catalog.ListingPublished, at=at, listing=numbers),
        section(
            identity.BuyerRegistered, at=at[: len(buyers)], buyer=buyers, email_mark=[b""] * len(buyers),
            contact=[b""] * len(buyers), country=["PT"] * len(buyers), reference=words[: len(buyers)],
        ),
        section(
            identity.AddressAdded, at=at[: len(addresses)], address=addresses, buyer=addresses,
            country=["PT"] * len(addresses), sealed=[b"sealed"] * len(addresses),
        ),
    ]  # fmt: skip
    return Decision([part for part in facts if part.batch.num_rows], lambda: count)


def books(home: Path) -> Books:
    """Open a home anew, from its snapshot and its log, and add up what it holds; every invariant of the whole holds."""
    caravan = open_home(home)
    try:
        found: Books = caravan.cell.ask(_books)
        return found
    finally:
        caravan.close()


def _books(house: House) -> Books:
    found = list(invariants.findings(house))
    assert not found, found[:5]
    accounts = house.ledger.accounts
    available, wallets = accounts.kind == ledger.Kind.AVAILABLE, accounts.kind == ledger.Kind.WALLET
    return Books(
        orders=len(house.orders.purchases) - 1,
        lines=int(house.orders.lines.quantity.sum()),
        held_minor=int(accounts.held[wallets].sum()),
        units_taken=int(accounts.posted[accounts.kind == ledger.Kind.COMMITTED].sum()),
        least_stock=int((accounts.posted - accounts.held)[available].min()),
        least_wallet_minor=int((accounts.posted - accounts.held)[wallets].min()),
    )
