"""Settlement: money comes into wallets, escrow goes to sellers when it is due, balances are paid out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from caravan.cell import Batch, Decision, Section
from caravan.flows import funded, taxing
from caravan.flows.funded import Posting
from caravan.flows.house import House, as_facts, fold, integers, one_by_one
from caravan.kernel.clock import Instant
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.ids import OrderId, PayoutId, SellerId
from caravan.kernel.money import AMOUNT_MAX
from caravan.trade import ledger, orders, payments

PAYOUTS_AT_ONCE_MAX = 1_000
BALANCE_MAX = 10**18  # In minor units: a quarter of what the ledger can hold, so that every later entry fits too.


@dataclass(frozen=True)
class TopUps:
    """Money from outside for buyers' wallets, in columns; int64 [n].

    `suspense` is what of each amount is not for the wallet but waits for somebody to look (it may be below zero: then
    more goes into the wallet than came in). `amounts` is what came in.
    """

    at: np.ndarray
    buyers: np.ndarray
    units: np.ndarray
    amounts: np.ndarray
    suspense: np.ndarray
    methods: Sequence[str]
    references: Sequence[str]


@dataclass(frozen=True)
class Ruling:
    """The operator rules that the escrow of orders goes out at a time, although no delivery is known; int64 [n]."""

    at: np.ndarray
    orders: np.ndarray


def top_up(house: House, requests: Sequence[TopUps], *, now: Instant) -> Batch:
    """Put money into wallets. Answers the number of wallets filled; a request is taken whole or refused whole."""
    return one_by_one(requests, lambda request, facts: _top_up(house, request, facts, now=now))


def _top_up(house: House, request: TopUps, facts: list[Section], *, now: Instant) -> int:
    if (request.buyers <= 0).any() or (request.buyers >= len(house.identity.buyers)).any():
        raise NotFound("There is no such buyer.")
    into_wallet = request.amounts - request.suspense
    if (into_wallet <= 0).any():
        raise Invalid("An amount is above zero.", field="amount")
    if (into_wallet > AMOUNT_MAX).any():
        raise payments.TopUpTooLarge
    noted = payments.top_up(
        at=request.at, buyers=request.buyers, units=request.units, amounts=request.amounts, methods=request.methods,
        references=request.references,
    )  # fmt: skip
    book = house.ledger
    accounts = {}
    for kind in (ledger.Kind.WALLET, ledger.Kind.PSP_CLEARING, ledger.Kind.SUSPENSE):
        owners = request.buyers if kind == ledger.Kind.WALLET else 0
        accounts[kind], opened = ledger.open_accounts(book, kind, owners=owners, units=request.units, at=now)
        facts += opened
    # In whole numbers, which don't overflow: where a wallet or the clearing account is full, nothing is taken.
    fullest = max(int(np.abs(book.accounts.posted[chosen]).max()) for chosen in accounts.values())
    if fullest + sum(request.amounts.tolist()) > BALANCE_MAX:
        raise payments.TopUpTooLarge("No more money fits into these accounts.")
    rows = np.arange(len(request.buyers))
    legs = ledger.Legs()
    legs.post(rows, accounts=accounts[ledger.Kind.PSP_CLEARING], amounts=-request.amounts)
    legs.post(rows, accounts=accounts[ledger.Kind.WALLET], amounts=into_wallet)
    differs = np.flatnonzero(request.suspense)
    legs.post(differs, accounts=accounts[ledger.Kind.SUSPENSE][differs], amounts=request.suspense[differs])
    outcomes = ledger.record(book, legs, reason=ledger.Reason.TOPPED_UP, references=request.buyers, at=request.at)
    assert outcomes.recorded.all(), "Money can always come in."
    facts += [*outcomes.facts, noted]
    return len(request.buyers)


def release_due(house: House, _: object, *, now: Instant) -> Decision:
    """Give sellers the escrow of orders whose return window is over; give how many."""
    due = payments.due_releases(house.payments, now=now)
    if house.claims.open_of and len(due):
        due = due[[order not in house.claims.open_of for order in due.tolist()]]
    if not len(due):
        return Decision((), lambda: 0)
    money, table, book = house.payments.money, house.orders.orders, house.ledger
    at = money.due_at[due]
    units, sellers = table.unit[due], table.seller[due]
    amounts = money.captured[due] - money.refunded_before[due] - money.disputed[due]
    fee_off, tax_off = _not_sent(house, due)
    fees = np.minimum(table.fee[due] - fee_off - money.fee_refunded[due], amounts)
    taxes = np.minimum(table.fee_tax[due] - tax_off - money.tax_refunded[due], amounts - fees)
    facts: list[Section] = []
    accounts = {}
    for kind, owners in (
        (ledger.Kind.SELLER_BALANCE, sellers),
        (ledger.Kind.OPERATOR_FEES, integers(0)),
        (ledger.Kind.TAX_PAYABLE, integers(0)),
    ):
        accounts[kind], opened = ledger.open_accounts(book, kind, owners=owners, units=units, at=now)
        facts += opened
    rows = np.arange(len(due))
    legs = ledger.Legs()
    legs.post(rows, accounts=book.find(ledger.Kind.ESCROW, due, units), amounts=-amounts)
    legs.post(rows, accounts=accounts[ledger.Kind.SELLER_BALANCE], amounts=amounts - fees - taxes)
    legs.post(rows, accounts=accounts[ledger.Kind.OPERATOR_FEES], amounts=fees)
    legs.post(rows, accounts=accounts[ledger.Kind.TAX_PAYABLE], amounts=taxes)
    outcomes = ledger.record(book, legs, reason=ledger.Reason.RELEASED, references=due, at=at)
    assert outcomes.recorded.all(), "Escrow holds what was captured and not refunded."
    facts += [
        *outcomes.facts,
        payments.release(orders=due, sellers=sellers, units=units, amounts=amounts, fees=fees, fee_taxes=taxes, at=at),
        orders.complete(orders=due, at=at),
    ]
    if house.taxes.orders:
        facts = fold(house, facts)
        facts += taxing.collect(house, due, amounts=amounts, fee_taxes=taxes, at=at)
    return Decision(facts, lambda: len(due))


def _not_sent(house: House, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the fees, and the tax on them, of what will not be sent of orders; int64 [n], [n]."""
    fees, taxes = np.zeros(len(numbers), np.int64), np.zeros(len(numbers), np.int64)
    for row, order in enumerate(numbers.tolist() if house.orders.parts else ()):
        parts = house.orders.parts.get(order)
        if parts is not None:
            fees[row], taxes[row] = parts.fee_off, parts.fee_tax_off
    return fees, taxes


