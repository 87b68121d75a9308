"""Operations on payments: pay for a checkout through a provider, look how that stands, and what providers tell by webhook."""

from http import HTTPStatus

import msgspec
from starlette.concurrency import run_in_threadpool

from caravan.client import wire
from caravan.flows import paying, shopping
from caravan.flows.house import House
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.ids import BuyerId, OrderId, PaymentId, SessionId
from caravan.kernel.money import Money
from caravan.trade import exchange, ledger, orders, payments
from caravan.web.api import ordered, resources
from caravan.web.api.call import Call, Reply
from caravan.web.api.operations import BUYER, OPERATOR, PUBLIC, Operation
from caravan.web.till import see_to


async def start_payment(call: Call) -> Reply:
    """Begin to pay for a checkout; its units stay held meanwhile. Where the payment stands is asked of it next."""
    new: wire.NewPayment = call.body
    step = shopping.Step(SessionId(call.ids["session"]), call.buyer)
    provider = payments.Provider[new.provider.upper()]
    if provider == payments.Provider.CARD:
        call.caravan.cashier.provider(provider)
        if not new.token and not new.return_url:
            raise Invalid("A card is a token, or a page to come back from.", field="return_url")
    wanted = paying.Start(
        step.session,
        step.buyer,
        new.expected_total.amount,
        provider,
        new.token,
        new.return_url,
        new.coupon,
        new.expected_total.currency,
    )
    return await call.do(paying.start_payment, wanted, resources.payment)


async def price_with_coupon(call: Call) -> Reply:
    """Say what a checkout comes to with a coupon. It uses nothing up."""
    wish = paying.Considering(SessionId(call.ids["session"]), call.buyer, call.body.code)
    found = await call.ask(paying.price_with_coupon, wish, call.now)
    total, discount = Money(found.total_minor, found.currency), Money(found.discount_minor, found.currency)
    to_pay = Money(total.amount - discount.amount, found.currency)
    parts = resources.total_parts(found.parts, found.currency)
    return call.say(wire.CouponPrice(total=total, discount=discount, to_pay=to_pay, parts=parts))


async def show_payment(call: Call) -> Reply:
    """Show a payment; while it waits, its provider is asked how it stands, and where the buyer goes on."""
    number = PaymentId(call.ids["payment"])
    buyer = BuyerId(0) if call.is_operator else call.buyer
    if await call.ask(_waits, number, buyer):
        page = await see_to(call.caravan, number)
        shown = await call.ask(resources.payment, number)
        return call.say(msgspec.structs.replace(shown, page=page or None))
    return call.say(await call.ask(resources.payment, number))


def _waits(house: House, number: PaymentId, buyer: BuyerId) -> bool:
    deal = house.dealings.deals.get(number)
    if deal is None or (buyer and deal.buyer != buyer):
        raise NotFound("There is no such payment.")
    return deal.status in payments.WAITING and deal.provider == payments.Provider.CARD


async def give_up_payment(call: Call) -> Reply:
    """Give up a payment that waits, to pay in another way."""
    step = shopping.Step(SessionId(call.ids["session"]), call.buyer)
    return await call.do(paying.give_up_payment, step, resources.session)


async def settle_cash(call: Call) -> Reply:
    """Say that a parcel's cash was collected at the door, or that it was not taken."""
    word = paying.CashWord(OrderId(call.ids["order"]), call.body.was_paid)
    return await call.do(paying.settle_cash, word, lambda house, number: ordered.order(house, number, "operator"))


async def take_card_notice(call: Call) -> Reply:
    """Take a webhook of the card provider. What it says of a payment, the provider is asked."""
    notice = await run_in_threadpool(
        call.caravan.cashier.take_notice, payments.Provider.CARD, call.body, call.signature, now=call.now
    )
    return call.say(wire.Notified(event=notice.event if notice else ""))


OPERATIONS = (
    Operation(
        method="POST", path="/v1/checkout_sessions/{session}/payments", summary="Pay for a checkout",
        handler=start_payment, who=(BUYER,), scope="checkout:write", request=wire.NewPayment, response=wire.Payment,
        status=HTTPStatus.CREATED, location="/v1/payments/{id}", key="required",
        refusals=(
            NotFound, Invalid, orders.SessionNotReady, orders.TotalChanged, ledger.ReservationExpired,
            ledger.InsufficientFunds, payments.PaymentUnderWay, payments.NoSuchProvider, payments.CouponRefused,
            exchange.PaysInOtherCurrency, exchange.QuoteNotOpen,
            payments.CashRefused,
        ),
    ),
    Operation(
        method="POST", path="/v1/checkout_sessions/{session}/coupon", summary="Say what a checkout costs with a coupon",
        handler=price_with_coupon, who=(BUYER,), scope="checkout:write", request=wire.CouponWish,
        response=wire.CouponPrice, refusals=(NotFound, payments.CouponRefused),
    ),
    Operation(
        method="POST", path="/v1/checkout_sessions/{session}/payments/give-up", summary="Give up a payment that waits",
        handler=give_up_payment, who=(BUYER,), scope="checkout:write", response=wire.CheckoutSession, key="required",
        refusals=(NotFound, orders.SessionNotReady),
    ),
    Operation(
        method="GET", path="/v1/payments/{payment}", summary="Show a payment", handler=show_payment,
        who=(BUYER, OPERATOR), scope="orders:read", response=wire.Payment, refusals=(NotFound,),
    ),
    Operation(
        method="POST", path="/v1/orders/{order}/cash", summary="Say what became of cash on delivery",
        handler=settle_cash, who=(OPERATOR,), scope="orders:write", request=wire.CashWord, response=wire.Order,
        key="required", refusals=(NotFound, orders.OrderNotOpen),
    ),
    Operation(
        method="POST", path="/v1/webhooks/payments/card", summary="Take a webhook of the card provider",
        handler=take_card_notice, who=(PUBLIC,), is_raw=True, response=wire.Notified,
        refusals=(NotFound, payments.NoSuchProvider, payments.UnsignedNotice),
    ),
)  # fmt: skip
