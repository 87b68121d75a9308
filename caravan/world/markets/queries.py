"""What you can ask a market: the fee on order lines."""

from collections.abc import Callable

import numpy as np

from caravan.world.markets.model import Markets


def fees(
    markets: Markets,
    *,
    sellers: np.ndarray,
    quantities: np.ndarray,
    prices_minor: np.ndarray,
    in_category: Callable[[str], np.ndarray],
) -> tuple[np.ndarray, np.ndarray]:
    """Give the fee on each line and the tax on that fee. Shapes: int64 [lines]; prices are of the whole line.

    The first rule that matches a line is its fee; without one there is none. Shares are rounded half up. A fee is never
    more than, together with its tax, the line's price. `in_category` tells which lines are in a category or below it.
    """
    rules = markets.fee_rules
    fee = np.zeros(len(sellers), np.int64)
    is_open = np.ones(len(sellers), np.bool_)
    for place, seller in enumerate(rules.sellers):
        matches = is_open.copy()
        if seller:
            matches &= sellers == seller
        if rules.categories[place]:
            matches &= in_category(rules.categories[place])
        # No unit need cost more than the line, so that a fixed fee near the limit does not overflow.
        fixed = np.minimum(rules.fixed_minor[place], prices_minor // quantities + 1) * quantities
        wanted = _share(prices_minor, rules.basis_points[place]) + fixed
        wanted = np.maximum(wanted, rules.floors_minor[place])
        if rules.caps_minor[place]:
            wanted = np.minimum(wanted, rules.caps_minor[place])
        fee[matches] = wanted[matches]
        is_open &= ~matches
    tax_share = rules.tax_basis_points
    whole, rest = np.divmod(prices_minor, 10_000 + tax_share)
    fee = np.minimum(fee, whole * 10_000 + rest * 10_000 // (10_000 + tax_share))
    tax = np.minimum(_share(fee, tax_share), prices_minor - fee)
    return fee, tax


def _share(amounts: np.ndarray, basis_points: int) -> np.ndarray:
    # In two parts, so that an amount near the limit does not overflow.
    whole, rest = np.divmod(amounts, 10_000)
    shares: np.ndarray = whole * basis_points + (rest * basis_points + 5_000) // 10_000
    return shares
