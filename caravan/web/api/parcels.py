"""Operations on parcels: pack a part of an order, print its papers, hand it over; call off the rest; exchange."""

from collections.abc import Iterable
from http import HTTPStatus

from caravan.client import wire
from caravan.flows import claims, parcels, returns
from caravan.flows.house import House
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.ids import OrderId, ParcelId
from caravan.trade import delivery, ledger, orders, payments
from caravan.web import papers
from caravan.web.api import ordered
from caravan.web.api.call import Call, Reply
from caravan.web.api.fulfilling import order_for, promise_in
from caravan.web.api.operations import OPERATOR, SELLER, Operation
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
    return ordered.parcel(house, ParcelId(number))


async def pack_parcel(call: Call) -> Reply:
    """Pack a part of an order into a parcel of its own; nothing leaves yet."""
    wanted = parcels.Packing(OrderId(call.ids["order"]), call.seller, contents_in(call.body.lines))
    return await call.do(parcels.pack_parcel, wanted, _show)


async def unpack_parcel(call: Call) -> Reply:
    """Unpack a parcel that has not left. What was to go out anew for a claim is claimed again then."""
    return await call.do(claims.give_up_anew, parcels.Unpacking(ParcelId(call.ids["parcel"]), call.seller), _show)


async def send_parcel(call: Call) -> Reply:
    """Hand a packed parcel over; its part of the money goes into escrow."""
    new: wire.NewParcel = call.body
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
        who=_SELLERS, scope="orders:write", request=wire.NewParcel, response=wire.Parcel, key="required",
        refusals=(
            NotFound, Invalid, delivery.ParcelNotPacked, payments.PaymentNotCaptured, payments.DisputeUnderWay,
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
