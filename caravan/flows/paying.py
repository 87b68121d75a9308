"""Paying: a checkout is paid through a provider in three steps: decide, ask outside of any decision, settle what it said."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from babel.numbers import get_territory_currencies

from caravan.cell import Decision, Section
from caravan.events.exchange import QuoteMade
from caravan.events.payments import ProviderAsked
from caravan.flows import checkout, exchanging, fulfillment, funded, places, shopping, taxing
from caravan.flows.funded import Posting
from caravan.flows.house import House, as_facts, fold
from caravan.kernel.clock import Instant
from caravan.kernel.errors import NotFound, code
from caravan.kernel.ids import AskId, BuyerId, CouponId, OrderId, PaymentId, PurchaseId, SellerId, SessionId
from caravan.kernel.money import alphabetic, exponent, numeric
from caravan.trade import exchange, ledger, orders, payments, taxes
from caravan.trade.payments import Answer, Answered, AskKind, Deal, PaymentStatus, Provider

EXPIRED_AT_ONCE_MAX = 500
_DIGITS_OF_CARDS_MAX = 2  # Stripe takes dinars in tens of a fils only, and parts of orders are not.


class Start(NamedTuple):
    """A buyer wants to pay for a checkout of theirs, at this total before any coupon; or as it is with the coupon, less tax.

    `method` is a token of the provider for a card that it knows; without one, the buyer goes to the provider's page, and
    comes `back` from there. `code` is a coupon's. `currency` is that of a checkout's price, where it has one.
    """

    session: SessionId
    buyer: BuyerId
    expected_minor: int
    provider: Provider
    method: str = ""
    back: str = ""
    code: str = ""
    currency: str = ""


class Told(NamedTuple):
    """What a provider said of a payment when it was asked to authorize it."""

    payment: PaymentId
    answer: Answer


class Done(NamedTuple):
    """What a provider said of something that it was asked to do."""

    ask: AskId
    answer: Answer


class Handing(NamedTuple):
    """Orders that are about to be handed over, by a seller of theirs (0: the operator).

    `parts` says how much of each order's money goes with this parcel; without, all of it that is left.
    """

    orders: Sequence[int]
    seller: SellerId
    parts: Sequence[int] = ()


def start_payment(house: House, start: Start, *, now: Instant) -> Decision:
    """Begin to pay for a checkout: its units stay held for as long as that may take. Gives the payment's number.

    Out of the wallet, and in cash on delivery, that is the whole of it; the others are asked next.
    """
    session = _ready(house, start, now=now)
    intent, assessment, quoted = _intent(house, session, start, now=now)
    created = payments.create(house.dealings, intent, now=now)
    if start.provider == Provider.WALLET:
        _require_funds(house, start.buyer, intent.unit, created.amount_minor)
    until = max(intent.expires_at, session.expires_at)
    holds, facts = shopping.hold_until(house, session, until, now=now)
    paying = orders.pay_session(session, holds=holds, expires_at=until, now=now)
    facts = fold(house, [*facts, *as_facts(created, paying)])
    if quoted is not None:
        own = exchange.quote_payment(payment=created.payment, session=session.session, quote=quoted.quote, now=now)
        facts += fold(house, as_facts(quoted, own))
    facts += fold(house, taxing.noted_payment(created.payment, session.session, assessment, now=now))
    if start.provider in {Provider.WALLET, Provider.CASH}:
        authorized(house, house.dealings.deals[created.payment], "", facts, now=now)
    return Decision(facts, lambda: created.payment)


def _ready(house: House, start: Start, *, now: Instant) -> orders.Session:
    session = shopping.own_session(house, shopping.Step(start.session, start.buyer))
    if session.status == orders.SessionStatus.EXPIRED or 0 < session.expires_at <= now:
        raise ledger.ReservationExpired
    if session.status == orders.SessionStatus.IN_PROGRESS:
        raise payments.PaymentUnderWay("This checkout is being paid already.")
    if session.status != orders.SessionStatus.READY:
        raise orders.SessionNotReady(f"This checkout is {session.status.name.lower()}.")
    quote = exchange.bound_quote(house.exchange, session.session)
    if quote is not None:
        _require_payable(house, quote, session, start)
        exchanging.require_open(
            quote, session, expected_minor=start.expected_minor, currency=start.currency or session.currency, now=now
        )
    elif start.currency not in {"", session.currency} or (
        not start.code and session.total_minor != start.expected_minor
    ):
        raise orders.TotalChanged
    return session


def _require_payable(house: House, quote: exchange.Quote, session: orders.Session, start: Start) -> None:
    """Refuse a currency whose digits card providers do not all take, and cash in one that nobody has at the door."""
    currency = alphabetic(quote.unit)
    if start.provider == Provider.CARD and exponent(currency) > _DIGITS_OF_CARDS_MAX:
        raise exchange.PaysInOtherCurrency(f"Cards are not charged in {currency}: its digits are not taken everywhere.")
    if start.provider == Provider.CASH:
        taken = cash_currencies(house, session)
        if currency not in taken:
            told = f"Cash is collected where the parcel goes, in {' or '.join(taken) or 'no other currency'}."
            raise payments.CashRefused(told, currencies=taken)


def cash_currencies(house: House, session: orders.Session) -> list[str]:
    """Give the currencies in which a carrier collects cash where a checkout's parcels go: those that are money there."""
    where = places.destination_of(house, session.address)
    return list(get_territory_currencies(where.country)) if where is not None else []


