"""Operations on parcels: pack a part of an order, print its papers, hand it over; call off the rest; exchange."""

from collections.abc import Iterable
from http import HTTPStatus

from starlette.concurrency import run_in_threadpool

from caravan.client import wire
from caravan.flows import claims, parcels, returns
from caravan.flows.house import House
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.ids import OrderId, ParcelId
from caravan.kernel.money import Money
from caravan.trade import delivery, ledger, orders, payments
from caravan.web import papers, postage
from caravan.web.api import ordered
from caravan.web.api.call import Call, Reply
from caravan.web.api.fulfilling import order_for, promise_in
from caravan.web.api.operations import OPERATOR, PUBLIC, SELLER, Operation
from caravan.web.till import take_in_part


def contents_in(lines: Iterable[wire.ParcelLine]) -> dict[int, int]:
    """Read units of lines. Refuses a line that is named twice."""
    found: dict[int, int] = {}
    for place, one in enumerate(lines):
        if one.line in found:
            raise Invalid(f"Line {one.line} is named twice.", field=f"lines/{place}/line")
        found[one.line] = one.quantity
    return found


def _show(house: House, number: int) -> wire.Parcel:
    return ordered.parcel(house, ParcelId(number), has_label=True)


async def pack_parcel(call: Call) -> Reply:
    """Pack a part of an order into a parcel of its own; nothing leaves yet."""
    wanted = parcels.Packing(OrderId(call.ids["order"]), call.seller, contents_in(call.body.lines))
    return await call.do(parcels.pack_parcel, wanted, _show)


async def unpack_parcel(call: Call) -> Reply:
    """Unpack a parcel that has not left. What was to go out anew for a claim is claimed again then."""
    return await call.do(claims.give_up_anew, parcels.Unpacking(ParcelId(call.ids["parcel"]), call.seller), _show)


async def send_parcel(call: Call) -> Reply:
    """Hand a packed parcel over; its part of the money goes into escrow."""
    new: wire.ParcelHandover = call.body
    parcel = ParcelId(call.ids["parcel"])
    await call.ask(parcels.own_parcel, parcel, call.seller)
    await take_in_part(call.caravan, parcel, call.seller)
    wanted = parcels.Sending(parcel, call.seller, new.carrier, new.tracking, promise_in(call, new))
    return await call.do(parcels.send_parcel, wanted, _show)


async def print_parcel_label(call: Call) -> Reply:
    """Print the label of a parcel, as a PDF page of A6 with its tracking number as a barcode."""
    printed = await papers.parcel_label(call.caravan, ParcelId(call.ids["parcel"]), call.seller)
    return Reply(HTTPStatus.OK, printed, papers.MEDIA)


async def print_parcel_picks(call: Call) -> Reply:
    """Print what to take from the shelves for a parcel; a PDF."""
    printed = await papers.parcel_picks(call.caravan, ParcelId(call.ids["parcel"]), call.seller)
    return Reply(HTTPStatus.OK, printed, papers.MEDIA)


async def quote_rates(call: Call) -> Reply:
    """Ask what carriers would take for a packed parcel, the cheapest first; each price is good for half an hour."""
    found = await postage.rates(call.caravan, ParcelId(call.ids["parcel"]), call.seller, call.body.weight_grams)
    return call.say(
        wire.ParcelRates(
            data=[
                wire.ParcelRate(
                    rate=one.rate.rate, carrier=one.rate.by, service=one.rate.service,
                    price=Money(one.rate.amount_minor, one.rate.currency), days=one.rate.days,
                )
                for one in found
            ]
        )
    )  # fmt: skip


async def buy_label(call: Call) -> Reply:
    """Buy a parcel's label at a rate that was quoted; its price comes off the seller's balance. It may be asked for still."""
    parcel = ParcelId(call.ids["parcel"])
    await postage.buy(call.caravan, parcel, call.seller, call.body.rate)
    return call.say(await call.ask(_show, parcel))


async def void_label(call: Call) -> Reply:
    """Take a parcel's label back before it leaves; its price comes back once the carrier agrees, which may take days."""
    parcel = ParcelId(call.ids["parcel"])
    await postage.void(call.caravan, parcel, call.seller)
    return call.say(await call.ask(_show, parcel))


async def take_tracking_notice(call: Call) -> Reply:
    """Take a webhook of the carriers' aggregator. Where the parcel is that it is about, is asked there."""
    tracking = await run_in_threadpool(call.caravan.postman.take_notice, "easypost", call.body, call.signature)
    return call.say(wire.Notified(event=tracking))


