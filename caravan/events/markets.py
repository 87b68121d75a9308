"""What the operator decides about a market: its rules are facts, because replay must know them."""

from caravan.kernel.event import Event


class MarketOpened(Event, frozen=True, kw_only=True, tag="markets.market_opened.v1"):
    """A market came into being, with its name and the currency in which it trades."""

    name: str
    currency: str
    has_play_money: bool


class PolicySet(Event, frozen=True, kw_only=True, tag="markets.policy_set.v1"):
    """The market's terms from now on. Times are in microseconds."""

    reservation_lasts: int
    reservation_lasts_max: int
    return_window: int
    payout_every: int
    payout_minor_min: int
    units_per_buyer_max: int
    reviews_listings: bool


class FeeRulesSet(Event, frozen=True, kw_only=True, tag="markets.fee_rules_set.v1"):
    """The fee rules from now on, in order; the first that matches a line is its fee. One value a rule in each tuple.

    `sellers` 0 and `categories` "" match all. `caps_minor` 0 is no cap. The tax is on the fee, in basis points.
    """

    sellers: tuple[int, ...]
    categories: tuple[str, ...]
    basis_points: tuple[int, ...]
    fixed_minor: tuple[int, ...]
    floors_minor: tuple[int, ...]
    caps_minor: tuple[int, ...]
    tax_basis_points: int


class MoneyTermsSet(Event, frozen=True, kw_only=True, tag="markets.money_terms_set.v1"):
    """The market's terms about money from now on; orders keep those under which they were placed.

    `keeps_fee` says that the seller bears the fee of what is refunded. What refunds and disputes take below
    `-clawback_minor_max` of a seller's balance is the operator's loss; 0 is no such limit. Cash on delivery is taken up to
    `cash_minor_max`; 0 is not at all. A buyer may take so long over a page of the provider, or over a bank transfer.
    """

    keeps_fee: bool
    clawback_minor_max: int
    cash_minor_max: int
    payment_lasts: int
    transfer_lasts: int
    takes_transfers: bool


class TransferTermsSet(Event, frozen=True, kw_only=True, tag="markets.transfer_terms_set.v1"):
    """The terms of paying each other from now on; what was paid keeps its own.

    Fee rules in order, one value a rule in each tuple; the first that matches a transfer is its fee. `ways` are send,
    request and code, `payees` buyer and seller; "" matches all, also of `currencies`. `caps_minor` 0 is no cap. With
    `payee_bears` the fee is taken from what the payee gets. The tax is on the fee, in basis points. Limits are by level
    from 0 on, in the market's currency. Times are in microseconds.
    """

    ways: tuple[str, ...]
    payees: tuple[str, ...]
    currencies: tuple[str, ...]
    basis_points: tuple[int, ...]
    fixed_minor: tuple[int, ...]
    floors_minor: tuple[int, ...]
    caps_minor: tuple[int, ...]
    payee_bears: tuple[bool, ...]
    tax_basis_points: int
    per_transfer_minor: tuple[int, ...]
    per_day_minor: tuple[int, ...]
    per_month_minor: tuple[int, ...]
    request_lasts: int
    code_lasts: int
