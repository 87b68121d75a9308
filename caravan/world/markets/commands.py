"""What the operator can tell a market: open it, set its terms, set its fee rules."""

from collections.abc import Sequence

import msgspec

from caravan.events import markets as events
from caravan.kernel.clock import DAY, HOUR, MINUTE, Instant
from caravan.kernel.errors import Invalid, Refusal
from caravan.kernel.money import AMOUNT_MAX, numeric
from caravan.world.markets.model import Markets

RULES_MAX = 200
_BASIS_POINTS_MAX = 10_000


class AlreadyOpen(Refusal):
    """This market is open already; a cell has one."""


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """The market's terms. Times are in microseconds."""

    reservation_lasts: int = 10 * MINUTE
    reservation_lasts_max: int = 30 * MINUTE
    return_window: int = 72 * HOUR
    payout_every: int = DAY
    payout_minor_min: int = 1
    units_per_buyer_max: int = 100_000
    reviews_listings: bool = False


class FeeRule(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator takes of a line that matches: a share of its price net of shipping, and so much a unit."""

    seller: int = 0
    category: str = ""
    basis_points: int = 0
    fixed_minor: int = 0
    floor_minor: int = 0
    cap_minor: int = 0


class MoneyTerms(msgspec.Struct, frozen=True, kw_only=True):
    """The market's terms about money. Times are in microseconds; a limit of 0 is as the event says."""

    keeps_fee: bool = False
    clawback_minor_max: int = 0
    cash_minor_max: int = 0
    payment_lasts: int = 31 * MINUTE
    transfer_lasts: int = 5 * DAY
    takes_transfers: bool = False


def open_market(
    markets: Markets, *, name: str, currency: str, has_play_money: bool, now: Instant
) -> events.MarketOpened:
    """Open the cell's market. Refuses a second one."""
    if markets.market is not None:
        raise AlreadyOpen
    numeric(currency)
    return events.MarketOpened(at=now, name=name, currency=currency, has_play_money=has_play_money)


def set_policy(policy: Policy, *, now: Instant) -> events.PolicySet:
    """Set the terms. Refuses times that are none."""
    lasts = (policy.reservation_lasts, policy.reservation_lasts_max, policy.payout_every, policy.units_per_buyer_max)
    if min(lasts) <= 0 or policy.return_window < 0 or policy.payout_minor_min < 1:
        raise Invalid("Times and limits are above zero.", field="policy")
    return events.PolicySet(at=now, **msgspec.structs.asdict(policy))


def set_money_terms(terms: MoneyTerms, *, now: Instant) -> events.MoneyTermsSet:
    """Set the terms about money. Refuses times that are none, and limits below zero."""
    if min(terms.payment_lasts, terms.transfer_lasts) <= 0:
        raise Invalid("A payment may take some time.", field="payment_lasts")
    if not all(0 <= limit <= AMOUNT_MAX for limit in (terms.clawback_minor_max, terms.cash_minor_max)):
        raise Invalid("A limit is not below zero.", field="clawback_minor_max")
    return events.MoneyTermsSet(at=now, **msgspec.structs.asdict(terms))


def set_fee_rules(rules: Sequence[FeeRule], *, tax_basis_points: int, now: Instant) -> events.FeeRulesSet:
    """Set the fee rules, in order. Refuses shares above the whole."""
    if len(rules) > RULES_MAX:
        raise Invalid(f"There are at most {RULES_MAX} fee rules.", field="rules")
    shares = [rule.basis_points for rule in rules] + [tax_basis_points]
    amounts = [amount for rule in rules for amount in (rule.fixed_minor, rule.floor_minor, rule.cap_minor)]
    if any(not 0 <= share <= _BASIS_POINTS_MAX for share in shares):
        raise Invalid("A share is between 0 and 10,000 basis points.", field="basis_points")
    if any(not 0 <= amount <= AMOUNT_MAX for amount in amounts):
        raise Invalid("An amount of a fee is not below zero.", field="rules")
    return events.FeeRulesSet(
        at=now,
        sellers=tuple(rule.seller for rule in rules),
        categories=tuple(rule.category for rule in rules),
        basis_points=tuple(rule.basis_points for rule in rules),
        fixed_minor=tuple(rule.fixed_minor for rule in rules),
        floors_minor=tuple(rule.floor_minor for rule in rules),
        caps_minor=tuple(rule.cap_minor for rule in rules),
        tax_basis_points=tax_basis_points,
    )
