"""The compiled part of payments: a row of money for each order of many purchases, in one pass."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def write_money(  # noqa: PLR0913, PLR0917  # Compiled code takes arrays, not objects.
    payment: int, row: int, order_offsets: np.ndarray, buyer: np.ndarray, unit: np.ndarray, first_hold: np.ndarray,
    seller: np.ndarray, amount: np.ndarray,
    to_payment: np.ndarray, to_buyer: np.ndarray, to_unit: np.ndarray, to_hold: np.ndarray, to_seller: np.ndarray,
    to_authorized: np.ndarray,
) -> None:  # fmt: skip
    """Write from `row` on what is held for each order; the holds of a purchase's orders follow its first."""
    for place in range(buyer.shape[0]):
        for order in range(order_offsets[place], order_offsets[place + 1]):
            to_payment[row], to_buyer[row], to_unit[row] = payment + place, buyer[place], unit[place]
            to_hold[row] = first_hold[place] + order - order_offsets[place]
            to_seller[row], to_authorized[row] = seller[order], amount[order]
            row += 1
