"""Payments: a buyer's money on its way: into the wallet, held, captured to escrow, released, paid out, or back.

Always: captured + voided <= authorized; refunded <= captured; released = captured - refunded before; an order is in
at most one payout; a payout is the sum of its items less what later refunds took.
"""

from caravan.trade.payments.commands import (
    TopUpTooLarge,
    capture,
    pay_out,
    refund,
    release,
    schedule,
    top_up,
    void,
)
from caravan.trade.payments.model import Payments
from caravan.trade.payments.queries import due_payouts, due_releases, findings, money_state, next_payout

__all__ = [
    "Payments",
    "TopUpTooLarge",
    "capture",
    "due_payouts",
    "due_releases",
    "findings",
    "money_state",
    "next_payout",
    "pay_out",
    "refund",
    "release",
    "schedule",
    "top_up",
    "void",
]
