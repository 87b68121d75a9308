"""What you can ask payments: what is due, the money state of an order, and whether the invariants hold."""

from collections.abc import Iterator

import numpy as np

from caravan.kernel import ids
from caravan.kernel.ids import AskId, OrderId, PaymentId
from caravan.kernel.money import alphabetic
from caravan.trade.payments.dealings import WAITING, Deal, Dealings, PaymentStatus, Provider, Work
from caravan.trade.payments.model import Payments
from caravan.trade.payments.ports import Ask, AskKind


def due_releases(payments: Payments, *, now: int) -> np.ndarray:
    """Give the orders whose escrow is due to go to their sellers; int64 [n]."""
    money = payments.money
    is_due = (money.due_at != 0) & (money.due_at <= now) & (money.released_at == 0)
    found = np.flatnonzero(is_due & (money.captured > 0))
    if payments.open_disputes and len(found):
        found = found[money.disputing[found] == 0]
    return found


def due_payouts(payments: Payments, *, now: int, every: int, amount_minor_min: int) -> list[tuple[int, int]]:
    """Give the (seller, unit) pairs that have enough due and were not paid for a while, in order."""
    return sorted(
        key
        for key, due in payments.due.items()
        if (due.orders or due.deducted_minor < 0)
        and due.paid_at + every <= now
        and sum(due.amounts_minor) - due.deducted_minor >= amount_minor_min
    )


def next_payout(payments: Payments, *, seller: int, unit: int, every: int) -> int | None:
    """Give the earliest time of a seller's next payout; None when nothing is due."""
    due = payments.due.get((seller, unit))
    return due.paid_at + every if due is not None and (due.orders or due.deducted_minor < 0) else None


def money_state(payments: Payments, order: OrderId) -> str:
    """Tell where an order's money stands: authorized, partly_captured, captured, disputed, partly_refunded, refunded, voided."""
    money = payments.money
    if not money.captured[order]:
        return "voided" if money.voided[order] else "authorized"
    if money.disputing[order]:
        return "disputed"
    if not money.refunded[order]:
        is_whole = money.captured[order] + money.voided[order] == money.authorized[order]
        return "captured" if is_whole else "partly_captured"
    return "refunded" if money.refunded[order] == money.captured[order] else "partly_refunded"


def payment_state(dealings: Dealings, deal: Deal) -> str:
    """Tell where a payment stands, in the words of the spine: created, pending, authorized, captured … or expired."""
    fundings = [dealings.fundings[order] for order in deal.orders]
    if not fundings:
        return "voided" if deal.is_voided and deal.reason != "abandoned" else _STANDING[deal.status]
    taken, total = sum(one.taken for one in fundings), sum(one.total for one in fundings)
    refunded, gone = sum(one.refunded for one in fundings), sum(one.total for one in fundings if one.is_let_go)
    if refunded:
        return "refunded" if refunded == taken else "partly_refunded"
    if taken:
        return "captured" if taken + gone >= total else "partly_captured"
    return "voided" if gone == total else "authorized"


_STANDING = {
    PaymentStatus.CREATED: "created", PaymentStatus.PENDING: "pending", PaymentStatus.AUTHORIZED: "authorized",
    PaymentStatus.DECLINED: "declined", PaymentStatus.EXPIRED: "expired",
}  # fmt: skip


def under_way(dealings: Dealings) -> list[int]:
    """Give the payments about which a card provider is to be asked something."""
    waiting = (number for number in dealings.waiting if dealings.deals[number].provider == Provider.CARD)
    return sorted({*waiting, *dealings.open})


def next_ask(dealings: Dealings, payment: int, *, looks: bool) -> tuple[Ask, int] | None:
    """Give what a card provider is to be asked next about a payment, and as which number (0: to authorize it); or None.

    With `looks`, one that took too long is looked at once more before it is let go: it may have succeeded late.
    """
    deal, works = dealings.deals[payment], dealings.open.get(payment, [])
    if deal.provider != Provider.CARD or not (works or deal.status in WAITING):
        return None
    public, currency = ids.text(PaymentId, payment), alphabetic(deal.unit)
    is_late = deal.status == PaymentStatus.EXPIRED and not deal.orders and bool(deal.reference)
    if deal.status in WAITING or (is_late and looks):
        whole = Ask(
            AskKind.AUTHORIZE, public, public, deal.reference, deal.amount, currency, method=deal.method, back=deal.back
        )  # fmt: skip
        return whole, 0
    work = works[0]
    done = sum(one.amount for one in _done(dealings, deal, work.what))
    fundings = [dealings.fundings[order] for order in deal.orders if not dealings.fundings[order].is_let_go]
    # What is left of all orders once this has been taken in.
    is_last = sum(one.promised - one.captured for one in fundings) <= work.amount
    ask = Ask(
        AskKind(work.what), f"{public}-{ids.text(AskId, work.ask)}", public, deal.reference, work.amount, currency, done,
        is_last, deal.method, deal.back,
    )  # fmt: skip
    return ask, work.ask


def _done(dealings: Dealings, deal: Deal, what: int) -> list[Work]:
    return [work for work in dealings.works_of.get(deal.payment, ()) if work.what == what and work.is_done]


def findings(payments: Payments) -> Iterator[str]:
    """Check the invariants of payments; give a sentence for each that does not hold."""
    money = payments.money
    for order in np.flatnonzero(money.captured + money.voided > money.authorized):
        yield f"Order {order}: captured and voided more than was authorized."
    for order in np.flatnonzero(money.refunded > money.captured - money.lost):
        yield f"Order {order}: refunded more than was captured."
    wrong = (money.released_at != 0) & (money.released != money.captured - money.refunded_before - money.disputed)
    for order in np.flatnonzero(wrong):
        yield f"Order {order}: released {money.released[order]} of {money.captured[order]}."
    for (seller, unit), due in payments.due.items():
        items = np.array(due.orders, np.int64)
        if len(set(due.orders)) != len(due.orders) or money.payout[items].any():
            yield f"Seller {seller} is due an order twice (unit {unit})."
