"""Exchanging: a buyer's money becomes money of another currency, in one entry that balances in both."""

from typing import NamedTuple

import numpy as np

from caravan.cell import Decision, Section
from caravan.flows.house import House, as_facts, integers
from caravan.kernel.clock import Instant
from caravan.kernel.ids import BuyerId, QuoteId
from caravan.kernel.money import numeric
from caravan.trade import exchange, ledger


class Wish(NamedTuple):
    """A buyer wants to know what so much of one currency gives in another."""

    buyer: BuyerId
    currency: str
    amount_minor: int
    into: str


class Taking(NamedTuple):
    """A buyer takes a quote."""

    buyer: BuyerId
    quote: QuoteId


class ExchangeTerms(NamedTuple):
    """What the operator keeps of an exchange, how long quotes stand, how old rates may be."""

    spread_basis_points: int
    quote_lasts: int
    rates_last: int


def set_rates(house: House, told: exchange.DayRates, *, now: Instant) -> Decision:
    """Take the rates of a day in; gives the day."""
    fact = exchange.set_rates(house.exchange, told, now=now)
    return Decision(as_facts(fact), lambda: fact.day)


def set_exchange_terms(_: House, terms: ExchangeTerms, *, now: Instant) -> Decision:
    """Set the terms of exchanges from now on; quotes keep theirs."""
    return Decision(as_facts(exchange.set_exchange_terms(**terms._asdict(), now=now)), lambda: terms)


def quote_exchange(house: House, wish: Wish, *, now: Instant) -> Decision:
    """Say what an exchange gives, for as long as quotes stand; gives the number of the quote."""
    fact = exchange.make_quote(
        house.exchange, buyer=wish.buyer, unit=numeric(wish.currency), paid_minor=wish.amount_minor,
        into=numeric(wish.into), now=now,
    )  # fmt: skip
    return Decision(as_facts(fact), lambda: fact.quote)


def exchange_money(house: House, taking: Taking, *, now: Instant) -> Decision:
    """Exchange at a quote; gives its number. Refuses one that is over or another's, and a wallet that holds too little."""
    quote = exchange.quote_of(house.exchange, taking.quote)
    exchange.check_quote(quote, buyer=taking.buyer, now=now)
    facts = move(house, quote, now=now)
    return Decision([*facts, *as_facts(exchange.take_quote(quote, now=now))], lambda: taking.quote)


def move(house: House, quote: exchange.Quote, *, now: Instant) -> list[Section]:
    """Move money out of one currency and into the other, the spread to the operator; nothing is opened on a refusal."""
    book, kind = house.ledger, ledger.Kind
    posted, held = ledger.balance(book, kind.WALLET, owner=quote.buyer, unit=quote.unit)
    if posted - held < quote.paid_minor:
        raise ledger.InsufficientFunds("The wallet holds too little for this.", available_minor=posted - held)
    facts: list[Section] = []
    legs, one = ledger.Legs(), integers(0)
    for account_kind, owner, unit, amount in (
        (kind.WALLET, quote.buyer, quote.unit, -quote.paid_minor),
        (kind.EXCHANGE, 0, quote.unit, quote.paid_minor),
        (kind.EXCHANGE, 0, quote.into, -quote.mid_minor),
        (kind.WALLET, quote.buyer, quote.into, quote.mid_minor - quote.spread_minor),
        (kind.OPERATOR_FEES, 0, quote.into, quote.spread_minor),
    ):
        if amount:
            account, opened = ledger.open_accounts(
                book, account_kind, owners=integers(owner), units=integers(unit), at=now
            )
            facts += opened
            legs.post(one, accounts=account, amounts=integers(amount))
    outcomes = ledger.record(
        book, legs, reason=ledger.Reason.EXCHANGED, references=integers(quote.quote), at=np.full(1, now, np.int64)
    )
    assert outcomes.recorded.all(), "What a wallet holds can be exchanged."
    return [*facts, *outcomes.facts]