def _intent(
    house: House, session: orders.Session, start: Start, *, now: Instant
) -> tuple[payments.Intent, taxes.Assessment | None, QuoteMade | None]:
    """Give how a checkout is paid for, what its destination means for it then, and a quote of its own, if it has one."""
    terms, unit = house.markets.money_terms, numeric(session.currency)
    if start.provider == Provider.CASH and not session.total_minor <= terms.cash_minor_max:
        raise payments.CashRefused(limit_minor=terms.cash_minor_max)
    if start.provider == Provider.TRANSFER and not terms.takes_transfers:
        raise payments.NoSuchProvider("This market takes no bank transfers.")
    coupon, assessment = None, house.taxes.sessions.get(session.session)
    quote, total, discount = exchange.bound_quote(house.exchange, session.session), session.total_minor, 0
    if start.code:
        coupon, found = with_coupon(house, session, start.code, now=now)
        assessment, total, discount = found.assessment, found.total_minor, found.discount_minor
        agreed = start.expected_minor if quote is None else session.total_minor
        if agreed not in {session.total_minor, total} or total - discount > agreed:
            raise orders.TotalChanged
    paid, quoted = 0, None
    if quote is not None:
        unit, paid = quote.unit, quote.paid_minor
        if start.code:
            quoted = exchange.part_quote(house.exchange, quote, wanted_minor=total - discount, now=now)
            paid = quoted.paid_minor
    lasts = terms.transfer_lasts if start.provider == Provider.TRANSFER else terms.payment_lasts
    intent = payments.Intent(
        session=session.session, buyer=session.buyer, unit=unit, total_minor=total, provider=start.provider,
        expires_at=now + lasts, method=start.method, back=start.back,
        coupon=CouponId(coupon.coupon if coupon else 0), discount_payer=SellerId(coupon.payer if coupon else 0),
        discount_minor=discount, paid_minor=paid,
    )  # fmt: skip
    return intent, assessment, quoted


def with_coupon(
    house: House, session: orders.Session, text: str, *, now: Instant
) -> tuple[payments.Coupon, taxing.Couponed]:
    """Give the coupon of a code, and what a checkout is with it. Refuses one that does not apply as CouponRefused.

    What is spent is goods and delivery: what taxes add to them does not count.
    """
    spent: dict[int, int] = {}
    for line in taxing.bare_lines(house, session):
        spent[line.seller] = spent.get(line.seller, 0) + line.total_minor
    unit = numeric(session.currency)
    coupon = payments.coupon_for(house.dealings, code=text, unit=unit, totals_minor=spent, now=now)
    return coupon, taxing.couponed(house, session, payer=coupon.payer, amount=coupon.amount, now=now)


class Considering(NamedTuple):
    """A buyer thinks of paying for a checkout of theirs with a coupon."""

    session: SessionId
    buyer: BuyerId
    code: str


