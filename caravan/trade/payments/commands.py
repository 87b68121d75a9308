"""What you can tell payments: create, authorize, capture, void, refund, dispute, release, pay out. Flows move the money."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from caravan.cell import Section, section
from caravan.events import payments as events
from caravan.kernel.clock import Instant
from caravan.kernel.errors import Invalid, NotFound, Refusal
from caravan.kernel.ids import (
    AskId,
    BuyerId,
    CouponId,
    DisputeId,
    GiftCardId,
    OpenItemId,
    OrderId,
    PaymentId,
    PayoutId,
    SellerId,
    SessionId,
)
from caravan.kernel.money import AMOUNT_MAX
from caravan.trade.payments.dealings import (
    WAITING,
    Coupon,
    Deal,
    Dealings,
    Dispute,
    GiftCard,
    PaymentStatus,
    Provider,
    Work,
)
from caravan.trade.payments.model import Payments
from caravan.trade.payments.ports import AskKind

REASON_CHARACTERS_MAX = 200
NOTE_CHARACTERS_MAX = 500
CODE_CHARACTERS_MAX = 40


class ChargeReason(IntEnum):
    """What was taken from a seller's balance for."""

    LABEL = 1
    COUPON = 2
    DISPUTE = 3
    WRITTEN_OFF = 4
    TAX = 5


class ItemKind(IntEnum):
    """How a report and our books differ."""

    UNKNOWN_LINE = 1
    NOT_REPORTED = 2
    OTHER_AMOUNT = 3
    UNNAMED_TRANSFER = 4


class PayoutSettled(Refusal):
    """The bank has said already what became of this payout."""


@dataclass(frozen=True, kw_only=True)
class CouponTerms:
    """What a coupon is good for: so much off what is spent with `payer` (0: with anybody, at the operator's expense)."""

    code: str
    payer: SellerId
    unit: int
    amount_minor: int
    spend_minor_min: int
    uses_max: int
    expires_at: int


class TopUpTooLarge(Refusal):
    """No single amount of money is that large."""


def top_up(
    *, at: np.ndarray, buyers: np.ndarray, units: np.ndarray, amounts: np.ndarray, methods: Sequence[str],
    references: Sequence[str],
) -> Section:  # fmt: skip
    """Note money that came into wallets from outside. Refuses amounts that are not above zero."""
    if (amounts <= 0).any():
        raise Invalid("An amount is above zero.", field="amount")
    if (amounts > AMOUNT_MAX).any():
        raise TopUpTooLarge
    return section(
        events.WalletToppedUp, at=at, buyer=buyers, unit=units, amount_minor=amounts, method=methods,
        reference=references,
    )  # fmt: skip


def capture(payments: Payments, *, orders: np.ndarray, at: np.ndarray) -> Section:
    """Note that all that was authorized for these orders is in escrow."""
    money = payments.money
    return section(
        events.PaymentCaptured,
        at=at,
        payment=money.payment[orders],
        order=orders,
        amount_minor=money.authorized[orders],
    )


def void(payments: Payments, *, orders: np.ndarray, at: np.ndarray) -> Section:
    """Note that what was authorized for these orders and not captured has been let go."""
    money = payments.money
    return section(
        events.PaymentVoided, at=at, payment=money.payment[orders], order=orders,
        amount_minor=money.authorized[orders] - money.captured[orders],
    )  # fmt: skip


def schedule(*, orders: np.ndarray, due_at: np.ndarray, at: np.ndarray) -> Section:
    """Note when the escrow of orders goes to their sellers."""
    return section(events.SettlementScheduled, at=at, order=orders, due_at=due_at)


def refund(
    payments: Payments, *, order: OrderId, amount_minor: int, fee_minor: int, fee_tax_minor: int, now: Instant
) -> events.PaymentRefunded:
    """Note money that goes back to a buyer: out of escrow, or once it was released from the seller, with the fee's part.

    After release the seller gives what the sale brought them, the operator its fee, and the tax on it comes back.
    """
    money = payments.money
    is_released = bool(money.released_at[order])
    return events.PaymentRefunded(
        at=now,
        payment=int(money.payment[order]),  # type: ignore[arg-type]
        order=order,
        amount_minor=amount_minor,
        from_escrow_minor=0 if is_released else amount_minor,
        from_seller_minor=amount_minor - fee_minor - fee_tax_minor if is_released else 0,
        fee_minor=fee_minor,
        fee_tax_minor=fee_tax_minor,
    )


