"""What you can ask orders: carts, checkouts, where an order stands, and whether the invariants hold."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from caravan.kernel.errors import NotFound
from caravan.kernel.ids import CartId, OrderId, SessionId
from caravan.trade.orders.model import HOLDING, Cart, Orders, Session, SessionStatus, worth

DUE_MAX = 500


class OrderState(NamedTuple):
    """Where an order stands, derived from its facts."""

    status: str  # placed, canceled, completed
    fulfillment: str  # unfulfilled, partial, fulfilled, delivered


class Units(NamedTuple):
    """Units of one line of an order: 0 <= fulfilled <= current <= ordered; `out` is what can come back.

    `replacing` are those to go out anew that are still here.
    """

    ordered: int
    current: int
    fulfilled: int
    returned: int
    replacing: int
    out: int


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
    if table.received_at[order]:
        return OrderState(status, "delivered")
    if table.fulfilled_at[order]:
        return OrderState(status, "fulfilled")
    return OrderState(status, "partial" if has_sent(orders, order) else "unfulfilled")


def has_sent(orders: Orders, order: int) -> bool:
    """Tell whether a part of an order has left."""
    parts = orders.parts.get(order)
    return parts is not None and any(parts.sent)


def units_of(orders: Orders, order: OrderId) -> list[Units]:
    """Tell how many units of each line of an order there are, have left, and came back."""
    table, parts = orders.orders, orders.parts.get(order)
    is_whole, found = bool(table.fulfilled_at[order]), []
    for line, row in enumerate(lines_of(orders, order)):
        ordered, returned = int(orders.lines.quantity[row]), int(orders.lines.returned[row])
        canceled, sent, replacing, replaced = 0, 0, 0, 0
        if parts is not None:
            canceled, sent = parts.canceled[line], parts.sent[line]
            replacing, replaced = parts.replacing[line], parts.replaced[line]
        current = 0 if table.canceled_at[order] else ordered - canceled
        if is_whole and not has_sent(orders, order):
            sent = current  # Handed over in one parcel; if anything went out in another, that was later, and anew.
        found.append(Units(ordered, current, sent, returned, replacing, sent + replaced - returned))
    return found


def worth_of(orders: Orders, order: OrderId, contents: Mapping[int, int]) -> int:
    """Give what the next units of an order's lines come to, so many of each, with their part of the shipping."""
    first, parts = int(orders.orders.first_line[order]), orders.parts.get(order)
    sums = 0
    for line, quantity in contents.items():
        gone = parts.sent[line] + parts.canceled[line] if parts else 0
        sums += worth(orders.lines, first + line, gone, quantity)
    return sums


def sent_worth(orders: Orders, order: OrderId) -> int:
    """Give what all that has left of an order came to."""
    if has_sent(orders, order):
        return sum(orders.parts[order].worth)
    return int(orders.orders.total[order]) if orders.orders.fulfilled_at[order] else 0


def refundable(orders: Orders, order: OrderId) -> list[int]:
    """Give what can still go back for each line of an order: what has left came to, less what was refunded."""
    is_in_parts, lines, found = has_sent(orders, order), orders.lines, []
    for line, row in enumerate(lines_of(orders, order)):
        whole = int(lines.unit_price[row]) * int(lines.quantity[row]) + int(lines.shipping[row])
        paid = orders.parts[order].worth[line] if is_in_parts else whole if orders.orders.fulfilled_at[order] else 0
        found.append(paid - int(lines.refunded[row]))
    return found


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
    anew = np.zeros(len(lines), np.int64)
    for number, parts in orders.parts.items():
        rows = lines_of(orders, OrderId(number))
        anew[rows.start : rows.stop] = parts.replaced
        for place, units in enumerate(units_of(orders, OrderId(number))):
            if not 0 <= units.fulfilled <= units.current <= units.ordered or units.replacing < 0:
                yield f"Line {place} of order {number}: {units.fulfilled} of {units.current} of {units.ordered} units left."
    for line in np.flatnonzero((lines.returned < 0) | (lines.returned > lines.quantity + anew)):
        yield f"Line {line} of order {lines.order[line]}: {lines.returned[line]} of {lines.quantity[line]} units returned."
    table = orders.orders
    for order in np.flatnonzero((table.canceled_at != 0) & (table.fulfilled_at != 0)):
        yield f"Order {order} is both canceled and fulfilled."
    bought = [int(session.purchase) for session in orders.sessions if session.status == SessionStatus.COMPLETED]
    if len(set(bought)) != len(bought):
        yield "Two checkout sessions became one purchase."
