"""Orders whose money comes in part from outside the wallet: what of it is promised, taken in, let go or given back."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from caravan.cell import Section
from caravan.events.exchange import OrderExchangedBack
from caravan.events.payments import PaymentRefunded
from caravan.flows import exchanging
from caravan.flows.house import House, as_facts, fold, integers
from caravan.kernel.clock import Instant
from caravan.kernel.event import Event
from caravan.kernel.ids import OrderId, PaymentId
from caravan.trade import exchange, ledger, payments


class Posting(NamedTuple):
    """An amount on an account; with a hold, what it takes comes out of what that has kept (and is above zero)."""

    kind: ledger.Kind
    owner: int
    unit: int
    amount: int
    hold: int = 0


def post(
    house: House,
    facts: list[Section],
    postings: Sequence[Posting],
    *,
    reason: ledger.Reason,
    reference: int,
    now: Instant,
) -> None:
    """Record one entry, opening the accounts that are missing; postings of nothing are left out. It has to be possible."""
    legs, one = ledger.Legs(), integers(0)
    wanted = [posting for posting in postings if posting.amount]
    if not wanted:
        return
    for posting in wanted:
        accounts, opened = ledger.open_accounts(
            house.ledger, posting.kind, owners=integers(posting.owner), units=integers(posting.unit), at=now
        )
        facts += opened
        if posting.hold:
            legs.post_held(one, accounts=accounts, amounts=integers(posting.amount), holds=integers(posting.hold))
        else:
            legs.post(one, accounts=accounts, amounts=integers(posting.amount))
    outcomes = ledger.record(house.ledger, legs, reason=reason, references=integers(reference), at=integers(now))
    assert outcomes.recorded.all(), (reason, wanted, outcomes.codes)
    facts += outcomes.facts


def payer_of(funding: payments.Funding) -> tuple[ledger.Kind, int]:
    """Give the kind and owner of the account at whose expense an order's coupon is."""
    if funding.discount_payer:
        return ledger.Kind.SELLER_BALANCE, funding.discount_payer
    return ledger.Kind.PROMOTIONS, 0


def of_outside(house: House, numbers: np.ndarray) -> np.ndarray:
    """Tell which orders a provider has promised money for; bool [n]."""
    fundings = house.dealings.fundings
    if not fundings:
        return np.zeros(len(numbers), np.bool_)
    return np.array([number in fundings and fundings[number].promised > 0 for number in numbers.tolist()], np.bool_)


def is_shippable(house: House, order: int) -> bool:
    """Tell whether an order may leave: its money is held in the wallet, taken in, or cash is collected at the door."""
    funding, money = house.dealings.fundings.get(order), house.payments.money
    if funding is None or not funding.promised or funding.provider == payments.Provider.CASH:
        return True
    return funding.taken == funding.total and not money.disputing[order] and not money.lost[order]


def capture(house: House, facts: list[Section], order: int, whole: int, *, now: Instant) -> None:
    """Take in so much of an order's money: into escrow, with the provider's part of it off what it promised."""
    funding, money = house.dealings.fundings[order], house.payments.money
    unit, part = int(money.unit[order]), payments.promised_in(funding, whole)
    theirs = funding.unit or unit
    postings = (
        Posting(ledger.Kind.WALLET, int(money.buyer[order]), unit, whole, int(money.hold[order])),
        Posting(ledger.Kind.AUTHORIZED, funding.provider, theirs, part),
        Posting(ledger.Kind.PSP_CLEARING, funding.provider, theirs, -part),
        Posting(ledger.Kind.ESCROW, order, unit, whole),
    )
    post(house, facts, postings, reason=ledger.Reason.CAPTURED, reference=order, now=now)
    facts += fold(house, as_facts(payments.capture_part(house.payments, order=order, amount_minor=whole, now=now)))


def add_let_go(house: House, legs: ledger.Legs, row: int, order: int, *, facts: list[Section], now: Instant) -> None:
    """Add to an entry that frees an order's hold what gives back to the provider and the coupon what they promised."""
    funding, unit = house.dealings.fundings[order], int(house.payments.money.unit[order])
    buyer = int(house.payments.money.buyer[order])
    promised = funding.promised - funding.captured
    discount = discount_left(funding)
    if funding.unit:
        fact = exchange.exchange_back(
            house.exchange.orders[order], amount_minor=funding.total - funding.taken - discount, paid_minor=promised,
            now=now,
        )  # fmt: skip
        postings = [
            Posting(ledger.Kind.WALLET, buyer, unit, -fact.amount_minor - discount),
            *exchanged(house, order, fact, (ledger.Kind.AUTHORIZED, funding.provider)),
            Posting(*payer_of(funding), unit, discount),
        ]
        add(house, legs, row, postings, facts=facts, now=now)
        return
    postings = [
        Posting(ledger.Kind.WALLET, buyer, unit, -promised - discount),
        Posting(ledger.Kind.AUTHORIZED, funding.provider, unit, promised),
        Posting(*payer_of(funding), unit, discount),
    ]
    add(house, legs, row, postings, facts=facts, now=now)


