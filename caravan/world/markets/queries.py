"""What you can ask a market: the fee on order lines."""

from collections.abc import Callable

import numpy as np

from caravan.world.markets import kernel
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
    sellers, quantities, prices_minor = (_words(column) for column in (sellers, quantities, prices_minor))
    fee, tax = np.zeros(len(sellers), np.int64), np.zeros(len(sellers), np.int64)
    is_open = np.ones(len(sellers), np.bool_)
    for place, seller in enumerate(rules.sellers):
        category = rules.categories[place]
        kernel.charge(
            sellers, quantities, prices_minor, in_category(category) if category else is_open, is_open, fee, seller,
            rules.basis_points[place], rules.fixed_minor[place], rules.floors_minor[place], rules.caps_minor[place],
        )  # fmt: skip
    kernel.tax(prices_minor, fee, tax, rules.tax_basis_points)
    return fee, tax


def _words(numbers: np.ndarray) -> np.ndarray:
    """Give the numbers as the one array type that the kernels are compiled for."""
    return np.require(numbers, np.int64, ["C", "A", "W"])
