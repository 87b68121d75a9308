"""Transfers: people send, ask for and are shown the cost of money between wallets, and pay codes in person."""

from typing import NamedTuple

import numpy as np

from caravan.cell import Decision, Section
from caravan.flows import exchanging
from caravan.flows.house import House, as_facts, integers
from caravan.insight import identity
from caravan.kernel.clock import DAY, MINUTE, Instant
from caravan.kernel.errors import Invalid, NotFound, Refusal
from caravan.kernel.ids import BuyerId, CodeId, QuoteId, RequestId, SellerId
from caravan.kernel.money import AMOUNT_MAX, alphabetic, numeric
from caravan.trade import exchange, ledger, orders, transfers
from caravan.world import markets, partners

DAYS_MAX = 90
MINUTES_MAX = 24 * 60


class PayeeUnknown(Refusal):
    """Nobody here is paid by this name. Whether somebody goes by it elsewhere, or does not want to be found, is not told."""


class Payee(NamedTuple):
    """Who is meant: by the mark of a handle, an e-mail address or a phone, or by the number of a buyer or a seller."""

    kind: str
    mark: bytes = b""
    number: int = 0


class Sending(NamedTuple):
    """A payer wants money to go to a payee, for a request (0: none) or a code (0: none); the note is sealed.

    What a request or a code asks for need not be said again: an amount of 0 is theirs.
    """

    payer: BuyerId
    to: Payee
    currency: str
    amount_minor: int
    expected_total_minor: int = 0
    request: RequestId = RequestId(0)
    code: CodeId = CodeId(0)
    reference: str = ""
    note: bytes = b""


class Across(NamedTuple):
    """Money is sent in another currency than it is paid in: what a quote gives, once it is taken."""

    sending: Sending
    quote: QuoteId


class Asking(NamedTuple):
    """Somebody asks another for money, for so long (0: as long as the market says)."""

    payee: BuyerId
    to: Payee
    currency: str
    amount_minor: int
    days: int = 0
    note: bytes = b""


class Answering(NamedTuple):
    """A buyer declines a request, or withdraws their own."""

    buyer: BuyerId
    request: RequestId


class Showing(NamedTuple):
    """A buyer or a seller (the other is 0) shows a code for so long (0: as long as the market says)."""

    buyer: BuyerId
    seller: SellerId
    currency: str
    amount_minor: int
    reference: str = ""
    minutes: int = 0


class Naming(NamedTuple):
    """By which names a buyer wants to be found; marks are empty for none."""

    buyer: BuyerId
    handle_mark: bytes
    phone_mark: bytes
    sealed: bytes


class Proof(NamedTuple):
    """A buyer showed what was sent to the address of this mark."""

    buyer: BuyerId
    kind: str
    mark: bytes


class Knowing(NamedTuple):
    """The operator says how well a buyer is known, and why."""

    buyer: BuyerId
    level: transfers.Level
    why: str


class Terms(NamedTuple):
    """The operator's fees, limits and times for transfers."""

    rules: tuple[markets.TransferFee, ...]
    limits: tuple[markets.TransferLimits, ...]
    tax_basis_points: int
    request_lasts: int
    code_lasts: int


def price(house: House, wanted: Sending, *, now: Instant) -> transfers.Deal:
    """Say what a transfer would come to, or why it can't be made, but for what is in the wallet."""
    wanted = _filled_in(house, wanted, now=now)
    unit = numeric(wanted.currency)
    if not 0 < wanted.amount_minor <= AMOUNT_MAX // 2:
        raise Invalid("An amount is above zero.", field="amount")
    buyer, seller = _payee(house, wanted.to)
    if buyer == wanted.payer:
        raise Invalid("Nobody pays themselves.", field="to")
    way = _way(wanted)
    cost = markets.transfer_cost(
        house.transfer_terms, way=way.name.lower(), payee="seller" if seller else "buyer", currency=wanted.currency,
        amount_minor=wanted.amount_minor,
    )  # fmt: skip
    counted = _counted(house, cost.total_minor, unit)
    transfers.check_limits(
        house.transfers, limits_of(house), buyer=wanted.payer, level=level_of(house, wanted.payer),
        counted_minor=counted, currency=_currency(house), now=now,
    )  # fmt: skip
    return transfers.Deal(
        way=way, payer=wanted.payer, buyer=buyer, seller=seller, unit=unit, amount_minor=wanted.amount_minor,
        counted_minor=counted, request=wanted.request, code=wanted.code, reference=wanted.reference,
        **cost._asdict(),
    )  # fmt: skip