class CouponPrice(NamedTuple):
    """What a checkout comes to with a coupon, what that pays of it, and the parts of the total."""

    currency: str
    total_minor: int
    discount_minor: int
    parts: taxing.Breakdown


def price_with_coupon(house: House, wish: Considering, now: Instant) -> CouponPrice:
    """Say what a checkout comes to with a coupon. Refuses one that does not apply as CouponRefused. It uses nothing up."""
    session = shopping.own_session(house, shopping.Step(wish.session, wish.buyer))
    _, found = with_coupon(house, session, wish.code, now=now)
    bare = taxing.bare_lines(house, session)
    goods, shipping = sum(line.goods_minor for line in bare), sum(line.shipping_minor for line in bare)
    parts = taxing.broken_down(house, found.assessment, goods=goods, shipping=shipping)
    return CouponPrice(session.currency, found.total_minor, found.discount_minor, parts)


def _require_funds(house: House, buyer: BuyerId, unit: int, amount: int) -> None:
    posted, held = ledger.balance(house.ledger, ledger.Kind.WALLET, owner=buyer, unit=unit)
    if posted - held < amount:
        raise ledger.InsufficientFunds("The wallet holds too little for this.", available_minor=posted - held)


def settle_payment(house: House, told: Told, *, now: Instant) -> Decision:
    """Settle what a provider said of a payment; what it says twice or too late changes nothing twice. Gives the payment.

    Authorized, the purchase is placed; where that cannot be any more, the provider is asked to let the money go. A late
    success is a success: it is placed if everything is still there.
    """
    deal = _deal(house, told.payment)
    facts: list[Section] = []
    answered, reference = told.answer.answered, told.answer.reference
    if answered == Answered.PENDING:
        news = payments.wait(deal, reference=reference, now=now)
        facts += as_facts(news) if news else []
    elif answered == Answered.AUTHORIZED:
        authorized(house, deal, reference, facts, now=now)
    elif answered in {Answered.DECLINED, Answered.REFUSED}:
        _declined(house, deal, told.answer.reason or "declined", facts, now=now)
    return Decision(facts, lambda: told.payment)


def _deal(house: House, payment: int) -> Deal:
    if payment not in house.dealings.deals:
        raise NotFound("There is no such payment.")
    return house.dealings.deals[payment]


def authorized(house: House, deal: Deal, reference: str, facts: list[Section], *, now: Instant) -> None:
    """Place the purchase of a payment whose money is there; where that cannot be any more, have it let go."""
    session = orders.session_of(house.orders, SessionId(deal.session))
    is_held = session.status == orders.SessionStatus.IN_PROGRESS and session.expires_at > now
    is_current = house.dealings.by_session[deal.session] == deal.payment
    news = payments.authorize(deal, reference=reference, now=now)
    if news is None:
        return
    has_coupon = not deal.coupon or deal.status != PaymentStatus.EXPIRED or _is_left(house, deal.coupon)
    facts += fold(house, as_facts(news))
    is_open = session.status in {orders.SessionStatus.IN_PROGRESS, orders.SessionStatus.EXPIRED}
    why = "gone"
    if is_current and is_open and has_coupon:
        why = _place(house, deal, session, facts, is_held=is_held, now=now)
    if why:
        facts += fold(house, as_facts(payments.decline(deal, reason=why, now=now)))
        _reopen(house, deal, facts, now=now)
        _ask_to_void(house, deal, facts, now=now)
        return
    for work in tuple(house.dealings.open.get(deal.payment, ())):
        superseded = payments.answer(work, is_done=False, reference="", reason="placed after all", now=now)
        facts += fold(house, as_facts(superseded)) if superseded else []


def _is_left(house: House, coupon: int) -> bool:
    known = house.dealings.coupons[coupon]
    return known.uses < known.uses_max


