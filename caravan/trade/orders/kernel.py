"""The compiled heart of orders: purchases with their orders and lines are written into the tables in one pass."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def write_purchases(  # noqa: PLR0913, PLR0917  # Compiled code takes arrays, not objects.
    row: int, first_order: int, at: np.ndarray, buyer: np.ndarray, session: np.ndarray, address: np.ndarray, unit: np.ndarray,
    total: np.ndarray, mark_high: np.ndarray, mark_low: np.ndarray, order_offsets: np.ndarray,
    to_buyer: np.ndarray, to_session: np.ndarray, to_address: np.ndarray, to_unit: np.ndarray, to_total: np.ndarray,
    to_at: np.ndarray, to_orders: np.ndarray, to_first_order: np.ndarray, to_high: np.ndarray, to_low: np.ndarray,
) -> None:  # fmt: skip
    """Write purchases from `row` on."""
    for place in range(at.shape[0]):
        to_buyer[row], to_session[row], to_address[row] = buyer[place], session[place], address[place]
        to_unit[row], to_total[row], to_at[row] = unit[place], total[place], at[place]
        to_orders[row] = order_offsets[place + 1] - order_offsets[place]
        to_first_order[row] = first_order + order_offsets[place]
        to_high[row], to_low[row] = mark_high[place], mark_low[place]
        row += 1


@njit(cache=True, nogil=True)
def write_orders(  # noqa: PLR0913, PLR0917
    purchase: int, row: int, first_line: int, at: np.ndarray, buyer: np.ndarray, unit: np.ndarray, order_offsets: np.ndarray,
    seller: np.ndarray, total: np.ndarray, fee_tax: np.ndarray, lines: np.ndarray, fee: np.ndarray,
    to_purchase: np.ndarray, to_buyer: np.ndarray, to_seller: np.ndarray, to_unit: np.ndarray, to_total: np.ndarray,
    to_fee: np.ndarray, to_fee_tax: np.ndarray, to_at: np.ndarray, to_first_line: np.ndarray, to_lines: np.ndarray,
) -> None:  # fmt: skip
    """Write orders from `row` on; an order's fee is the sum of its lines' fees."""
    line = 0
    for place in range(at.shape[0]):
        for order in range(order_offsets[place], order_offsets[place + 1]):
            to_purchase[row], to_buyer[row], to_unit[row], to_at[row] = purchase, buyer[place], unit[place], at[place]
            to_seller[row], to_total[row], to_fee_tax[row] = seller[order], total[order], fee_tax[order]
            to_first_line[row], to_lines[row] = first_line + line, lines[order]
            fees = 0
            for _ in range(lines[order]):
                fees += fee[line]
                line += 1
            to_fee[row] = fees
            row += 1
        purchase += 1


@njit(cache=True, nogil=True)
def write_lines(  # noqa: PLR0913, PLR0917
    order: int, row: int, counts: np.ndarray, listing: np.ndarray, sku: np.ndarray, location: np.ndarray, quantity: np.ndarray,
    unit_price: np.ndarray, shipping: np.ndarray, fee: np.ndarray,
    to_order: np.ndarray, to_listing: np.ndarray, to_sku: np.ndarray, to_location: np.ndarray, to_quantity: np.ndarray,
    to_unit_price: np.ndarray, to_shipping: np.ndarray, to_fee: np.ndarray,
) -> None:  # fmt: skip
    """Write order lines from `row` on; `counts` says how many each order has."""
    line = 0
    for place in range(counts.shape[0]):
        for _ in range(counts[place]):
            to_order[row], to_listing[row], to_sku[row] = order + place, listing[line], sku[line]
            to_location[row], to_quantity[row] = location[line], quantity[line]
            to_unit_price[row], to_shipping[row], to_fee[row] = unit_price[line], shipping[line], fee[line]
            line += 1
            row += 1