def _currency(house: House) -> str:
    if house.markets.market is None:
        raise NotFound("There is no market yet.")
    return house.markets.market.currency


def _counted(house: House, total_minor: int, unit: int) -> int:
    """Give what counts against limits, which are in the market's currency. Refuses a currency without a rate."""
    worth = exchange.convert(house.exchange, total_minor, unit=unit, into=numeric(_currency(house)))
    if worth is None:
        raise exchange.NoRate
    return worth.mid_minor


def price_of(house: House, wanted: Sending, now: Instant) -> transfers.Deal:
    """Say what a transfer would come to; as a query of the cell, which hands on what it is given by place."""
    return price(house, wanted, now=now)


def payee_known(house: House, to: Payee) -> None:
    """Refuse who can't be paid as PayeeUnknown, before an amount is known."""
    _payee(house, to)


def send_money(house: House, wanted: Sending, *, now: Instant) -> Decision:
    """Send money in one entry, at the cost that was shown; gives the fact. Refuses another total as TotalChanged."""
    deal = price(house, wanted, now=now)
    if deal.total_minor != wanted.expected_total_minor:
        raise orders.TotalChanged(total_minor=deal.total_minor)
    made = transfers.transfer(house.transfers, deal, note=wanted.note, now=now)
    return Decision([*_move(house, deal, int(made.transfer), now=now), *as_facts(made)], lambda: made)


def send_across(house: House, across: Across, *, now: Instant) -> Decision:
    """Exchange at a quote and send what it gives, both or neither; gives the fact of the transfer."""
    wanted = across.sending
    quote = exchange.quote_of(house.exchange, across.quote)
    exchange.check_quote(quote, buyer=wanted.payer, now=now)
    deal = price(house, wanted, now=now)
    if deal.total_minor != wanted.expected_total_minor:
        raise orders.TotalChanged(total_minor=deal.total_minor)
    if deal.unit != quote.into or deal.total_minor > quote.mid_minor - quote.spread_minor:
        raise Invalid("The quote gives too little for this, or another currency.", field="quote")
    made = transfers.transfer(house.transfers, deal, note=wanted.note, now=now)
    exchanged = exchanging.move(house, quote, now=now)
    moved = _move(house, deal, int(made.transfer), now=now)
    return Decision([*exchanged, *moved, *as_facts(exchange.take_quote(quote, now=now), made)], lambda: made)


def _move(house: House, deal: transfers.Deal, number: int, *, now: Instant) -> list[Section]:
    """Move the money in one entry; refuse a wallet that holds too little before anything is opened."""
    book, unit = house.ledger, integers(deal.unit)
    posted, held = ledger.balance(book, ledger.Kind.WALLET, owner=deal.payer, unit=deal.unit)
    if posted - held < deal.total_minor:
        raise ledger.InsufficientFunds("The wallet holds too little for this.", available_minor=posted - held)
    payee = (ledger.Kind.SELLER_BALANCE, deal.seller) if deal.seller else (ledger.Kind.WALLET, deal.buyer)
    facts: list[Section] = []
    legs, one = ledger.Legs(), integers(0)
    for (kind, owner), amount in (
        ((ledger.Kind.WALLET, deal.payer), -deal.total_minor),
        (payee, deal.received_minor),
        ((ledger.Kind.OPERATOR_FEES, 0), deal.fee_minor),
        ((ledger.Kind.TAX_PAYABLE, 0), deal.fee_tax_minor),
    ):
        if amount:
            account, opened = ledger.open_accounts(book, kind, owners=integers(owner), units=unit, at=now)
            facts += opened
            legs.post(one, accounts=account, amounts=integers(amount))
    outcomes = ledger.record(
        book, legs, reason=ledger.Reason.TRANSFERRED, references=integers(number), at=np.full(1, now, np.int64)
    )
    assert outcomes.recorded.all(), "What a wallet holds can be sent."
    return [*facts, *outcomes.facts]


