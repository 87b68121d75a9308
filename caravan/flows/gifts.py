"""Gifts: coupons at the expense of a seller or the operator, and gift cards that are paid for first and spent later."""

from typing import NamedTuple

from caravan.cell import Decision, Section
from caravan.flows import funded
from caravan.flows.funded import Posting
from caravan.flows.house import House, as_facts, fold
from caravan.insight import identity
from caravan.kernel.clock import Instant
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.ids import BuyerId, GiftCardId, SellerId
from caravan.trade import ledger, payments
from caravan.world import partners


class NewGiftCard(NamedTuple):
    """A gift card of so much, paid for out of a buyer's wallet, or given by the operator (0)."""

    buyer: BuyerId
    unit: int
    amount_minor: int


class Redeeming(NamedTuple):
    """A buyer takes money off a gift card whose code they know; 0 is all of it."""

    card: GiftCardId
    buyer: BuyerId
    amount_minor: int = 0


def issue_coupon(house: House, terms: payments.CouponTerms, *, now: Instant) -> Decision:
    """Let a code be good for so much off; give the coupon's number."""
    if terms.payer:
        partners.seller_of(house.partners, SellerId(terms.payer))
    issued = payments.issue_coupon(house.dealings, terms, now=now)
    return Decision(as_facts(issued), lambda: issued.coupon)


def issue_gift_card(house: House, new: NewGiftCard, *, now: Instant) -> Decision:
    """Put money on a gift card, out of a wallet or at the operator's expense; give its number."""
    issued = payments.issue_gift_card(
        house.dealings, buyer=new.buyer, unit=new.unit, amount_minor=new.amount_minor, now=now
    )
    if new.buyer:
        identity.buyer_of(house.identity, new.buyer)
        posted, held = ledger.balance(house.ledger, ledger.Kind.WALLET, owner=new.buyer, unit=new.unit)
        if posted - held < new.amount_minor:
            raise ledger.InsufficientFunds(available_minor=posted - held)
    payer = (ledger.Kind.WALLET, new.buyer) if new.buyer else (ledger.Kind.PROMOTIONS, 0)
    facts: list[Section] = []
    postings = (
        Posting(*payer, new.unit, -new.amount_minor),
        Posting(ledger.Kind.GIFT_CARD, issued.card, new.unit, new.amount_minor),
    )
    funded.post(house, facts, postings, reason=ledger.Reason.GIFT_CARD_ISSUED, reference=issued.card, now=now)
    facts += fold(house, as_facts(issued))
    return Decision(facts, lambda: issued.card)


def redeem_gift_card(house: House, redeeming: Redeeming, *, now: Instant) -> Decision:
    """Move money from a gift card into a wallet; give how much. Refuses more than is left on it."""
    card = house.dealings.cards.get(redeeming.card)
    if card is None:
        raise payments.NoSuchGiftCard
    identity.buyer_of(house.identity, redeeming.buyer)
    left, _ = ledger.balance(house.ledger, ledger.Kind.GIFT_CARD, owner=card.card, unit=card.unit)
    amount = redeeming.amount_minor or left
    if amount < 0:
        raise Invalid("An amount is above zero.", field="amount")
    if not 0 < amount <= left:
        raise payments.NoSuchGiftCard("Less is left on this gift card.", left_minor=left)
    facts: list[Section] = []
    postings = (
        Posting(ledger.Kind.GIFT_CARD, card.card, card.unit, -amount),
        Posting(ledger.Kind.WALLET, redeeming.buyer, card.unit, amount),
    )
    funded.post(house, facts, postings, reason=ledger.Reason.GIFT_CARD_REDEEMED, reference=card.card, now=now)
    redeemed = payments.redeem_gift_card(card, buyer=redeeming.buyer, amount_minor=amount, now=now)
    facts += fold(house, as_facts(redeemed))
    return Decision(facts, lambda: amount)


class OwnCard(NamedTuple):
    """A gift card, as who paid for it may see it; buyer 0 is the operator."""

    card: GiftCardId
    buyer: BuyerId


def own_gift_card(house: House, own: OwnCard) -> tuple[payments.GiftCard, int]:
    """Give a gift card and what is left on it. Refuses another's as not found."""
    card = house.dealings.cards.get(own.card)
    if card is None or (own.buyer and card.buyer != own.buyer):
        raise NotFound("There is no such gift card.")
    return card, ledger.balance(house.ledger, ledger.Kind.GIFT_CARD, owner=card.card, unit=card.unit)[0]
