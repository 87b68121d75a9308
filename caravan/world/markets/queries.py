"""What you can ask a market: the fee on order lines."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from caravan.cell import owned
from caravan.world.markets import kernel
from caravan.world.markets.model import Markets, TransferTerms


def fees(
    markets: Markets,
    *,
    sellers: np.ndarray,
    quantities: np.ndarray,
    prices_minor: np.ndarray,
    in_category: Callable[[str], np.ndarray],
    tax_basis_points: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Give the fee on each line and the tax on that fee. Shapes: int64 [lines]; prices are of the whole line.

    The first rule that matches a line is its fee; without one there is none. Shares are rounded half up. A fee is never
    more than, together with its tax, the line's price. `in_category` tells which lines are in a category or below it.
    `tax_basis_points` of a line is the tax on its fee, where that is not the same for all; below 0 it is as for all.
    """
    rules = markets.fee_rules
    sellers, quantities, prices_minor = (owned(column) for column in (sellers, quantities, prices_minor))
    fee, tax = np.zeros(len(sellers), np.int64), np.zeros(len(sellers), np.int64)
    is_open = np.ones(len(sellers), np.bool_)
    for place, seller in enumerate(rules.sellers):
        category = rules.categories[place]
        kernel.charge(
            sellers, quantities, prices_minor, in_category(category) if category else is_open, is_open, fee, seller,
            rules.basis_points[place], rules.fixed_minor[place], rules.floors_minor[place], rules.caps_minor[place],
        )  # fmt: skip
    if tax_basis_points is None:
        kernel.tax(prices_minor, fee, tax, rules.tax_basis_points)
        return fee, tax
    for share in np.unique(tax_basis_points).tolist():
        chosen = tax_basis_points == share
        of_fee, on_it = fee[chosen], tax[chosen]
        kernel.tax(owned(prices_minor[chosen]), of_fee, on_it, rules.tax_basis_points if share < 0 else share)
        fee[chosen], tax[chosen] = of_fee, on_it
    return fee, tax


class TransferCost(NamedTuple):
    """What a transfer costs, and what either side pays and gets."""

    fee_minor: int
    fee_tax_minor: int
    total_minor: int
    received_minor: int


def transfer_cost(terms: TransferTerms, *, way: str, payee: str, currency: str, amount_minor: int) -> TransferCost:
    """Give the cost of a transfer: the first rule that matches is its fee; without one there is none.

    Shares are rounded half up. Where the payee bears the fee, it is with its tax at most the amount.
    """
    now = terms.now
    for place, wanted in enumerate(zip(now.ways, now.payees, now.currencies, strict=True)):
        if not all(one in {"", real} for one, real in zip(wanted, (way, payee, currency), strict=True)):
            continue
        fee = max(_part(amount_minor, now.basis_points[place]) + now.fixed_minor[place], now.floors_minor[place])
        fee = min(fee, now.caps_minor[place]) if now.caps_minor[place] else fee
        if not now.payee_bears[place]:
            tax = _part(fee, now.tax_basis_points)
            return TransferCost(fee, tax, amount_minor + fee + tax, amount_minor)
        fee = min(fee, amount_minor * 10_000 // (10_000 + now.tax_basis_points))
        tax = min(_part(fee, now.tax_basis_points), amount_minor - fee)
        return TransferCost(fee, tax, amount_minor, amount_minor - fee - tax)
    return TransferCost(0, 0, amount_minor, amount_minor)


def _part(amount: int, basis_points: int) -> int:
    return (amount * basis_points + 5_000) // 10_000