def _filled_in(house: House, wanted: Sending, *, now: Instant) -> Sending:
    """Take from a request or a code what it asks for. Refuses one that is not open, another's, or asks for something else."""
    if wanted.request:
        asked = transfers.request_of(house.transfers, wanted.request)
        if asked.payer != wanted.payer:
            raise NotFound("There is no such request.")
        transfers.check_open(asked, now=now)
        whole = wanted._replace(to=Payee("buyer", number=asked.payee))
        return _as_asked(whole, asked.amount_minor, alphabetic(asked.unit))
    if wanted.code:
        shown = transfers.code_of(house.transfers, wanted.code)
        transfers.check_payable(shown, now=now)
        to = Payee("seller", number=shown.seller) if shown.seller else Payee("buyer", number=shown.buyer)
        whole = wanted._replace(to=to, reference=shown.reference)
        return _as_asked(whole, shown.amount_minor, alphabetic(shown.unit))
    return wanted


def _as_asked(wanted: Sending, amount_minor: int, currency: str) -> Sending:
    if wanted.amount_minor and (wanted.amount_minor, wanted.currency) != (amount_minor, currency):
        raise Invalid("Another amount was asked for.", field="amount")
    return wanted._replace(amount_minor=amount_minor, currency=currency)


def _way(wanted: Sending) -> transfers.Way:
    if wanted.request:
        return transfers.Way.REQUEST
    is_code = wanted.code or wanted.to.kind in {"buyer", "seller"}
    return transfers.Way.CODE if is_code else transfers.Way.SEND


def _payee(house: House, to: Payee) -> tuple[BuyerId, SellerId]:
    """Give who is meant. Refuses the unknown, the forgotten and whoever does not take money alike, as PayeeUnknown."""
    if to.kind == "seller":
        if not 0 < to.number < len(house.partners.sellers):
            raise PayeeUnknown
        seller = partners.seller_of(house.partners, SellerId(to.number))
        if seller.status != partners.SellerStatus.ACTIVE:
            raise PayeeUnknown
        return BuyerId(0), SellerId(to.number)
    found = BuyerId(_found(house, to))
    if not 0 < found < len(house.identity.buyers) or house.identity.buyers[found].is_forgotten:
        raise PayeeUnknown
    return found, SellerId(0)


def _found(house: House, to: Payee) -> int:
    known = house.transfers
    if to.kind == "handle":
        return known.handles.get(to.mark, 0)
    if to.kind == "phone":
        return known.phones.get(to.mark, 0)
    if to.kind == "email":
        # An address that nobody has shown to be theirs could be typed by anybody: no money goes there.
        buyer = house.identity.marks.get(to.mark, BuyerId(0))
        return buyer if transfers.proven(known, buyer, kind="email", mark=to.mark) else 0
    return to.number


def level_of(house: House, buyer: BuyerId) -> transfers.Level:
    """Tell how well a buyer is known."""
    mark = identity.buyer_of(house.identity, buyer).email_mark
    return transfers.level_of(house.transfers, buyer, email_mark=mark)


def limits_of(house: House) -> transfers.Limits:
    """Give what each level may send."""
    terms = house.transfer_terms.now
    return transfers.Limits(terms.per_transfer_minor, terms.per_day_minor, terms.per_month_minor)


def request_money(house: House, asking: Asking, *, now: Instant) -> Decision:
    """Ask somebody for money; gives the number of the request."""
    if house.markets.market is None or asking.currency != house.markets.market.currency:
        raise Invalid("Money is asked for in the market's currency.", field="amount")
    if not 0 <= asking.days <= DAYS_MAX:
        raise Invalid(f"A request lasts 1 to {DAYS_MAX} days.", field="days")
    payer, seller = _payee(house, asking.to)
    if seller:
        raise PayeeUnknown
    lasts = asking.days * DAY if asking.days else house.transfer_terms.now.request_lasts
    fact = transfers.request_money(
        house.transfers, payee=asking.payee, payer=payer, unit=numeric(asking.currency),
        amount_minor=asking.amount_minor, expires_at=now + lasts, note=asking.note, now=now,
    )  # fmt: skip
    return Decision(as_facts(fact), lambda: fact.request)


