"""Batches: orders of many buyers at catalog prices, sent together by a partner or a gateway, each placed once by its key."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numba import njit

from caravan.cell import Batch, owned
from caravan.cell.prefetch import prefetch
from caravan.flows import checkout
from caravan.flows.baskets import Baskets
from caravan.flows.checkout import Placement
from caravan.flows.house import House
from caravan.flows.judgment import Verdict
from caravan.kernel.clock import Instant
from caravan.kernel.money import numeric

# So many lines' listings are on their way from memory at a time.
_AHEAD = 32
_UNITS_MAX = checkout.UNITS_PER_LINE_MAX


@dataclass(frozen=True)
class DirectOrders:
    """Orders in columns, in the market's currency. Order columns are int64 [n], line columns [m]; `rows` is whose line.

    `marks_high` and `marks_low` hash each order's key: one that was placed before is not placed again.
    """

    buyers: np.ndarray
    addresses: np.ndarray
    expected: np.ndarray
    marks_high: np.ndarray
    marks_low: np.ndarray
    rows: np.ndarray
    listings: np.ndarray
    quantities: np.ndarray

    def __len__(self) -> int:
        """Give the number of orders."""
        return len(self.buyers)


def order_in_columns(house: House, requests: Sequence[DirectOrders], *, now: Instant) -> Batch:
    """Place the orders of several requests, in order. Each answer is a Placement.

    An order whose key was placed before is answered with that purchase, or with IDEMPOTENCY_CONFLICT where it was
    another order.
    """
    decided = checkout.place_sourced(
        house, [_at_catalog_prices(house, request, now=now) for request in requests], now=now
    )
    answers = [
        # Looked up once the facts are folded in, so that a key that stands twice in one batch finds its first.
        lambda request=request, answer=answer: _settled(house, request, answer())
        for request, answer in zip(requests, decided.answers, strict=True)
    ]
    return Batch(decided.facts, answers)


def warm(house: House) -> None:
    """Run the compiled parts over nothing, so that the first batch does not wait for them."""
    checkout.warm(house)
    nothing = np.zeros(0, np.int64)
    _at_catalog_prices(
        house, DirectOrders(**dict.fromkeys((one.name for one in fields(DirectOrders)), nothing)), now=Instant(0)
    )


def _at_catalog_prices(house: House, request: DirectOrders, *, now: Instant) -> Baskets:
    table, market = house.catalog.listings, house.markets.market
    nothing = np.zeros(len(request), np.int64)
    prices, shipping = np.empty(len(request.rows), np.int64), np.empty(len(request.rows), np.int64)
    _price(table.price, table.shipping, owned(request.listings), owned(request.quantities), prices, shipping)
    return Baskets(
        at=nothing + now, buyers=request.buyers, sessions=nothing, addresses=request.addresses,
        units=nothing + (numeric(market.currency) if market is not None else 0), expected=request.expected,
        marks_high=request.marks_high, marks_low=request.marks_low, rows=request.rows, listings=request.listings,
        quantities=request.quantities, unit_prices=prices, shipping=shipping,
        holds=np.zeros(len(request.rows), np.int64), locations=np.zeros(len(request.rows), np.int64),
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _price(  # Compiled code takes arrays, not objects.
    price_of: np.ndarray, shipping_of: np.ndarray, listings: np.ndarray, quantities: np.ndarray, prices: np.ndarray,
    shipping: np.ndarray,
) -> None:  # fmt: skip
    """Fill in what lines cost; those of listings that are not there cost nothing, and are refused later."""
    for line in range(listings.shape[0] + _AHEAD):
        if line < listings.shape[0] and 0 < listings[line] < price_of.shape[0]:
            prefetch(price_of, listings[line])
        due = line - _AHEAD
        if due < 0:
            continue
        listing = listings[due] if 0 < listings[due] < price_of.shape[0] else 0
        prices[due] = price_of[listing]
        shipping[due] = shipping_of[listing] * min(max(quantities[due], 0), _UNITS_MAX)


def _settled(house: House, request: DirectOrders, placement: Placement) -> Placement:
    """Give those that were placed before their purchase."""
    again = np.flatnonzero(placement.verdicts == Verdict.ALREADY_PLACED)
    if not len(again):
        return placement
    purchases, verdicts = placement.purchases.copy(), placement.verdicts.copy()
    found = house.orders.find_marks(request.marks_high[again], request.marks_low[again])
    for row, purchase in zip(again.tolist(), found.tolist(), strict=True):
        if purchase and _is_same(house, request, row, purchase):
            purchases[row], verdicts[row] = purchase, Verdict.PLACED
        elif purchase:
            verdicts[row] = Verdict.IDEMPOTENCY_CONFLICT
    return Placement(purchases, verdicts)


def _is_same(house: House, request: DirectOrders, row: int, purchase: int) -> bool:
    bought, orders = house.orders.purchases, house.orders
    numbers = np.arange(bought.first_order[purchase], bought.first_order[purchase] + bought.orders[purchase])
    lines = orders.lines_of(numbers).values
    stored = _summed(orders.lines.listing[lines], orders.lines.quantity[lines])
    mine = request.rows == row
    asked = _summed(request.listings[mine], request.quantities[mine])
    said = (int(request.buyers[row]), int(request.addresses[row]), int(request.expected[row]))
    return stored == asked and said == (
        int(bought.buyer[purchase]),
        int(bought.address[purchase]),
        int(bought.total[purchase]),
    )


def _summed(listings: np.ndarray, quantities: np.ndarray) -> dict[int, int]:
    """Sum units by listing: what several locations send of one is as many lines."""
    sums: dict[int, int] = {}
    for listing, quantity in zip(listings.tolist(), quantities.tolist(), strict=True):
        sums[listing] = sums.get(listing, 0) + quantity
    return sums
