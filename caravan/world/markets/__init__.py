"""Markets: the operator's terms, as facts: currency, how long things last, and the fee rules.

Always: a fee is computed once, at placement, and frozen on the order line.
"""

from caravan.world.markets.commands import (
    AlreadyOpen,
    FeeRule,
    MoneyTerms,
    Policy,
    open_market,
    set_fee_rules,
    set_money_terms,
    set_policy,
)
from caravan.world.markets.model import Markets
from caravan.world.markets.queries import fees

__all__ = [
    "AlreadyOpen",
    "FeeRule",
    "Markets",
    "MoneyTerms",
    "Policy",
    "fees",
    "open_market",
    "set_fee_rules",
    "set_money_terms",
    "set_policy",
]