def exchanged(house: House, order: int, fact: OrderExchangedBack, account: tuple[ledger.Kind, int]) -> list[Posting]:
    """Give the postings that bring money of an order back at its frozen rate, onto an account in the currency paid."""
    quote = house.exchange.quotes[house.exchange.orders[order].quote]
    return [
        Posting(ledger.Kind.EXCHANGE, 0, quote.into, fact.amount_minor + fact.spread_minor),
        Posting(ledger.Kind.OPERATOR_FEES, 0, quote.into, -fact.spread_minor),
        Posting(ledger.Kind.EXCHANGE, 0, quote.unit, -fact.paid_minor),
        Posting(*account, quote.unit, fact.paid_minor),
    ]


def discount_left(funding: payments.Funding) -> int:
    """Give what of an order's discount was not captured."""
    if funding.promised and not funding.unit:
        return (funding.total - funding.taken) - (funding.promised - funding.captured)
    return funding.discount - funding.discount * funding.taken // funding.total


def add(
    house: House, legs: ledger.Legs, row: int, postings: Sequence[Posting], *, facts: list[Section], now: Instant
) -> None:
    """Add postings to an entry in the making, opening the accounts that are missing; those of nothing are left out."""
    for posting in postings:
        if not posting.amount:
            continue
        accounts, opened = ledger.open_accounts(
            house.ledger, posting.kind, owners=integers(posting.owner), units=integers(posting.unit), at=now
        )
        facts += opened
        legs.post(integers(row), accounts=accounts, amounts=integers(posting.amount))


class Back(NamedTuple):
    """Where refunded money of an order goes: to its buyer's wallet, to the provider, and back to who gave the coupon.

    Of an order that a provider was paid for in another currency, `fact` says how it goes back, and `provider` is in that.
    """

    wallet: int
    provider: int
    coupon: int
    fact: OrderExchangedBack | None = None


def shared(house: House, order: int, amount: int, *, now: Instant) -> Back:
    """Say where so much of an order's captured money goes when it goes back."""
    funding = house.dealings.fundings.get(order)
    if funding is None:
        return Back(amount, 0, 0)
    coupon = payments.discount_in(funding, amount)
    if funding.unit and amount > coupon:
        fact = exchange.exchange_back(house.exchange.orders[order], amount_minor=amount - coupon, now=now)
        return Back(0, fact.paid_minor if funding.provider == payments.Provider.CARD else 0, coupon, fact)
    if funding.provider == payments.Provider.CARD and funding.promised:
        return Back(0, amount - coupon, coupon)
    return Back(amount - coupon, 0, coupon)


def back_postings(house: House, order: int, back: Back) -> list[Posting]:
    """Give the postings that bring money back to where an order's came from."""
    money, unit = house.payments.money, int(house.payments.money.unit[order])
    postings = [Posting(ledger.Kind.WALLET, int(money.buyer[order]), unit, back.wallet)]
    funding = house.dealings.fundings.get(order)
    if funding is not None and back.fact is not None:
        # What was paid in cash goes back into the wallet, in the currency that it was paid in.
        is_card = funding.provider == payments.Provider.CARD
        to = (ledger.Kind.PSP_CLEARING, funding.provider) if is_card else (ledger.Kind.WALLET, int(money.buyer[order]))
        coupon = Posting(*payer_of(funding), unit, back.coupon)
        return [*exchanged(house, order, back.fact, to), coupon]
    if funding is not None:
        postings += [
            Posting(ledger.Kind.PSP_CLEARING, funding.provider, unit, back.provider),
            Posting(*payer_of(funding), unit, back.coupon),
        ]
    return postings


def after_refund(house: House, order: int, back: Back, *, now: Instant) -> list[Section]:
    """Give the facts that go with money that went back: the provider is asked, a seller who gave the coupon has it again."""
    funding = house.dealings.fundings.get(order)
    if funding is None:
        return []
    events: list[Event] = []
    if back.provider:
        events.append(
            payments.ask_provider(
                house.dealings, payment=funding.payment, what=payments.AskKind.REFUND, amount_minor=back.provider,
                whole_minor=(back.fact.amount_minor if back.fact else back.provider) + back.coupon, order=order, now=now,
            )
        )  # fmt: skip
    facts = as_facts(*events, *([back.fact] if back.fact else []))
    return facts + charge_for_coupon(house, order, -back.coupon, now=now)


