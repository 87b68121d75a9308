"""What goes over the wire of the market and its terms."""

from typing import Annotated

from msgspec import Meta

from caravan.client.wire.ground import SECONDS_MAX, BasisPoints, Minor, Request, Response, Seconds, SellerRef, Text200
from caravan.kernel.money import AMOUNT_MAX


class PolicyTerms(Request, frozen=True, kw_only=True, omit_defaults=False):
    """The market's terms."""

    reservation_seconds: Annotated[int, Meta(ge=1, le=SECONDS_MAX)]
    reservation_seconds_max: Annotated[int, Meta(ge=1, le=SECONDS_MAX)]
    return_window_seconds: Seconds
    payout_every_seconds: Annotated[int, Meta(ge=1, le=SECONDS_MAX)]
    payout_minor_min: Annotated[int, Meta(ge=1, le=AMOUNT_MAX)]
    units_per_buyer_max: Annotated[int, Meta(ge=1, le=10**9)]
    reviews_listings: bool


class FeeRule(Request, frozen=True, kw_only=True, omit_defaults=False):
    """What the operator takes of a line that matches; the first rule that matches counts."""

    seller: SellerRef | None = None
    category: Text200 = ""
    basis_points: BasisPoints = 0
    fixed_minor: Minor = 0
    floor_minor: Minor = 0
    cap_minor: Minor = 0


class Fees(Request, frozen=True, kw_only=True, omit_defaults=False):
    """Fee rules in order, and the tax on fees."""

    rules: Annotated[list[FeeRule], Meta(max_length=200)]
    tax_basis_points: BasisPoints


class MoneyTerms(Request, frozen=True, kw_only=True, omit_defaults=False):
    """The terms about money. `keeps_fee`: the seller bears the fee of what is refunded. A limit of 0 is none (cash: not taken)."""

    keeps_fee: bool = False
    clawback_minor_max: Minor = 0
    cash_minor_max: Minor = 0
    payment_seconds: Annotated[int, Meta(ge=60, le=86_400)] = 1_860
    transfer_seconds: Annotated[int, Meta(ge=60, le=30 * 86_400)] = 432_000
    takes_transfers: bool = False


class MarketTerms(Request, frozen=True, kw_only=True):
    """The terms and fees from now on; what is absent stays. Orders that were placed keep theirs."""

    policy: PolicyTerms | None = None
    fees: Fees | None = None
    money: MoneyTerms | None = None


class Market(Response, frozen=True, kw_only=True):
    """The market: its currency, its terms, its fees."""

    name: str
    currency: str
    has_play_money: bool
    policy: PolicyTerms
    fees: Fees
    money: MoneyTerms