def release(
    *, orders: np.ndarray, sellers: np.ndarray, units: np.ndarray, amounts: np.ndarray, fees: np.ndarray,
    fee_taxes: np.ndarray, at: np.ndarray,
) -> Section:  # fmt: skip
    """Note that the escrow of orders went to their sellers, less fee and tax."""
    return section(
        events.EscrowReleased, at=at, order=orders, seller=sellers, unit=units, amount_minor=amounts, fee_minor=fees,
        fee_tax_minor=fee_taxes,
    )  # fmt: skip


def pay_out(payments: Payments, *, payout: PayoutId, seller: SellerId, unit: int, now: Instant) -> events.PayoutSent:
    """Send a seller all that is due in one currency, itemized."""
    due = payments.due[seller, unit]
    return events.PayoutSent(
        at=now,
        payout=payout,
        seller=seller,
        unit=unit,
        amount_minor=sum(due.amounts_minor) - due.deducted_minor,
        deducted_minor=due.deducted_minor,
        orders=tuple(OrderId(order) for order in due.orders),
        amounts_minor=tuple(due.amounts_minor),
    )


class PaymentUnderWay(Refusal):
    """A payment for this is under way: its provider has to say first how that ended."""


class PaymentNotCaptured(Refusal):
    """The buyer's money has not been taken in yet, so nothing may leave."""


class DisputeUnderWay(Refusal):
    """The buyer's bank wants this money back: that has to be decided first."""


class CouponRefused(Refusal):
    """This coupon does not apply here, is used up, or is over."""


class NoSuchGiftCard(Refusal):
    """There is no gift card with this code, or nothing is left on it."""


class CashRefused(Refusal):
    """This cannot be paid in cash on delivery."""


@dataclass(frozen=True, kw_only=True)
class Intent:
    """How a buyer means to pay for a checkout: by whom, with what the provider needs, and with which coupon (0: none)."""

    session: SessionId
    buyer: BuyerId
    unit: int
    total_minor: int
    provider: Provider
    expires_at: int
    method: str = ""
    back: str = ""
    coupon: CouponId
    discount_payer: SellerId
    discount_minor: int = 0
    paid_minor: int = (
        0  # What the buyer pays, where that is in another currency than the checkout's total and discount.
    )


def create(dealings: Dealings, intent: Intent, *, now: Instant) -> events.PaymentCreated:
    """Note that a buyer is about to pay."""
    amount = intent.paid_minor or intent.total_minor - intent.discount_minor
    assert amount > 0, "A coupon leaves something to pay."
    return events.PaymentCreated(
        at=now, payment=PaymentId(len(dealings.deals) + 1), session=intent.session, buyer=intent.buyer, unit=intent.unit,
        amount_minor=amount, provider=int(intent.provider), method=intent.method, back=intent.back,
        expires_at=intent.expires_at, coupon=intent.coupon, discount_minor=intent.discount_minor,
        discount_payer=intent.discount_payer,
    )  # fmt: skip


def wait(deal: Deal, *, reference: str, now: Instant) -> events.PaymentPending | None:
    """Note that the provider waits; None where that is known already, or all is over."""
    is_news = deal.status in WAITING and (deal.status == PaymentStatus.CREATED or deal.reference != reference)
    return events.PaymentPending(at=now, payment=PaymentId(deal.payment), reference=reference) if is_news else None


def authorize(deal: Deal, *, reference: str, now: Instant) -> events.PaymentAuthorized | None:
    """Note that the provider keeps the money; None where that is known. A late success is a success all the same."""
    is_late = deal.status in {PaymentStatus.EXPIRED, PaymentStatus.DECLINED} and not deal.is_voided and not deal.orders
    if deal.status not in WAITING and not is_late:
        return None
    return events.PaymentAuthorized(at=now, payment=PaymentId(deal.payment), reference=reference)