def _place(
    house: House, deal: Deal, session: orders.Session, facts: list[Section], *, is_held: bool, now: Instant
) -> str:
    """Place the purchase that a payment was made for; give the reason where that cannot be."""
    unit = numeric(session.currency)
    quote, why = _quote_of(house, deal, session, facts, now=now) if deal.unit != unit else (None, "")
    if why:
        return why
    _promise(house, deal, facts, sign=1, unit=unit, reason=ledger.Reason.AUTHORIZED, now=now)
    if quote is not None:
        facts += exchanging.move(house, quote, now=now)
    holds = session.holds if is_held else [0] * len(session.lines)
    lines, assessments = taxing.of_payment(house, session, deal.payment)
    basket = checkout.basket_of(session, sum(line.total_minor for line in lines), holds, now=now, lines=lines)
    before = taxing.of_sessions(house, basket)
    placed, purchases, verdicts, culprits = checkout.place_decided(house, basket, assessments, before)
    facts += placed
    if verdicts[0]:
        if quote is not None:
            facts += exchanging.move_back(house, quote, now=now)
        _promise(house, deal, facts, sign=-1, unit=unit, reason=ledger.Reason.AUTHORIZATION_VOIDED, now=now)
        return code(checkout.refusal_of(house, int(verdicts[0]), int(culprits[0])))
    if quote is not None:
        facts += fold(house, as_facts(exchange.take_quote(quote, now=now)))
        facts += exchanging.settle_purchase(house, quote, PurchaseId(int(purchases[0])), now=now)
    for order in deal.orders:
        facts += fold(house, funded.charge_for_coupon(house, order, house.dealings.fundings[order].discount, now=now))
    return ""


def _quote_of(
    house: House, deal: Deal, session: orders.Session, facts: list[Section], *, now: Instant
) -> tuple[exchange.Quote | None, str]:
    """Give the quote that a payment in another currency is settled at; or the reason why there is none."""
    quote = exchange.payment_quote(house.exchange, deal.payment, session.session)
    why = "" if quote is not None and _is_kept(quote, deal) else "gone"
    if deal.provider == Provider.TRANSFER and deal.expires_at <= now:
        quote, why = _revalued(house, deal, quote, session, facts, now=now)
    if quote is not None and not why and deal.provider == Provider.TRANSFER and not _holds(house, deal, quote):
        why = code(ledger.InsufficientFunds())
    return quote, why


def _is_kept(quote: exchange.Quote, deal: Deal) -> bool:
    """Tell whether a quote is still the one that a payment was begun at."""
    return (quote.unit, quote.paid_minor, quote.is_taken) == (deal.unit, deal.amount, False)


def _holds(house: House, deal: Deal, quote: exchange.Quote) -> bool:
    posted, held = ledger.balance(house.ledger, ledger.Kind.WALLET, owner=deal.buyer, unit=deal.unit)
    return posted - held >= quote.paid_minor


def _revalued(  # All of it decides.
    house: House, deal: Deal, before: exchange.Quote | None, session: orders.Session, facts: list[Section], *, now: Instant
) -> tuple[exchange.Quote | None, str]:  # fmt: skip
    """Give a quote of now for a transfer that came too late for its own; or why there is none.

    Where what came in is enough for that, it is taken, and what is over stays in the wallet; else all of it stays there.
    """
    if before is None or before.is_taken:
        return None, "gone"
    wanted = before.mid_minor - before.spread_minor
    try:
        made = exchange.quote_price(
            house.exchange, buyer=BuyerId(deal.buyer), unit=deal.unit, into=before.into, wanted_minor=wanted, now=now
        )
    except exchange.NoRate as refusal:
        return None, code(refusal)
    if made.paid_minor > deal.received:
        return None, "revalued"
    own = exchange.quote_payment(payment=PaymentId(deal.payment), session=session.session, quote=made.quote, now=now)
    facts += fold(house, as_facts(made, own))
    return house.exchange.quotes[made.quote], ""