async def call_off_rest(call: Call) -> Reply:
    """Call off what has not left of an order of which a part has; its money is free again, or goes back."""
    order = OrderId(call.ids["order"])
    return await call.do(parcels.call_off, parcels.Rest(order, call.seller), order_for(call, order))


async def exchange(call: Call) -> Reply:
    """Take units back and pack others for them, at no further price; shows the parcel that they go in."""
    new: wire.NewExchange = call.body
    wanted = returns.Exchange(call.seller, OrderId(call.ids["order"]), new.line, new.quantity)
    return await call.do(returns.accept_exchange, wanted, _show)


_SELLERS = (SELLER, OPERATOR)

OPERATIONS = (
    Operation(
        method="POST", path="/v1/orders/{order}/packing", summary="Pack a part of an order", handler=pack_parcel,
        who=_SELLERS, scope="orders:write", request=wire.Packing, response=wire.Parcel, status=HTTPStatus.CREATED,
        location="/v1/parcels/{id}", key="required",
        refusals=(NotFound, Invalid, orders.OrderNotOpen, parcels.NothingToPack, parcels.GoesInOneParcel),
    ),
    Operation(
        method="POST", path="/v1/parcels/{parcel}/unpack", summary="Unpack a parcel", handler=unpack_parcel,
        who=_SELLERS, scope="orders:write", response=wire.Parcel, key="required",
        refusals=(NotFound, delivery.ParcelNotPacked),
    ),
    Operation(
        method="POST", path="/v1/parcels/{parcel}/handover", summary="Hand a parcel over", handler=send_parcel,
        who=_SELLERS, scope="orders:write", request=wire.ParcelHandover, response=wire.Parcel, key="required",
        refusals=(
            NotFound, Invalid, delivery.ParcelNotPacked, delivery.LabelUnderWay, payments.PaymentNotCaptured,
            payments.DisputeUnderWay,
        ),
    ),
    Operation(
        method="GET", path="/v1/parcels/{parcel}/label", summary="Print a parcel's label", handler=print_parcel_label,
        who=_SELLERS, scope="orders:read", refusals=(NotFound, papers.AddressUnknown),
    ),
    Operation(
        method="GET", path="/v1/parcels/{parcel}/pick_list", summary="Print what goes into a parcel",
        handler=print_parcel_picks, who=_SELLERS, scope="orders:read", refusals=(NotFound,),
    ),
    Operation(
        method="POST", path="/v1/parcels/{parcel}/rates", summary="Ask carriers for rates", handler=quote_rates,
        who=_SELLERS, scope="orders:write", request=wire.RatesWish, response=wire.ParcelRates,
        refusals=(NotFound, Invalid, delivery.ParcelNotPacked, delivery.NoRates, papers.AddressUnknown),
    ),
    Operation(
        method="POST", path="/v1/parcels/{parcel}/postage", summary="Buy a parcel's label", handler=buy_label,
        who=_SELLERS, scope="orders:write", request=wire.Postage, response=wire.Parcel,
        refusals=(
            NotFound, delivery.ParcelNotPacked, delivery.RateExpired, delivery.AlreadyLabeled, delivery.LabelUnderWay,
        ),
    ),
    Operation(
        method="POST", path="/v1/parcels/{parcel}/postage/void", summary="Take a parcel's label back",
        handler=void_label, who=_SELLERS, scope="orders:write", response=wire.Parcel,
        refusals=(NotFound, delivery.ParcelNotPacked, delivery.NoLabel, delivery.LabelUnderWay),
    ),
    Operation(
        method="POST", path="/v1/webhooks/carriers/easypost", summary="Take a webhook of the carriers' aggregator",
        handler=take_tracking_notice, who=(PUBLIC,), is_raw=True, response=wire.Notified,
        refusals=(delivery.NoSuchCarrier, delivery.UnsignedTracking),
    ),
    Operation(
        method="POST", path="/v1/orders/{order}/rest/cancel", summary="Call off what has not left",
        handler=call_off_rest, who=_SELLERS, scope="orders:write", response=wire.Order, key="required",
        refusals=(NotFound, orders.OrderNotOpen, orders.AlreadyFulfilled, payments.PaymentUnderWay),
    ),
    Operation(
        method="POST", path="/v1/orders/{order}/exchanges", summary="Take units back and send others",
        handler=exchange, who=_SELLERS, scope="orders:write", request=wire.NewExchange, response=wire.Parcel,
        status=HTTPStatus.CREATED, location="/v1/parcels/{id}", key="required",
        refusals=(NotFound, orders.NothingToReturn, ledger.OutOfStock),
    ),
)  # fmt: skip
