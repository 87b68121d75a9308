"""The market's state: its name, its terms, its fee rules."""

import msgspec
import numpy as np

from caravan.cell import Section, pack, rows, unpack
from caravan.events import markets as events
from caravan.kernel.clock import DAY, HOUR, MINUTE
from caravan.kernel.event import Event

# Spree and pretix hold a cart's units for about ten minutes; the agentic-commerce clients expect the same.
_POLICY = events.PolicySet(
    at=0,
    reservation_lasts=10 * MINUTE,
    reservation_lasts_max=30 * MINUTE,
    return_window=72 * HOUR,
    payout_every=DAY,
    payout_minor_min=1,
    units_per_buyer_max=100_000,
    reviews_listings=False,
)
_FEES = events.FeeRulesSet(
    at=0, sellers=(), categories=(), basis_points=(), fixed_minor=(), floors_minor=(), caps_minor=(),
    tax_basis_points=0,
)  # fmt: skip


# Half an hour is the least that hosted pages of card providers stay open; bank transfers arrive on the next working day.
_MONEY = events.MoneyTermsSet(
    at=0, keeps_fee=False, clawback_minor_max=0, cash_minor_max=0, payment_lasts=31 * MINUTE, transfer_lasts=5 * DAY,
    takes_transfers=False,
)  # fmt: skip


class _State(msgspec.Struct, array_like=True):
    market: events.MarketOpened | None
    policy: events.PolicySet
    fee_rules: events.FeeRulesSet
    money_terms: events.MoneyTermsSet = _MONEY


class Markets:
    """The one market of this cell: `market` is None until it is opened."""

    name = "markets"
    kinds: frozenset[type[Event]] = frozenset(
        {events.MarketOpened, events.PolicySet, events.FeeRulesSet, events.MoneyTermsSet}
    )

    def __init__(self) -> None:
        self.version = 0
        self.market: events.MarketOpened | None = None
        self.policy = _POLICY
        self.fee_rules = _FEES
        self.money_terms = _MONEY

    def apply(self, part: Section) -> None:
        """Fold in a run of facts: the last word counts."""
        self.version += 1
        for event in rows(part):
            match event:
                case events.MarketOpened():
                    self.market = event
                case events.PolicySet():
                    self.policy = event
                case events.FeeRulesSet():
                    self.fee_rules = event
                case events.MoneyTermsSet():
                    self.money_terms = event

    def dump(self) -> dict[str, np.ndarray]:
        """Give the terms as bytes."""
        return {"state": pack(_State(self.market, self.policy, self.fee_rules, self.money_terms))}

    def load(self, parts: dict[str, np.ndarray]) -> None:
        """Take the terms back."""
        state = unpack(parts, "state", _State)
        self.market, self.policy, self.fee_rules = state.market, state.policy, state.fee_rules
        self.money_terms = state.money_terms


# Without a check of who somebody is, 150 euro is what European rules let electronic money move at a time; the rest is
# a usual ladder. The operator sets their own.
_TRANSFERS = events.TransferTermsSet(
    at=0, ways=(), payees=(), currencies=(), basis_points=(), fixed_minor=(), floors_minor=(), caps_minor=(),
    payee_bears=(), tax_basis_points=0, per_transfer_minor=(15_000, 100_000, 1_000_000),
    per_day_minor=(30_000, 200_000, 2_000_000), per_month_minor=(100_000, 1_000_000, 10_000_000),
    request_lasts=14 * DAY, code_lasts=15 * MINUTE,
)  # fmt: skip


class TransferTerms:
    """The terms of paying each other: the last word counts."""

    name = "transfer_terms"
    kinds: frozenset[type[Event]] = frozenset({events.TransferTermsSet})

    def __init__(self) -> None:
        self.version = 0
        self.now = _TRANSFERS

    def apply(self, part: Section) -> None:
        """Fold in a run of facts."""
        self.version += 1
        for event in rows(part):
            assert isinstance(event, events.TransferTermsSet)
            self.now = event

    def dump(self) -> dict[str, np.ndarray]:
        """Give the terms as bytes."""
        return {"terms": pack([self.now])}

    def load(self, parts: dict[str, np.ndarray]) -> None:
        """Take the terms back."""
        (self.now,) = unpack(parts, "terms", list[events.TransferTermsSet])