def charge_for_coupon(house: House, order: int, amount: int, *, now: Instant) -> list[Section]:
    """Note that a seller pays for a coupon of theirs on an order, or below zero has that back."""
    funding = house.dealings.fundings[order]
    if not funding.discount_payer or not amount:
        return []
    unit = int(house.payments.money.unit[order])
    charged = payments.charge_seller(
        seller=funding.discount_payer, unit=unit, amount_minor=amount, reason=payments.ChargeReason.COUPON, order=order,
        now=now,
    )  # fmt: skip
    return as_facts(charged)


def refund_whole(house: House, facts: list[Section], order: int, *, now: Instant) -> None:
    """Give all captured money of an order back that nothing of has left, and let go what was not taken in yet."""
    money, funding = house.payments.money, house.dealings.fundings[order]
    unit, taken = int(money.unit[order]), int(money.captured[order] - money.refunded[order] - money.disputed[order])
    if not taken:
        return
    back = shared(house, order, taken, now=now)
    postings = [Posting(ledger.Kind.ESCROW, order, unit, -taken), *back_postings(house, order, back)]
    post(house, facts, postings, reason=ledger.Reason.RETURNED, reference=order, now=now)
    refunded = PaymentRefunded(
        at=now, payment=PaymentId(funding.payment), order=OrderId(order), amount_minor=taken, from_escrow_minor=taken,
        from_seller_minor=0, fee_minor=0, fee_tax_minor=0,
    )  # fmt: skip
    facts += fold(house, as_facts(refunded))
    facts += fold(house, after_refund(house, order, back, now=now))
    facts += exchanging.give_back(house, OrderId(order), back.wallet, now=now)


def cap_clawback(house: House, facts: list[Section], *, order: int, amount: int, now: Instant) -> None:
    """Make what was just taken from an order's seller the operator's loss, as far as it is below the market's limit."""
    money, limit = house.payments.money, house.markets.money_terms.clawback_minor_max
    seller, unit = int(money.seller[order]), int(money.unit[order])
    posted, _ = ledger.balance(house.ledger, ledger.Kind.SELLER_BALANCE, owner=seller, unit=unit)
    excess = min(amount, -limit - posted)
    if not limit or excess <= 0:
        return
    write_off(house, facts, order=order, seller=seller, unit=unit, amount=excess, now=now)


def write_off(
    house: House, facts: list[Section], *, order: int, seller: int, unit: int, amount: int, now: Instant
) -> None:
    """Take over what a seller never covered, by an entry of its own."""
    postings = (
        Posting(ledger.Kind.LOSSES, 0, unit, -amount),
        Posting(ledger.Kind.SELLER_BALANCE, seller, unit, amount),
    )
    post(house, facts, postings, reason=ledger.Reason.WRITTEN_OFF, reference=order, now=now)
    charged = payments.charge_seller(
        seller=seller, unit=unit, amount_minor=-amount, reason=payments.ChargeReason.WRITTEN_OFF, order=order, now=now
    )
    facts += fold(house, as_facts(charged))


def after_let_go(house: House, order: int, discount: int, *, now: Instant) -> list[Section]:
    """Give the facts, folded in, that go with an order's money that was let go: a coupon is given back, a provider asked."""
    funding = house.dealings.fundings[order]
    facts = fold(house, charge_for_coupon(house, order, -discount, now=now))
    return facts + fold(house, let_go_rest(house, funding.payment, now=now))


def let_go_rest(house: House, payment: int, *, now: Instant) -> list[Section]:
    """Ask the provider to let go what it keeps for a payment, once no order of it waits for that any more."""
    dealings = house.dealings
    deal = dealings.deals[payment]
    fundings = [dealings.fundings[order] for order in deal.orders]
    left = sum(funding.promised - funding.captured for funding in fundings)
    waits = any(not funding.is_let_go and funding.captured < funding.promised for funding in fundings)
    is_asked = any(work.what == payments.AskKind.VOID for work in dealings.open.get(payment, ()))
    if deal.provider != payments.Provider.CARD or waits or is_asked or deal.is_voided or not left:
        return []
    return as_facts(
        payments.ask_provider(dealings, payment=payment, what=payments.AskKind.VOID, amount_minor=left, now=now)
    )
