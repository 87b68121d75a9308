"""Opening: the operator opens a market and sets its terms and fees."""

from typing import NamedTuple

from caravan.cell import Decision
from caravan.flows.house import House, as_facts
from caravan.kernel.clock import Instant
from caravan.world import markets


class Opening(NamedTuple):
    """A market's name, currency and first terms."""

    name: str
    currency: str
    has_play_money: bool = False
    policy: markets.Policy = markets.Policy()
    fee_rules: tuple[markets.FeeRule, ...] = (markets.FeeRule(basis_points=1_000),)
    fee_tax_basis_points: int = 2_000


class Fees(NamedTuple):
    """Fee rules in order, and the tax on fees."""

    rules: tuple[markets.FeeRule, ...]
    tax_basis_points: int


def open_market(house: House, opening: Opening, *, now: Instant) -> Decision:
    """Open the cell's one market; give its name."""
    facts = (
        markets.open_market(
            house.markets, name=opening.name, currency=opening.currency, has_play_money=opening.has_play_money, now=now
        ),
        markets.set_policy(opening.policy, now=now),
        markets.set_fee_rules(opening.fee_rules, tax_basis_points=opening.fee_tax_basis_points, now=now),
    )
    return Decision(as_facts(*facts), lambda: opening.name)


def set_policy(_: House, policy: markets.Policy, *, now: Instant) -> Decision:
    """Set the market's terms from now on."""
    return Decision(as_facts(markets.set_policy(policy, now=now)), lambda: policy)


def set_money_terms(_: House, terms: markets.MoneyTerms, *, now: Instant) -> Decision:
    """Set the market's terms about money from now on; orders that were placed keep theirs."""
    return Decision(as_facts(markets.set_money_terms(terms, now=now)), lambda: terms)


def set_fees(_: House, fees: Fees, *, now: Instant) -> Decision:
    """Set the fee rules from now on; orders that were placed keep theirs."""
    return Decision(
        as_facts(markets.set_fee_rules(fees.rules, tax_basis_points=fees.tax_basis_points, now=now)), lambda: fees
    )
