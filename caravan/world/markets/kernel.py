"""The compiled part of markets: fees and the tax on them, over thousands of order lines."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def _share(amount: int, basis_points: int) -> int:
    # In two parts, so that an amount near the limit does not overflow.
    whole, rest = divmod(amount, 10_000)
    share: int = whole * basis_points + (rest * basis_points + 5_000) // 10_000
    return share


@njit(cache=True, nogil=True)
def charge(  # noqa: PLR0913, PLR0917  # Compiled code takes arrays, not objects.
    sellers: np.ndarray, quantities: np.ndarray, prices: np.ndarray, matches: np.ndarray, is_open: np.ndarray,
    fees: np.ndarray, seller: int, basis_points: int, fixed: int, floor: int, cap: int,
) -> None:  # fmt: skip
    """Charge by one rule the lines that it matches and that no rule before it did; a seller or a cap of 0 is none."""
    for line in range(prices.shape[0]):
        if not is_open[line] or not matches[line] or (seller and sellers[line] != seller):
            continue
        is_open[line] = False
        # No unit need cost more than the line, so that a fixed fee near the limit does not overflow.
        each = min(fixed, prices[line] // quantities[line] + 1)
        fee = max(_share(prices[line], basis_points) + each * quantities[line], floor)
        fees[line] = min(fee, cap) if cap else fee


@njit(cache=True, nogil=True)
def tax(prices: np.ndarray, fees: np.ndarray, taxes: np.ndarray, basis_points: int) -> None:
    """Give the tax on fees, and lower each fee to what a line's price can bear with it."""
    for line in range(prices.shape[0]):
        whole, rest = divmod(prices[line], 10_000 + basis_points)
        fees[line] = min(fees[line], whole * 10_000 + rest * 10_000 // (10_000 + basis_points))
        taxes[line] = min(_share(fees[line], basis_points), prices[line] - fees[line])