def decline(deal: Deal, *, reason: str, now: Instant) -> events.PaymentDeclined:
    """Note that a payment came to nothing."""
    return events.PaymentDeclined(at=now, payment=PaymentId(deal.payment), reason=reason[:REASON_CHARACTERS_MAX])


def expire(deal: Deal, *, now: Instant) -> events.PaymentExpired:
    """Note that a payment took too long."""
    return events.PaymentExpired(at=now, payment=PaymentId(deal.payment))


def ask_provider(
    dealings: Dealings,
    *,
    payment: int,
    what: AskKind,
    amount_minor: int,
    now: Instant,
    order: int = 0,
    whole_minor: int = 0,
) -> events.ProviderAsked:
    """Note that the provider is to do something about a payment, once."""
    return events.ProviderAsked(
        at=now, ask=AskId(len(dealings.works) + 1), payment=PaymentId(payment), order=OrderId(order), what=int(what),
        amount_minor=amount_minor, whole_minor=whole_minor,
    )  # fmt: skip


def answer(work: Work, *, is_done: bool, reference: str, reason: str, now: Instant) -> events.ProviderAnswered | None:
    """Note that the provider did it, or never will; None where that is known already."""
    if work.is_done is not None:
        return None
    return events.ProviderAnswered(
        at=now, ask=AskId(work.ask), is_done=is_done, reference=reference, reason=reason[:REASON_CHARACTERS_MAX]
    )


def capture_part(payments: Payments, *, order: int, amount_minor: int, now: Instant) -> events.PaymentCaptured:
    """Note that a part of what was authorized for an order is in escrow. It is never more than that."""
    money = payments.money
    assert 0 < amount_minor <= money.authorized[order] - money.captured[order] - money.voided[order], amount_minor
    return events.PaymentCaptured(
        at=now, payment=PaymentId(int(money.payment[order])), order=OrderId(order), amount_minor=amount_minor
    )


def charge_seller(
    *, seller: int, unit: int, amount_minor: int, reason: ChargeReason, order: int, now: Instant
) -> events.SellerCharged:
    """Note what is taken from a seller's balance, or below zero given to it."""
    return events.SellerCharged(
        at=now, seller=SellerId(seller), unit=unit, amount_minor=amount_minor, reason=int(reason), order=OrderId(order)
    )


class Source(NamedTuple):
    """Where money that a bank wants back comes from."""

    escrow: int
    seller: int
    operator: int


def open_dispute(
    dealings: Dealings, *, payment: int, order: int, source: Source, reference: str, now: Instant
) -> events.DisputeOpened:
    """Note that a bank wants an order's money back."""
    return events.DisputeOpened(
        at=now, dispute=DisputeId(len(dealings.disputes) + 1), payment=PaymentId(payment), order=OrderId(order),
        amount_minor=sum(source), from_escrow_minor=source.escrow, from_operator_minor=source.operator,
        reference=reference,
    )  # fmt: skip


def close_dispute(dispute: Dispute, *, is_won: bool, now: Instant) -> events.DisputeClosed:
    """Note how a dispute ended. It ends once."""
    assert dispute.is_won is None, dispute
    return events.DisputeClosed(at=now, dispute=DisputeId(dispute.dispute), order=OrderId(dispute.order), is_won=is_won)


def issue_coupon(dealings: Dealings, terms: CouponTerms, *, now: Instant) -> events.CouponIssued:
    """Let a code be good for so much off. Refuses a code that is taken, and amounts or times that are none."""
    if not terms.code.isascii() or not 0 < len(terms.code) <= CODE_CHARACTERS_MAX or not terms.code.isprintable():
        raise Invalid(f"A code has 1 to {CODE_CHARACTERS_MAX} letters and digits.", field="code")
    if terms.code in dealings.by_code:
        raise Invalid("There is a coupon with this code already.", field="code")
    if not 0 < terms.amount_minor < terms.spend_minor_min or terms.spend_minor_min > AMOUNT_MAX:
        raise Invalid("A coupon takes something off, and less than what must be spent.", field="amount")
    if terms.uses_max <= 0 or terms.expires_at <= now:
        raise Invalid("A coupon can be used at least once, for some time.", field="uses_max")
    return events.CouponIssued(
        at=now, coupon=CouponId(len(dealings.coupons) + 1), code=terms.code, payer=terms.payer, unit=terms.unit,
        amount_minor=terms.amount_minor, spend_minor_min=terms.spend_minor_min, uses_max=terms.uses_max,
        expires_at=terms.expires_at,
    )  # fmt: skip


