"""Judgment: what can be seen of thousands of baskets without the ledger, and their lines laid out order by order."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numba import njit

from caravan.cell import owned
from caravan.cell.prefetch import prefetch
from caravan.flows.baskets import Baskets
from caravan.flows.house import House
from caravan.kernel.money import AMOUNT_MAX
from caravan.trade import catalog, orders


class Verdict(IntEnum):
    """Why a purchase of many was refused; 0 is placed."""

    PLACED = 0
    OUT_OF_STOCK = 1
    INSUFFICIENT_FUNDS = 2
    NOT_ON_OFFER = 3
    SELLER_NOT_ACTIVE = 4
    TOTAL_CHANGED = 5
    INVALID = 6
    RESERVATION_EXPIRED = 7
    ALREADY_PLACED = 8
    ENTRY_REFUSED = 9
    NOT_FOUND = 10
    BUYER_LIMIT_REACHED = 11
    IDEMPOTENCY_CONFLICT = 12


@dataclass(frozen=True)
class Lines:
    """The lines of baskets, by basket and seller: the runs of one seller are its orders. All int64.

    Basket i has the lines from offsets[i] and the orders from order_offsets[i] on. Those of a basket that was refused are
    there too, with nothing in them that could not be computed with.
    """

    offsets: np.ndarray
    sellers: np.ndarray
    listings: np.ndarray
    skus: np.ndarray
    locations: np.ndarray
    quantities: np.ndarray
    unit_prices: np.ndarray
    shipping: np.ndarray
    holds: np.ndarray
    order_offsets: np.ndarray
    order_sellers: np.ndarray
    totals: np.ndarray
    line_counts: np.ndarray

    def per_order(self, values: np.ndarray) -> np.ndarray:
        """Sum a line column by order."""
        sums = np.concatenate([[0], np.cumsum(values)])
        ends = np.cumsum(self.line_counts)
        totals: np.ndarray = sums[ends] - sums[ends - self.line_counts]
        return totals


def judge(house: House, baskets: Baskets) -> np.ndarray:
    """Give a Verdict on what can be seen without the ledger: 0, or why not; int64 [n]."""
    return judged(house, baskets)[0]


def judged(house: House, baskets: Baskets) -> tuple[np.ndarray, Lines]:
    """Give the verdicts of `judge`, and all lines by basket and seller."""
    baskets = baskets.by_row()
    count, width = len(baskets), len(baskets.rows)
    offsets = np.zeros(count + 1, np.int64)
    np.cumsum(np.bincount(baskets.rows, minlength=count), out=offsets[1:])
    verdicts = np.empty(count, np.int64)
    by_line, by_order = np.empty((8, width), np.int64), np.empty((3, width), np.int64)
    order_offsets = np.empty(count + 1, np.int64)
    is_marked = orders.purchase_of_mark(house.orders, (baskets.marks_high, baskets.marks_low)) > 0
    _see_repeated(owned(baskets.marks_high), owned(baskets.marks_low), is_marked)
    table = house.catalog.listings
    placed = _weigh(
        owned(baskets.buyers), owned(baskets.units), owned(baskets.expected), is_marked,
        _foreign_addresses(house, baskets), offsets, owned(baskets.listings), owned(baskets.quantities),
        owned(baskets.unit_prices), owned(baskets.shipping), owned(baskets.holds), owned(baskets.locations),
        table.seller, table.sku, table.location, table.unit, table.status, house.partners.active,
        len(house.identity.buyers), house.markets.policy.units_per_buyer_max, verdicts, by_line, order_offsets, by_order,
    )  # fmt: skip
    lines = Lines(
        offsets=offsets, sellers=by_line[0], listings=by_line[1], skus=by_line[2], locations=by_line[3],
        quantities=by_line[4], unit_prices=by_line[5], shipping=by_line[6], holds=by_line[7], order_offsets=order_offsets,
        order_sellers=by_order[0, :placed], totals=by_order[1, :placed], line_counts=by_order[2, :placed],
    )  # fmt: skip
    return verdicts, lines


def _foreign_addresses(house: House, baskets: Baskets) -> np.ndarray:
    """Tell which purchases go to an address that is not their buyer's; bool [n]."""
    is_foreign = np.zeros(len(baskets), np.bool_)
    addressed = np.flatnonzero(baskets.addresses)
    if len(addressed):
        known, wanted = house.identity.addresses, baskets.addresses[addressed].tolist()
        owners = [known[address].buyer if 0 <= address < len(known) else -1 for address in wanted]
        is_foreign[addressed] = np.array(owners, np.int64) != baskets.buyers[addressed]
    return is_foreign


@njit(cache=True, nogil=True)
def _see_repeated(high: np.ndarray, low: np.ndarray, is_marked: np.ndarray) -> None:
    """Mark the purchases whose mark stands earlier in the same batch."""
    size = 16
    while size < 2 * high.shape[0]:
        size *= 2
    slots = np.zeros(size, np.int32)
    for row in range(high.shape[0]):
        if high[row] == 0 and low[row] == 0:
            continue
        place = (high[row] ^ (low[row] >> 17) ^ (low[row] << 7)) & (size - 1)
        while slots[place] != 0:
            other = slots[place] - 1
            if high[other] == high[row] and low[other] == low[row]:
                is_marked[row] = True
                break
            place = (place + 1) & (size - 1)
        if slots[place] == 0:
            slots[place] = row + 1


