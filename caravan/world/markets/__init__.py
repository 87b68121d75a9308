"""Markets: the operator's terms, as facts: currency, how long things last, and the fee rules.

Always: a fee is computed once, at placement, and frozen on the order line.
"""

from caravan.world.markets.commands import (
    AlreadyOpen,
    FeeRule,
    MoneyTerms,
    Policy,
    TransferFee,
    TransferLimits,
    open_market,
    set_fee_rules,
    set_money_terms,
    set_policy,
    set_transfer_terms,
)
from caravan.world.markets.model import Markets, TransferTerms
from caravan.world.markets.queries import TransferCost, fees, transfer_cost

__all__ = [
    "AlreadyOpen",
    "FeeRule",
    "Markets",
    "MoneyTerms",
    "Policy",
    "TransferCost",
    "TransferFee",
    "TransferLimits",
    "TransferTerms",
    "fees",
    "open_market",
    "set_fee_rules",
    "set_money_terms",
    "set_policy",
    "set_transfer_terms",
    "transfer_cost",
]
