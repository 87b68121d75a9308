"""What you can ask payments: what is due, the money state of an order, and whether the invariants hold."""

from collections.abc import Iterator

import numpy as np

from caravan.kernel.ids import OrderId
from caravan.trade.payments.model import Payments


def due_releases(payments: Payments, *, now: int) -> np.ndarray:
    """Give the orders whose escrow is due to go to their sellers; int64 [n]."""
    money = payments.money
    is_due = (money.due_at != 0) & (money.due_at <= now) & (money.released_at == 0) & (money.voided == 0)
    return np.flatnonzero(is_due & (money.captured > 0))


def due_payouts(payments: Payments, *, now: int, every: int, amount_minor_min: int) -> list[tuple[int, int]]:
    """Give the (seller, unit) pairs that have enough due and were not paid for a while, in order."""
    return sorted(
        key
        for key, due in payments.due.items()
        if due.orders and due.paid_at + every <= now and sum(due.amounts_minor) - due.deducted_minor >= amount_minor_min
    )


def next_payout(payments: Payments, *, seller: int, unit: int, every: int) -> int | None:
    """Give the earliest time of a seller's next payout; None when nothing is due."""
    due = payments.due.get((seller, unit))
    return due.paid_at + every if due is not None and due.orders else None


def money_state(payments: Payments, order: OrderId) -> str:
    """Tell where an order's money stands: authorized, captured, partly_refunded, refunded or voided."""
    money = payments.money
    if money.voided[order]:
        return "voided"
    if not money.captured[order]:
        return "authorized"
    if not money.refunded[order]:
        return "captured"
    return "refunded" if money.refunded[order] == money.captured[order] else "partly_refunded"


def findings(payments: Payments) -> Iterator[str]:
    """Check the invariants of payments; give a sentence for each that does not hold."""
    money = payments.money
    for order in np.flatnonzero(money.captured + money.voided > money.authorized):
        yield f"Order {order}: captured and voided more than was authorized."
    for order in np.flatnonzero(money.refunded > money.captured):
        yield f"Order {order}: refunded more than was captured."
    wrong = (money.released_at != 0) & (money.released != money.captured - money.refunded_before)
    for order in np.flatnonzero(wrong):
        yield f"Order {order}: released {money.released[order]} of {money.captured[order]}."
    for (seller, unit), due in payments.due.items():
        items = np.array(due.orders, np.int64)
        if len(set(due.orders)) != len(due.orders) or money.payout[items].any():
            yield f"Seller {seller} is due an order twice (unit {unit})."