def _promise(  # What is promised, in which currency, and why.
    house: House, deal: Deal, facts: list[Section], *, sign: int, unit: int, reason: ledger.Reason, now: Instant
) -> None:
    """Let the wallet have, for the moment of placing, what the provider promised and a coupon gives; or take that back.

    A coupon is in the checkout's own `unit`, whatever the buyer pays in.
    """
    promised = deal.amount if deal.provider in {Provider.CARD, Provider.CASH} else 0
    payer = (ledger.Kind.SELLER_BALANCE, deal.discount_payer) if deal.discount_payer else (ledger.Kind.PROMOTIONS, 0)
    postings = (
        Posting(ledger.Kind.AUTHORIZED, deal.provider, deal.unit, -sign * promised),
        Posting(*payer, unit, -sign * deal.discount),
        Posting(ledger.Kind.WALLET, deal.buyer, deal.unit, sign * promised),
        Posting(ledger.Kind.WALLET, deal.buyer, unit, sign * deal.discount),
    )
    funded.post(house, facts, postings, reason=reason, reference=deal.payment, now=now)


def _declined(house: House, deal: Deal, reason: str, facts: list[Section], *, now: Instant) -> None:
    if deal.status in payments.WAITING:
        facts += fold(house, as_facts(payments.decline(deal, reason=reason, now=now)))
        _reopen(house, deal, facts, now=now)
        return
    # It has lapsed, and its provider says that there is nothing to void.
    for work in tuple(house.dealings.open.get(deal.payment, ())):
        is_moot = work.what == AskKind.VOID and not deal.orders
        answer = payments.answer(work, is_done=True, reference="", reason=reason, now=now) if is_moot else None
        facts += fold(house, as_facts(answer)) if answer else []


def _reopen(house: House, deal: Deal, facts: list[Section], *, now: Instant) -> None:
    """Let the buyer pay for the checkout in another way, where this payment was the one under way."""
    session = orders.session_of(house.orders, SessionId(deal.session))
    is_paying = session.status == orders.SessionStatus.IN_PROGRESS
    if is_paying and house.dealings.by_session[deal.session] == deal.payment:
        facts += fold(house, as_facts(orders.reopen_session(session, now=now)))


def _ask_to_void(house: House, deal: Deal, facts: list[Section], *, now: Instant) -> None:
    if deal.provider != Provider.CARD or house.dealings.open.get(deal.payment):
        return
    asked = payments.ask_provider(
        house.dealings, payment=deal.payment, what=AskKind.VOID, amount_minor=deal.amount, now=now
    )
    facts += fold(house, as_facts(asked))


def give_up_payment(house: House, step: shopping.Step, *, now: Instant) -> Decision:
    """Give a payment up that waits for the buyer, so that they may pay in another way; gives the session.

    Should it succeed all the same, its money is let go.
    """
    session = shopping.own_session(house, step)
    deal = house.dealings.deals.get(house.dealings.by_session.get(session.session, 0))
    if deal is None or deal.status not in payments.WAITING:
        raise orders.SessionNotReady("Nothing is being paid for here.")
    facts = fold(house, as_facts(payments.decline(deal, reason="abandoned", now=now)))
    _reopen(house, deal, facts, now=now)
    _ask_to_void(house, deal, facts, now=now)
    return Decision(facts, lambda: session.session)


def expire_payments(house: House, _: object, *, now: Instant) -> Decision:
    """End the payments that took too long, at most 500 at a time; give how many. Their providers let the money go."""
    due = [number for number in sorted(house.dealings.waiting) if house.dealings.deals[number].expires_at <= now]
    facts: list[Section] = []
    for number in due[:EXPIRED_AT_ONCE_MAX]:
        deal = house.dealings.deals[number]
        facts += fold(house, as_facts(payments.expire(deal, now=now)))
        _ask_to_void(house, deal, facts, now=now)
    return Decision(facts, lambda: min(len(due), EXPIRED_AT_ONCE_MAX))


def ask_captures(house: House, handing: Handing, *, now: Instant) -> Decision:
    """Ask for the money of orders that are about to be handed over, where a provider keeps it; give whose payments to see to."""
    facts: list[Section] = []
    numbers: set[int] = set()
    for place, order in enumerate(handing.orders):
        funding = house.dealings.fundings.get(order)
        if funding is None or (handing.seller and funding.seller != handing.seller):
            continue
        if funding.provider != Provider.CARD or funding.captured >= funding.promised or funding.is_let_go:
            continue
        numbers.add(funding.payment)
        if not fulfillment.is_being_captured(house, order):
            part = handing.parts[place] if handing.parts else 0
            facts += fold(house, as_facts(_capture_of(house, order, part, now=now)))
    return Decision(facts, lambda: sorted(numbers))


