"""Exchanging: a buyer's money becomes money of another currency, in one entry that balances in both.

A checkout can be paid in the buyer's currency: a quote is bound to it, taken in the decision that places its purchase, and
what goes back of its orders goes back at the rate that was frozen with them.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from caravan.cell import Decision, Section
from caravan.flows.house import House, as_facts, fold, integers
from caravan.kernel.clock import Instant
from caravan.kernel.errors import NotFound
from caravan.kernel.ids import BuyerId, OrderId, PurchaseId, QuoteId, SessionId
from caravan.kernel.money import alphabetic, numeric
from caravan.trade import exchange, ledger, orders


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
    if quote.quote in house.exchange.bound.values():
        raise exchange.QuoteNotOpen("This quote is for a checkout.", state="bound")
    facts = move(house, quote, now=now)
    return Decision([*facts, *as_facts(exchange.take_quote(quote, now=now))], lambda: taking.quote)


def move(house: House, quote: exchange.Quote, *, now: Instant) -> list[Section]:
    """Move money out of one currency and into the other, the spread to the operator; nothing is opened on a refusal."""
    book, kind = house.ledger, ledger.Kind
    posted, held = ledger.balance(book, kind.WALLET, owner=quote.buyer, unit=quote.unit)
    if posted - held < quote.paid_minor:
        raise ledger.InsufficientFunds("The wallet holds too little for this.", available_minor=posted - held)
    return _record(house, _moved(quote), reason=ledger.Reason.EXCHANGED, reference=quote.quote, now=now)


def move_back(house: House, quote: exchange.Quote, *, now: Instant) -> list[Section]:
    """Undo what `move` did, as what it was for came to nothing in the same decision."""
    postings = [(kind, owner, unit, -amount) for kind, owner, unit, amount in _moved(quote)]
    return _record(house, postings, reason=ledger.Reason.EXCHANGED, reference=quote.quote, now=now)


def _moved(quote: exchange.Quote) -> tuple[tuple[ledger.Kind, int, int, int], ...]:
    kind = ledger.Kind
    return (
        (kind.WALLET, quote.buyer, quote.unit, -quote.paid_minor),
        (kind.EXCHANGE, 0, quote.unit, quote.paid_minor),
        (kind.EXCHANGE, 0, quote.into, -quote.mid_minor),
        (kind.WALLET, quote.buyer, quote.into, quote.mid_minor - quote.spread_minor),
        (kind.OPERATOR_FEES, 0, quote.into, quote.spread_minor),
    )


def _record(
    house: House, postings: Sequence[tuple[ledger.Kind, int, int, int]], *, reason: ledger.Reason, reference: int,
    now: Instant,
) -> list[Section]:  # fmt: skip
    """Record one entry, opening the accounts that are missing; postings of nothing are left out."""
    book, legs, one = house.ledger, ledger.Legs(), integers(0)
    facts: list[Section] = []
    for kind, owner, unit, amount in postings:
        if amount:
            account, opened = ledger.open_accounts(book, kind, owners=integers(owner), units=integers(unit), at=now)
            facts += opened
            legs.post(one, accounts=account, amounts=integers(amount))
    outcomes = ledger.record(book, legs, reason=reason, references=integers(reference), at=np.full(1, now, np.int64))
    assert outcomes.recorded.all(), "What a wallet holds can be exchanged."
    return [*facts, *outcomes.facts]


class Choice(NamedTuple):
    """A buyer wants to pay for a checkout of theirs in a currency."""

    session: SessionId
    buyer: BuyerId
    currency: str


def choose_currency(house: House, choice: Choice, *, now: Instant) -> Decision:
    """Say what a checkout costs in a currency, and hold that for as long as quotes stand; gives the session.

    In the market's own currency, there is nothing to hold any more. Refuses where there is no rate, or an old one.
    """
    session = orders.session_of(house.orders, choice.session)
    if session.buyer != choice.buyer:
        raise NotFound("There is no such checkout session.")
    if session.status not in {orders.SessionStatus.NOT_READY, orders.SessionStatus.READY}:
        raise orders.SessionNotReady(f"This checkout is {session.status.name.lower()}.")
    unit, into = numeric(choice.currency), numeric(session.currency)
    if unit == into:
        bound = exchange.bind_quote(quote=QuoteId(0), session=session.session, now=now)
        return Decision(as_facts(bound) if session.session in house.exchange.bound else (), lambda: session.session)
    quote = exchange.quote_price(
        house.exchange, buyer=choice.buyer, unit=unit, into=into, wanted_minor=session.total_minor, now=now
    )
    bound = exchange.bind_quote(quote=quote.quote, session=session.session, now=now)
    return Decision(as_facts(quote, bound), lambda: session.session)


def require_open(
    quote: exchange.Quote, session: orders.Session, *, expected_minor: int, currency: str, now: Instant
) -> None:
    """Refuse a quote that is over or of another total, and a buyer who agreed to pay something else."""
    exchange.check_quote(quote, buyer=session.buyer, now=now)
    if quote.mid_minor - quote.spread_minor != session.total_minor:
        raise exchange.QuoteNotOpen("This checkout costs something else now: ask for a new quote.", state="stale")
    if currency != alphabetic(quote.unit) or expected_minor != quote.paid_minor:
        raise orders.TotalChanged


def settle_purchase(house: House, quote: exchange.Quote, purchase: PurchaseId, *, now: Instant) -> list[Section]:
    """Freeze with a purchase's orders what was paid for each at a quote that was just taken."""
    table = house.orders
    first, count = int(table.purchases.first_order[purchase]), int(table.purchases.orders[purchase])
    numbers = range(first, first + count)
    fundings = house.dealings.fundings
    coupons = [fundings[order].discount if order in fundings else 0 for order in numbers]
    totals = [int(table.orders.total[order]) - coupon for order, coupon in zip(numbers, coupons, strict=True)]
    return fold(house, as_facts(*exchange.settle_orders(quote, orders=numbers, totals_minor=totals, now=now)))


def give_back(house: House, order: OrderId, amount: int, *, now: Instant) -> list[Section]:
    """Give money of an order that just came back into its buyer's wallet back in the currency that it was paid in."""
    paid = house.exchange.orders.get(order)
    if paid is None or not amount:
        return []
    funding = house.dealings.fundings.get(order)
    if funding is not None and funding.unit:
        # A card lets go what it still keeps, in the entry that let this money go.
        left = funding.promised - funding.captured
        return fold(house, as_facts(exchange.exchange_back(paid, amount_minor=amount, paid_minor=left, now=now)))
    quote, buyer = house.exchange.quotes[paid.quote], int(house.orders.orders.buyer[order])
    back = exchange.exchange_back(paid, amount_minor=amount, now=now)
    kind = ledger.Kind
    postings = (
        (kind.WALLET, buyer, quote.into, -amount),
        (kind.EXCHANGE, 0, quote.into, amount + back.spread_minor),
        (kind.OPERATOR_FEES, 0, quote.into, -back.spread_minor),
        (kind.EXCHANGE, 0, quote.unit, -back.paid_minor),
        (kind.WALLET, buyer, quote.unit, back.paid_minor),
    )
    facts = _record(house, postings, reason=ledger.Reason.EXCHANGED_BACK, reference=order, now=now)
    return facts + fold(house, as_facts(back))
