"""What you can ask orders: carts, checkouts, where an order stands, and whether the invariants hold."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from caravan.kernel.errors import NotFound
from caravan.kernel.ids import CartId, OrderId, SessionId
from caravan.trade.orders.model import HOLDING, Cart, Orders, Session, SessionStatus

DUE_MAX = 500


class OrderState(NamedTuple):
    """Where an order stands, derived from its facts."""

    status: str  # placed, canceled, completed
    fulfillment: str  # unfulfilled, fulfilled, delivered


def cart_of(orders: Orders, cart: CartId) -> Cart:
    """Give a cart. Refuses an unknown one with NotFound."""
    if not 0 < cart < len(orders.carts):
        raise NotFound("There is no such cart.")
    return orders.carts[cart]


def session_of(orders: Orders, session: SessionId) -> Session:
    """Give a checkout session. Refuses an unknown one with NotFound."""
    if not 0 < session < len(orders.sessions):
        raise NotFound("There is no such checkout session.")
    return orders.sessions[session]


def due_sessions(orders: Orders, *, now: int) -> list[Session]:
    """Give the ready sessions whose time is up, the longest due first, at most 500."""
    due: list[Session] = []
    seen: set[int] = set()
    for expires_at, number in sorted(entry for entry in orders.expiries if entry[0] <= now):
        session = orders.sessions[number]
        is_due = session.status in HOLDING and session.expires_at == expires_at
        if is_due and number not in seen and len(due) < DUE_MAX:
            seen.add(number)
            due.append(session)
    return due


def order_state(orders: Orders, order: OrderId) -> OrderState:
    """Tell where an order stands."""
    table = orders.orders
    if not 0 < order < len(table):
        raise NotFound("There is no such order.")
    status = "canceled" if table.canceled_at[order] else "completed" if table.completed_at[order] else "placed"
    fulfillment = (
        "delivered" if table.received_at[order] else "fulfilled" if table.fulfilled_at[order] else "unfulfilled"
    )
    return OrderState(status, fulfillment)


def lines_of(orders: Orders, order: OrderId) -> range:
    """Give the numbers of an order's lines."""
    first = int(orders.orders.first_line[order])
    return range(first, first + int(orders.orders.lines[order]))


def purchase_of_mark(orders: Orders, marks: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Give the purchases that came in under marks, 0 where none did. Shapes: int64 [n], [n] -> [n]."""
    return orders.find_marks(*marks)


def findings(orders: Orders) -> Iterator[str]:
    """Check the invariants of orders; give a sentence for each that does not hold."""
    sums = np.zeros(len(orders.purchases), np.int64)
    np.add.at(sums, orders.orders.purchase, orders.orders.total)
    for purchase in np.flatnonzero(sums != orders.purchases.total):
        yield f"Purchase {purchase} is {orders.purchases.total[purchase]}, its orders are {sums[purchase]}."
    lines = orders.lines
    totals = np.zeros(len(orders.orders), np.int64)
    np.add.at(totals, lines.order, lines.quantity * lines.unit_price + lines.shipping)
    for order in np.flatnonzero(totals != orders.orders.total):
        yield f"Order {order} is {orders.orders.total[order]}, its lines are {totals[order]}."
    for line in np.flatnonzero((lines.returned < 0) | (lines.returned > lines.quantity)):
        yield f"Line {line} of order {lines.order[line]}: {lines.returned[line]} of {lines.quantity[line]} units returned."
    table = orders.orders
    for order in np.flatnonzero((table.canceled_at != 0) & (table.fulfilled_at != 0)):
        yield f"Order {order} is both canceled and fulfilled."
    bought = [int(session.purchase) for session in orders.sessions if session.status == SessionStatus.COMPLETED]
    if len(set(bought)) != len(bought):
        yield "Two checkout sessions became one purchase."