def rule_settled(house: House, ruling: Ruling, *, now: Instant) -> Decision:  # noqa: ARG001  # A ruling carries its own time.
    """Schedule the settlement of captured orders that no delivery is known of. Gives how many."""
    money = house.payments.money
    known = (ruling.orders > 0) & (ruling.orders < len(money))
    safe = np.where(known, ruling.orders, 0)
    is_open = known & (money.captured[safe] > 0) & (money.released_at[safe] == 0)
    is_open &= house.orders.orders.fulfilled_at[safe] > 0
    if len(ruling.orders) == 1 and not is_open[0]:
        raise orders.OrderNotOpen("No money of this order waits in escrow.")
    numbers, at = ruling.orders[is_open], ruling.at[is_open]
    if not len(numbers):
        return Decision((), lambda: 0)
    return Decision([payments.schedule(orders=numbers, due_at=at, at=at)], lambda: len(numbers))


def pay_out_due(house: House, _: object, *, now: Instant) -> Decision:
    """Pay sellers out, each in one itemized payout per currency; give the payout numbers."""
    policy = house.markets.policy
    due = payments.due_payouts(
        house.payments, now=now, every=policy.payout_every, amount_minor_min=policy.payout_minor_min
    )[:PAYOUTS_AT_ONCE_MAX]
    if not due:
        return Decision((), list)
    first = house.payments.payouts + 1
    sent = [
        payments.pay_out(house.payments, payout=PayoutId(first + place), seller=SellerId(seller), unit=unit, now=now)
        for place, (seller, unit) in enumerate(due)
    ]
    book = house.ledger
    sellers, units = integers([seller for seller, _ in due]), integers([unit for _, unit in due])
    amounts = integers([payout.amount_minor for payout in sent])
    banks, facts = ledger.open_accounts(book, ledger.Kind.BANK, owners=integers(0), units=units, at=now)
    rows = np.arange(len(due))
    legs = ledger.Legs()
    legs.post(rows, accounts=book.find(ledger.Kind.SELLER_BALANCE, sellers, units), amounts=-amounts)
    legs.post(rows, accounts=banks, amounts=amounts)
    outcomes = ledger.record(
        book, legs, reason=ledger.Reason.PAID_OUT, references=first + rows, at=np.full(len(due), now, np.int64)
    )
    assert outcomes.recorded.all(), "A balance can be paid out."
    return Decision([*facts, *outcomes.facts, *as_facts(*sent)], lambda: [payout.payout for payout in sent])