def coupon_for(dealings: Dealings, *, code: str, unit: int, totals_minor: Mapping[int, int], now: Instant) -> Coupon:
    """Give the coupon of a code, where it applies to so much spent with each seller. Refuses it as CouponRefused."""
    coupon = dealings.coupons.get(dealings.by_code.get(code, 0))
    if coupon is None or coupon.unit != unit or coupon.expires_at <= now:
        raise CouponRefused("There is no such coupon, or it is over.")
    if coupon.uses >= coupon.uses_max:
        raise CouponRefused("This coupon is used up.")
    spent = totals_minor.get(coupon.payer, 0) if coupon.payer else sum(totals_minor.values())
    if spent < coupon.spend_min:
        raise CouponRefused("Too little is spent for this coupon.", spend_minor_min=coupon.spend_min)
    return coupon


def issue_gift_card(
    dealings: Dealings, *, buyer: int, unit: int, amount_minor: int, now: Instant
) -> events.GiftCardIssued:
    """Let a gift card be, with money on it. Refuses an amount that is none."""
    if not 0 < amount_minor <= AMOUNT_MAX:
        raise Invalid("An amount is above zero.", field="amount")
    return events.GiftCardIssued(
        at=now, card=GiftCardId(len(dealings.cards) + 1), buyer=BuyerId(buyer), unit=unit, amount_minor=amount_minor,
    )  # fmt: skip


def redeem_gift_card(card: GiftCard, *, buyer: int, amount_minor: int, now: Instant) -> events.GiftCardRedeemed:
    """Note that money of a gift card went into a wallet."""
    return events.GiftCardRedeemed(at=now, card=GiftCardId(card.card), buyer=BuyerId(buyer), amount_minor=amount_minor)


def settle_payout(
    payments: Payments, *, payout: int, is_paid: bool, now: Instant
) -> events.PayoutPaid | events.PayoutReturned:
    """Note that a payout arrived, or came back: then its items are due again. Refuses one that is settled."""
    if payout not in payments.sent:
        raise NotFound("There is no such payout.")
    if payout in payments.paid:
        raise PayoutSettled(f"This payout is {payments.paid[payout]} already.")
    if is_paid:
        return events.PayoutPaid(at=now, payout=PayoutId(payout))
    seller, unit, amount, deducted = payments.sent[payout]
    orders = np.flatnonzero(payments.money.payout == payout).tolist()
    return events.PayoutReturned(
        at=now, payout=PayoutId(payout), seller=SellerId(seller), unit=unit, amount_minor=amount, deducted_minor=deducted,
        orders=tuple(OrderId(order) for order in orders),
        amounts_minor=tuple(int(payments.money.earned[order]) for order in orders),
    )  # fmt: skip


def raise_item(  # noqa: PLR0913  # All of it is said of a difference.
    dealings: Dealings, *, number: int, provider: Provider, line: str, kind: ItemKind, unit: int, amount_minor: int, now: Instant,
    wanted_minor: int = 0, ask: int = 0,
) -> events.OpenItemRaised:  # fmt: skip
    """Note a difference for somebody to look at; `number` counts those of one decision from 0."""
    return events.OpenItemRaised(
        at=now, item=OpenItemId(len(dealings.items) + 1 + number), provider=int(provider), line=line, kind=int(kind),
        ask=AskId(ask), unit=unit, amount_minor=amount_minor, wanted_minor=wanted_minor,
    )  # fmt: skip


def close_item(dealings: Dealings, *, item: OpenItemId, note: str, now: Instant) -> events.OpenItemClosed:
    """Note what an open item turned out to be. Refuses one that is closed or unknown, and an empty note."""
    known = dealings.items.get(item)
    if known is None or known.is_closed:
        raise NotFound("There is no such open item.")
    if not note.strip():
        raise Invalid("Say what it was.", field="note")
    return events.OpenItemClosed(at=now, item=item, note=note.strip()[:NOTE_CHARACTERS_MAX])
