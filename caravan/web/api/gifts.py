"""Operations on gifts: coupons by code, and gift cards whose codes only the vault's key can make."""

from http import HTTPStatus

from caravan.client import wire
from caravan.flows import gifts
from caravan.flows.house import House
from caravan.kernel import ids
from caravan.kernel.clock import DAY
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.ids import BuyerId, CouponId, GiftCardId, SellerId
from caravan.kernel.money import numeric
from caravan.trade import ledger, payments
from caravan.web.api import resources
from caravan.web.api.call import Call, Reply
from caravan.web.api.operations import BUYER, OPERATOR, SELLER, Operation
from caravan.web.codes import code_of, number_of


async def issue_coupon(call: Call) -> Reply:
    """Let a code be good for so much off, at one's own expense."""
    new: wire.NewCoupon = call.body
    if new.spend_min.currency != new.amount.currency:
        raise Invalid("Both amounts are in one currency.", field="spend_min")
    terms = payments.CouponTerms(
        code=new.code, payer=SellerId(call.seller), unit=numeric(new.amount.currency), amount_minor=new.amount.amount,
        spend_minor_min=new.spend_min.amount, uses_max=new.uses_max, expires_at=call.now + new.lasts_days * DAY,
    )  # fmt: skip
    return await call.do(gifts.issue_coupon, terms, _coupon)


def _coupon(house: House, number: CouponId) -> wire.Coupon:
    known = house.dealings.coupons[number]
    return wire.Coupon(
        id=ids.text(CouponId, number),
        code=known.code,
        seller=ids.text(SellerId, known.payer) if known.payer else None,
        amount=resources.money(known.amount, known.unit),
        spend_min=resources.money(known.spend_min, known.unit),
        uses=known.uses,
        uses_max=known.uses_max,
    )


async def issue_gift_card(call: Call) -> Reply:
    """Put money on a gift card, out of one's wallet; the operator gives it away."""
    new: wire.NewGiftCard = call.body
    buyer = BuyerId(0) if call.is_operator else call.buyer
    wanted = gifts.NewGiftCard(buyer, numeric(new.amount.currency), new.amount.amount)
    return await call.do(
        gifts.issue_gift_card, wanted, lambda house, number: _card(house, gifts.OwnCard(number, buyer))
    )


def _card(house: House, own: gifts.OwnCard) -> wire.GiftCard:
    card, left = gifts.own_gift_card(house, own)
    return wire.GiftCard(id=ids.text(GiftCardId, card.card), left=resources.money(left, card.unit))


async def show_gift_card(call: Call) -> Reply:
    """Show a gift card with its code to who paid for it."""
    number = GiftCardId(call.ids["card"])
    own = gifts.OwnCard(number, BuyerId(0) if call.is_operator else call.buyer)
    shown: wire.GiftCard = await call.ask(_card, own)
    code = code_of(call.caravan.vault, number)
    return call.say(wire.GiftCard(id=shown.id, left=shown.left, code=code))


async def redeem_gift_card(call: Call) -> Reply:
    """Take what is on a gift card into one's wallet."""
    call.limit("logins", f"gift cards of {call.buyer}")  # A code is a secret: who guesses is slowed down.
    wanted = gifts.Redeeming(number_of(call.caravan.vault, call.body.code), call.buyer)
    buyer = call.buyer
    return await call.do(gifts.redeem_gift_card, wanted, lambda house, _: resources.wallet(house, buyer))


OPERATIONS = (
    Operation(
        method="POST", path="/v1/coupons", summary="Issue a coupon", handler=issue_coupon, who=(SELLER, OPERATOR),
        scope="catalog:write", request=wire.NewCoupon, response=wire.Coupon, status=HTTPStatus.CREATED, key="required",
        refusals=(Invalid, NotFound),
    ),
    Operation(
        method="POST", path="/v1/gift-cards", summary="Buy a gift card", handler=issue_gift_card, who=(BUYER, OPERATOR),
        scope="wallet:write", request=wire.NewGiftCard, response=wire.GiftCard, status=HTTPStatus.CREATED,
        location="/v1/gift-cards/{id}", key="required", refusals=(Invalid, NotFound, ledger.InsufficientFunds),
    ),
    Operation(
        method="GET", path="/v1/gift-cards/{card}", summary="Show a gift card of mine, and its code",
        handler=show_gift_card, who=(BUYER, OPERATOR), scope="wallet:read", response=wire.GiftCard, refusals=(NotFound,),
    ),
    Operation(
        method="POST", path="/v1/gift-cards/redeem", summary="Redeem a gift card", handler=redeem_gift_card, who=(BUYER,),
        scope="wallet:write", request=wire.GiftCardCode, response=wire.Wallet, key="required",
        refusals=(NotFound, payments.NoSuchGiftCard),
    ),
)  # fmt: skip