class LabelCharge(NamedTuple):
    """A label that the operator bought for an order's parcel, for the seller's account."""

    order: OrderId
    amount_minor: int


def charge_label(house: House, charge: LabelCharge, *, now: Instant) -> Decision:
    """Take the price of a label off the seller's balance, for the carrier; give the order."""
    table = house.orders.orders
    if not 0 < charge.order < len(table):
        raise NotFound("There is no such order.")
    if not 0 < charge.amount_minor <= AMOUNT_MAX:
        raise Invalid("An amount is above zero.", field="amount")
    seller, unit = int(table.seller[charge.order]), int(table.unit[charge.order])
    facts: list[Section] = []
    postings = (
        Posting(ledger.Kind.SELLER_BALANCE, seller, unit, -charge.amount_minor),
        Posting(ledger.Kind.CARRIER_PAYABLE, 0, unit, charge.amount_minor),
    )
    funded.post(house, facts, postings, reason=ledger.Reason.LABEL_CHARGED, reference=charge.order, now=now)
    charged = payments.charge_seller(
        seller=seller, unit=unit, amount_minor=charge.amount_minor, reason=payments.ChargeReason.LABEL,
        order=charge.order, now=now,
    )  # fmt: skip
    facts += fold(house, as_facts(charged))
    return Decision(facts, lambda: charge.order)


class PayoutWord(NamedTuple):
    """What the bank says of a payout: it has arrived, or it came back."""

    payout: PayoutId
    was_paid: bool


def settle_payout(house: House, word: PayoutWord, *, now: Instant) -> Decision:
    """Note what became of a payout; one that came back is due again, by an entry of its own. Gives the payout."""
    settled = payments.settle_payout(house.payments, payout=word.payout, is_paid=word.was_paid, now=now)
    facts: list[Section] = []
    if not word.was_paid:
        seller, unit, amount, _ = house.payments.sent[word.payout]
        postings = (
            Posting(ledger.Kind.BANK, 0, unit, -amount),
            Posting(ledger.Kind.SELLER_BALANCE, seller, unit, amount),
        )
        funded.post(house, facts, postings, reason=ledger.Reason.PAYOUT_RETURNED, reference=word.payout, now=now)
    facts += fold(house, as_facts(settled))
    return Decision(facts, lambda: word.payout)


class WriteOff(NamedTuple):
    """What a seller owes and will never pay, up to an amount, with the order that it came of."""

    order: OrderId
    amount_minor: int


def write_off(house: House, off: WriteOff, *, now: Instant) -> Decision:
    """Make a seller's balance below zero the operator's loss; give how much. Refuses more than is owed."""
    table = house.orders.orders
    if not 0 < off.order < len(table):
        raise NotFound("There is no such order.")
    seller, unit = int(table.seller[off.order]), int(table.unit[off.order])
    posted, _ = ledger.balance(house.ledger, ledger.Kind.SELLER_BALANCE, owner=seller, unit=unit)
    if not 0 < off.amount_minor <= -posted:
        raise Invalid(f"This seller owes {max(0, -posted)}.", field="amount")
    facts: list[Section] = []
    funded.write_off(house, facts, order=off.order, seller=seller, unit=unit, amount=off.amount_minor, now=now)
    return Decision(facts, lambda: off.amount_minor)