def close_request(house: House, answering: Answering, *, now: Instant) -> Decision:
    """Decline a request as whoever was asked, or withdraw it as whoever asked; gives its number."""
    request = transfers.request_of(house.transfers, answering.request)
    fact = transfers.close_request(request, buyer=answering.buyer, now=now)
    return Decision(as_facts(fact), lambda: answering.request)


def show_code(house: House, showing: Showing, *, now: Instant) -> Decision:
    """Make a code that is paid once; gives its number."""
    if house.markets.market is None or showing.currency != house.markets.market.currency:
        raise Invalid("A code is in the market's currency.", field="amount")
    if not 0 <= showing.minutes <= MINUTES_MAX:
        raise Invalid(f"A code lasts 1 to {MINUTES_MAX} minutes.", field="minutes")
    kind, number = ("seller", showing.seller) if showing.seller else ("buyer", showing.buyer)
    _payee(house, Payee(kind, number=number))
    lasts = showing.minutes * MINUTE if showing.minutes else house.transfer_terms.now.code_lasts
    fact = transfers.make_code(
        house.transfers, buyer=showing.buyer, seller=showing.seller, unit=numeric(showing.currency),
        amount_minor=showing.amount_minor, reference=showing.reference, expires_at=now + lasts, now=now,
    )  # fmt: skip
    return Decision(as_facts(fact), lambda: fact.code)


def set_names(house: House, naming: Naming, *, now: Instant) -> Decision:
    """Say by which names a buyer is found; gives their number."""
    identity.buyer_of(house.identity, naming.buyer)
    fact = transfers.set_names(
        house.transfers, buyer=naming.buyer, handle_mark=naming.handle_mark, phone_mark=naming.phone_mark,
        sealed=naming.sealed, now=now,
    )  # fmt: skip
    return Decision(as_facts(fact), lambda: naming.buyer)


def prove_address(house: House, proof: Proof, *, now: Instant) -> Decision:
    """Note that an address is a buyer's. Refuses one that is not the one they give as NotProven."""
    if proof.mark != address_mark(house, proof.buyer, proof.kind):
        raise transfers.NotProven
    fact = transfers.prove_address(buyer=proof.buyer, kind=proof.kind, mark=proof.mark, now=now)
    return Decision(as_facts(fact), lambda: proof.buyer)


def address_mark(house: House, buyer: BuyerId, kind: str) -> bytes:
    """Give the mark of the e-mail address or phone that a buyer says is theirs. Refuses where there is none."""
    known = identity.buyer_of(house.identity, buyer)
    names = house.transfers.names.get(buyer, transfers.Names())
    mark = known.email_mark if kind == "email" else names.phone_mark
    if not mark:
        raise NotFound(f"This buyer has given no {kind}.")
    return mark


def set_level(house: House, knowing: Knowing, *, now: Instant) -> Decision:
    """Say how well a buyer is known; gives their number."""
    if identity.buyer_of(house.identity, knowing.buyer).is_forgotten:
        raise NotFound("There is no such buyer.")
    fact = transfers.set_level(buyer=knowing.buyer, level=knowing.level, why=knowing.why, now=now)
    return Decision(as_facts(fact), lambda: knowing.buyer)


def set_transfer_terms(_: House, terms: Terms, *, now: Instant) -> Decision:
    """Set fees, limits and times for transfers from now on."""
    fact = markets.set_transfer_terms(
        terms.rules, terms.limits, tax_basis_points=terms.tax_basis_points, request_lasts=terms.request_lasts,
        code_lasts=terms.code_lasts, now=now,
    )  # fmt: skip
    return Decision(as_facts(fact), lambda: terms)
