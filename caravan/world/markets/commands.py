"""What the operator can tell a market: open it, set its terms, set its fee rules."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import msgspec

from caravan.events import markets as events
from caravan.kernel.clock import DAY, HOUR, MINUTE, Instant
from caravan.kernel.errors import Invalid, Refusal
from caravan.kernel.money import AMOUNT_MAX, numeric
from caravan.world.markets.model import Markets

RULES_MAX = 200
LEVELS = 3  # of how well somebody is known: not at all, by e-mail, by the operator
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


class TransferFee(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator takes of a transfer that matches: a share of its amount and so much, from payer or payee."""

    way: Literal["", "send", "request", "code"] = ""
    payee: Literal["", "buyer", "seller"] = ""
    currency: str = ""
    basis_points: int = 0
    fixed_minor: int = 0
    floor_minor: int = 0
    cap_minor: int = 0
    payee_bears: bool = False


class TransferLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What a level may send at a time, on a day and in a month, in the market's currency."""

    per_transfer_minor: int
    per_day_minor: int
    per_month_minor: int


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


def set_transfer_terms(  # All of it is said at once, so that no half is in force.
    rules: Sequence[TransferFee], limits: Sequence[TransferLimits], *, tax_basis_points: int, request_lasts: int,
    code_lasts: int, now: Instant,
) -> events.TransferTermsSet:  # fmt: skip
    """Set the terms of paying each other. Refuses shares above the whole, amounts without a currency, limits that fall."""
    if len(rules) > RULES_MAX:
        raise Invalid(f"There are at most {RULES_MAX} fee rules.", field="rules")
    if any(not 0 <= share <= _BASIS_POINTS_MAX for share in (tax_basis_points, *(one.basis_points for one in rules))):
        raise Invalid("A share is between 0 and 10,000 basis points.", field="basis_points")
    for rule in rules:
        amounts = (rule.fixed_minor, rule.floor_minor, rule.cap_minor)
        if any(not 0 <= amount <= AMOUNT_MAX for amount in amounts):
            raise Invalid("An amount of a fee is not below zero.", field="rules")
        if rule.currency:
            numeric(rule.currency)
        elif any(amounts):
            raise Invalid("A rule with an amount names its currency: fees are not converted.", field="rules")
    ladder = [(one.per_transfer_minor, one.per_day_minor, one.per_month_minor) for one in limits]
    if len(ladder) != LEVELS or any(not 0 <= amount <= AMOUNT_MAX for step in ladder for amount in step):
        raise Invalid(f"Limits are of {LEVELS} levels, and not below zero.", field="limits")
    if any(low > high for lower, upper in pairwise(ladder) for low, high in zip(lower, upper, strict=True)):
        raise Invalid("Who is known better may send no less.", field="limits")
    if min(request_lasts, code_lasts) <= 0:
        raise Invalid("Times are above zero.", field="request_lasts")
    return events.TransferTermsSet(
        at=now,
        ways=tuple(rule.way for rule in rules),
        payees=tuple(rule.payee for rule in rules),
        currencies=tuple(rule.currency for rule in rules),
        basis_points=tuple(rule.basis_points for rule in rules),
        fixed_minor=tuple(rule.fixed_minor for rule in rules),
        floors_minor=tuple(rule.floor_minor for rule in rules),
        caps_minor=tuple(rule.cap_minor for rule in rules),
        payee_bears=tuple(rule.payee_bears for rule in rules),
        tax_basis_points=tax_basis_points,
        per_transfer_minor=tuple(step[0] for step in ladder),
        per_day_minor=tuple(step[1] for step in ladder),
        per_month_minor=tuple(step[2] for step in ladder),
        request_lasts=request_lasts,
        code_lasts=code_lasts,
    )