def _capture_of(house: House, order: int, part: int, *, now: Instant) -> ProviderAsked:
    funding = house.dealings.fundings[order]
    left = funding.total - funding.taken
    whole = min(part, left) or left
    if not payments.promised_in(funding, whole):  # Too little to be anything in the currency of the card.
        whole = left
    return payments.ask_provider(
        house.dealings, payment=funding.payment, what=AskKind.CAPTURE, amount_minor=payments.promised_in(funding, whole),
        whole_minor=whole, order=order, now=now,
    )  # fmt: skip


def settle_ask(house: House, done: Done, *, now: Instant) -> Decision:
    """Settle what a provider did, or never will; told twice, it changes nothing twice. Gives the ask.

    What can't be captured cannot be shipped: its order is called off. What can't be refunded goes to the wallet.
    """
    work = house.dealings.works.get(done.ask)
    if work is None:
        raise NotFound("Nobody was asked for this.")
    is_done = done.answer.answered == Answered.DONE
    is_final = done.answer.answered in {Answered.REFUSED, Answered.DECLINED} and work.what != AskKind.VOID
    if not is_done and not is_final:
        return Decision((), lambda: done.ask)  # It is not known: it is asked again.
    answer = payments.answer(work, is_done=is_done, reference=done.answer.reference, reason=done.answer.reason, now=now)
    if answer is None:
        return Decision((), lambda: done.ask)
    facts = fold(house, as_facts(answer))
    if work.what == AskKind.CAPTURE:
        _captured(house, work, facts, is_done=is_done, now=now)
    elif work.what == AskKind.REFUND and not is_done:
        _refund_to_wallet(house, work, facts, now=now)
    return Decision(facts, lambda: done.ask)


def _captured(house: House, work: payments.Work, facts: list[Section], *, is_done: bool, now: Instant) -> None:
    if is_done:
        funded.capture(house, facts, work.order, work.whole, now=now)
        facts += fold(house, funded.let_go_rest(house, work.payment, now=now))
    money, table = house.payments.money, house.orders.orders
    is_open = not table.fulfilled_at[work.order] and not table.canceled_at[work.order]
    # Nobody pays for what a bank has had back, or for what could never be taken in.
    is_unpaid = bool(money.lost[work.order]) or (not is_done and not money.captured[work.order])
    if is_open and is_unpaid and not money.disputing[work.order]:
        numbers = np.array([work.order], np.int64)
        facts += fulfillment.call_off(house, numbers, by=np.zeros(1, np.int64), at=np.array([now], np.int64))


def _refund_to_wallet(house: House, work: payments.Work, facts: list[Section], *, now: Instant) -> None:
    deal = house.dealings.deals[work.payment]
    postings = (
        Posting(ledger.Kind.PSP_CLEARING, deal.provider, deal.unit, -work.amount),
        Posting(ledger.Kind.WALLET, deal.buyer, deal.unit, work.amount),
    )
    funded.post(house, facts, postings, reason=ledger.Reason.REFUND_FAILED, reference=work.order, now=now)


class CashWord(NamedTuple):
    """What a carrier says of orders paid in cash at the door."""

    order: OrderId
    was_paid: bool


def settle_cash(house: House, word: CashWord, *, now: Instant) -> Decision:
    """Note that the cash for an order was collected, or that the buyer did not take it: then all of it comes back."""
    funding = house.dealings.fundings.get(word.order)
    table = house.orders.orders
    if funding is None or funding.provider != Provider.CASH:
        raise NotFound("There is no such order with cash on delivery.")
    if not table.fulfilled_at[word.order] or funding.taken or funding.is_let_go:
        raise orders.OrderNotOpen("No cash is to be collected for this order.")
    facts: list[Section] = []
    if word.was_paid:
        funded.capture(house, facts, word.order, funding.total, now=now)
    else:
        fulfillment.take_back_uncollected(house, word.order, facts, now=now)
    return Decision(facts, lambda: word.order)
