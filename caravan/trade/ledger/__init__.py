"""The ledger: what can run out is an account, in units or in money, and every change is an entry that sums to zero.

Always: each entry sums to zero per unit; no account is below its floor; what is held is no more than what is there;
all accounts of a unit together are zero.
"""

from caravan.trade.ledger.commands import (
    EntryRefused,
    InsufficientFunds,
    Legs,
    Outcomes,
    OutOfStock,
    Placed,
    ReservationExpired,
    open_accounts,
    place,
    record,
    refusal,
)
from caravan.trade.ledger.kernel import VERSION
from caravan.trade.ledger.model import Kind, Ledger, Placing, Reason, Refused
from caravan.trade.ledger.queries import balance, findings, free_units, totals

__all__ = [
    "VERSION",
    "EntryRefused",
    "InsufficientFunds",
    "Kind",
    "Ledger",
    "Legs",
    "OutOfStock",
    "Outcomes",
    "Placed",
    "Placing",
    "Reason",
    "Refused",
    "ReservationExpired",
    "balance",
    "findings",
    "free_units",
    "open_accounts",
    "place",
    "record",
    "refusal",
    "totals",
]