# What can be wrong with a basket; of several faults the one with the largest number is told.
_TOTAL, _SELLER, _OFFER, _LIMIT, _FOREIGN, _INSANE, _MARKED = 1, 2, 3, 4, 5, 6, 7
_VERDICT_OF = np.array(
    [
        0, Verdict.TOTAL_CHANGED, Verdict.SELLER_NOT_ACTIVE, Verdict.NOT_ON_OFFER, Verdict.BUYER_LIMIT_REACHED,
        Verdict.NOT_FOUND, Verdict.INVALID, Verdict.ALREADY_PLACED,
    ],
    np.int64,
)  # fmt: skip
# So many baskets' listings are brought from memory together.
_AHEAD = 128
_LIVE = int(catalog.ListingStatus.LIVE)
_UNITS_MAX = orders.UNITS_PER_LINE_MAX
_PRICE_SAFE = AMOUNT_MAX // _UNITS_MAX  # Up to here no quantity is too many, and there is no need to divide.


@njit(cache=True, nogil=True)
def _fault_of_line(  # noqa: PLR0913, PLR0917  # Compiled code takes numbers, not objects.
    quantity: int, unit_price: int, shipping: int, hold: int, unit: int, wanted_unit: int, status: int,
    is_active: int, units_max: int,
) -> int:  # fmt: skip
    """Give the weightiest fault of a line whose listing is known, or 0."""
    if not 0 < quantity <= _UNITS_MAX or unit_price <= 0 or not 0 <= shipping <= AMOUNT_MAX or unit != wanted_unit:
        return _INSANE
    if unit_price > _PRICE_SAFE and unit_price > AMOUNT_MAX // quantity:
        return _INSANE
    if quantity > units_max:
        return _LIMIT
    if status != _LIVE and hold <= 0:
        return _OFFER
    return 0 if is_active else _SELLER


@njit(cache=True, nogil=True)
def _reach(seller_of: np.ndarray, listings: np.ndarray) -> None:
    """Have the listings of some baskets brought at once, so that memory need not be waited for one by one."""
    for line in range(listings.shape[0]):
        if 0 < listings[line] < seller_of.shape[0]:
            prefetch(seller_of, listings[line])


@njit(cache=True, nogil=True)
def _weigh(  # noqa: C901, PLR0913, PLR0917  # Compiled: arrays in, one straight way through.
    buyers: np.ndarray, units: np.ndarray, expected: np.ndarray, is_marked: np.ndarray, is_foreign: np.ndarray,
    offsets: np.ndarray, listings: np.ndarray, quantities: np.ndarray, unit_prices: np.ndarray, shipping: np.ndarray,
    holds: np.ndarray, locations: np.ndarray,
    seller_of: np.ndarray, sku_of: np.ndarray, location_of: np.ndarray, unit_of: np.ndarray, status_of: np.ndarray,
    is_active: np.ndarray, buyers_known: int, units_max: int,
    verdicts: np.ndarray, by_line: np.ndarray, order_offsets: np.ndarray, by_order: np.ndarray,
) -> int:  # fmt: skip
    """Judge baskets, lay their lines out by seller, and part them into orders; give how many orders there are."""
    order, reached_by, sorted_lines = 0, 0, np.zeros(listings.shape[0], np.int64)
    for row in range(buyers.shape[0]):
        first, last = offsets[row], offsets[row + 1]
        if row == reached_by:
            reached_by = min(row + _AHEAD, buyers.shape[0])
            _reach(seller_of, listings[first : offsets[reached_by]])
        fault = _INSANE if first == last or not 0 < buyers[row] < buyers_known else 0
        if is_foreign[row]:
            fault = max(fault, _FOREIGN)
        total = 0
        for line in range(first, last):
            listing = listings[line]
            if not 0 < listing < seller_of.shape[0]:
                fault, seller = _INSANE, 0
            else:
                seller = seller_of[listing]
                of_line = _fault_of_line(
                    quantities[line], unit_prices[line], shipping[line], holds[line], unit_of[listing], units[row],
                    status_of[listing], is_active[seller], units_max,
                )  # fmt: skip
                fault = max(fault, of_line)
                if of_line != _INSANE:
                    total += unit_prices[line] * quantities[line] + shipping[line]
            place = line
            while place > first and by_line[0, place - 1] > seller:
                by_line[0, place], sorted_lines[place] = by_line[0, place - 1], sorted_lines[place - 1]
                place -= 1
            by_line[0, place], sorted_lines[place] = seller, line
        if total != expected[row]:
            fault = max(fault, _TOTAL)
        if is_marked[row]:
            fault = _MARKED
        verdicts[row] = _VERDICT_OF[fault]
        order_offsets[row] = order
        for place in range(first, last):
            line = sorted_lines[place]
            listing = listings[line] if 0 < listings[line] < seller_of.shape[0] else 0
            is_sane = fault < _INSANE
            by_line[1, place], by_line[2, place] = listing, sku_of[listing]
            by_line[3, place] = locations[line] if locations[line] > 0 else location_of[listing]
            by_line[4, place] = quantities[line] if is_sane else 1
            by_line[5, place] = unit_prices[line] if is_sane else 1
            by_line[6, place] = shipping[line] if is_sane else 0
            by_line[7, place] = holds[line]
            if place == first or by_line[0, place] != by_line[0, place - 1]:
                by_order[0, order], by_order[1, order], by_order[2, order] = by_line[0, place], 0, 0
                order += 1
            by_order[1, order - 1] += by_line[5, place] * by_line[4, place] + by_line[6, place]
            by_order[2, order - 1] += 1
    order_offsets[buyers.shape[0]] = order
    return order
