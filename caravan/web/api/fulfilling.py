"""Operations on orders that were placed: list, show, call off, hand over, scan, take back."""

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

import msgspec
from msgspec import Meta

from caravan.client import wire
from caravan.flows import fulfillment, locations, parcels, returns
from caravan.flows.house import House, integers
from caravan.insight import identity
from caravan.kernel import ids
from caravan.kernel.clock import DAY, SECOND, Instant, instant
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.ids import AddressId, BuyerId, LocationId, OrderId, ParcelId, SellerId
from caravan.kernel.money import alphabetic
from caravan.trade import delivery, ledger, orders, payments
from caravan.web import papers
from caravan.web.api import cursors, ordered, people
from caravan.web.api.call import Call, Reply
from caravan.web.api.operations import BUYER, OPERATOR, SELLER, Operation
from caravan.web.api.problems import InvalidRequest
from caravan.web.till import take_in

_YEAR_FIRST, _YEAR_LAST = 1_000, 9_999
_PROMISE_MAX = 366 * DAY
_SCANS_SINCE = 946_684_800 * SECOND  # The year 2000: what is older is a slip of the pen.
_EXPANSIONS = frozenset({"lines", "parcels", "claims", "address"})
_FIELDS = frozenset(wire.Order.__struct_fields__)
_Number = Annotated[int, Meta(ge=0, le=2**62)]


async def list_orders(call: Call) -> Reply:
    """Show one's own orders."""
    query: wire.OrdersQuery = call.query
    expand, fields = _wanted(query.expand, _EXPANSIONS, "expand"), _wanted(query.fields, _FIELDS, "fields")
    buyer, seller = _parties(call, query.buyer, query.seller)
    after = cursors.read(query.after, _Number)
    compares, direction = ("<", "DESC") if query.order == "desc" else (">", "ASC")
    wanted = {
        "number": after, "buyer": buyer or None, "seller": seller or None, "status": query.status,
        "fulfillment": query.fulfillment,
    }  # fmt: skip
    conditions = [
        f"{name} {compares if name == 'number' else '='} :{name}" for name, value in wanted.items() if value is not None
    ]
    rows = await call.page(
        f"SELECT number FROM orders WHERE {' AND '.join(conditions) or 'TRUE'}"  # noqa: S608
        f" ORDER BY number {direction} LIMIT :limit",
        wanted | {"limit": query.limit + 1},
    )
    numbers = [OrderId(row[0]) for row in rows[: query.limit]]
    shown = await _shown(call, numbers, expand)
    has_more = len(rows) > query.limit
    return call.say(
        {
            "data": [_partly(order, fields) for order in shown],
            "has_more": has_more,
            "next": cursors.write(numbers[-1]) if has_more else None,
        }
    )


async def show_order(call: Call) -> Reply:
    """Show an order of one's own."""
    query: wire.OrderQuery = call.query
    expand, fields = _wanted(query.expand, _EXPANSIONS, "expand"), _wanted(query.fields, _FIELDS, "fields")
    order = OrderId(call.ids["order"])
    await call.ask(_own_order, *_parties(call, None, None), order)
    (shown,) = await _shown(call, [order], expand)
    return call.say(_partly(shown, fields))


def _wanted(text: str, known: frozenset[str], parameter: str) -> frozenset[str]:
    names = frozenset(name.strip() for name in text.split(",") if name.strip())
    unknown = sorted(names - known)
    if unknown:
        fault = wire.FieldError(code="wrong_value", parameter=parameter, detail=", ".join(sorted(known)))
        raise InvalidRequest(f"There is no {unknown[0][:40]!r} here.", errors=[fault])
    return names


def _parties(call: Call, buyer: str | None, seller: str | None) -> tuple[BuyerId, SellerId]:
    """Give whose orders may be seen: of a buyer or a seller their own, whatever they name; (0, 0) is everybody's."""
    wanted_buyer = BuyerId(ids.number(BuyerId, buyer)) if buyer else BuyerId(0)
    wanted_seller = SellerId(ids.number(SellerId, seller)) if seller else SellerId(0)
    if call.is_operator:
        return wanted_buyer, wanted_seller
    assert call.bearer is not None
    if call.bearer.audience == "buyer":
        if wanted_buyer not in {0, call.buyer}:
            raise NotFound("There is no such buyer.")
        return call.buyer, wanted_seller
    if wanted_seller not in {0, call.seller}:
        raise NotFound("There is no such seller.")
    if wanted_buyer:
        raise NotFound("There is no such buyer.")
    return BuyerId(0), call.seller


def _own_order(house: House, buyer: BuyerId, seller: SellerId, order: OrderId) -> None:
    table = house.orders.orders
    is_known = 0 < order < len(table)
    if not is_known or (buyer and table.buyer[order] != buyer) or (seller and table.seller[order] != seller):
        raise NotFound("There is no such order.")


async def _shown(call: Call, numbers: Sequence[OrderId], expand: frozenset[str]) -> list[wire.Order]:
    assert call.bearer is not None
    audience = call.bearer.audience

    def show(house: House) -> list[tuple[wire.Order, AddressId, identity.Address]]:
        table = house.orders
        found = []
        for number in numbers:
            address = AddressId(int(table.purchases.address[table.orders.purchase[number]]))
            sealed = house.identity.addresses[address]
            found.append((ordered.order(house, number, audience, expand), address, sealed))
        return found

    found = await call.ask(show)
    if "address" not in expand:
        return [order for order, _, _ in found]
    return [
        msgspec.structs.replace(order, address=people.address_of(call, number, sealed) if number else None)
        for order, number, sealed in found
    ]


def _partly(order: wire.Order, fields: frozenset[str]) -> wire.Order | dict[str, object]:
    if not fields:
        return order
    return {name: getattr(order, name) for name in order.__struct_fields__ if name in fields}


async def cancel_order(call: Call) -> Reply:
    """Call an order off before it is handed over; what was held is free again."""
    order = OrderId(call.ids["order"])
    buyer, seller = _parties(call, None, None)
    wanted = fulfillment.Cancellation(integers(call.now), integers(order), integers(seller), integers(buyer))
    return await call.do(fulfillment.cancel_orders, wanted, order_for(call, order), is_many=True)


def order_for(call: Call, order: OrderId) -> "_ShowOrder":
    """Give what shows an order to whoever calls, after a command."""
    assert call.bearer is not None
    return _ShowOrder(order, call.bearer.audience)


class _ShowOrder(msgspec.Struct, frozen=True):
    """Shows an order after a command, with all its lines and parcels."""

    order: OrderId
    audience: str

    def __call__(self, house: House, _: object) -> wire.Order:
        """Show it."""
        return ordered.order(house, self.order, self.audience, frozenset({"lines", "parcels", "claims"}))


async def hand_over(call: Call) -> Reply:
    """Give an order to a carrier; the money goes into escrow."""
    new: wire.NewParcel = call.body
    promised_at = promise_in(call, new)
    wanted = fulfillment.Handover(
        integers(call.now), integers(call.ids["order"]), integers(call.seller), integers(promised_at),
        [new.carrier], [new.tracking],
    )  # fmt: skip
    await take_in(call.caravan, [call.ids["order"]], call.seller)
    return await call.do(
        fulfillment.hand_over, wanted, lambda house, made: ordered.parcel(house, ParcelId(int(made[0]))), is_many=True
    )


def promise_in(call: Call, new: wire.NewParcel | wire.ParcelHandover) -> int:
    """Read by when a parcel was promised, 0 where nothing is said. Refuses a day that is past or far away."""
    promised_at = _instant(new.promised_at, "promised_at") if new.promised_at else 0
    if promised_at and not call.now <= promised_at <= call.now + _PROMISE_MAX:
        raise Invalid("A promise is of a day between now and a year from now.", field="promised_at")
    return promised_at


def _instant(text: str, field: str) -> Instant:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid("A time is written as 2026-11-21T07:30:00Z.", field=field) from None
    if moment.tzinfo is None:
        raise Invalid("A time needs its zone, such as Z.", field=field)
    if not _YEAR_FIRST < moment.year < _YEAR_LAST:
        raise Invalid("A time is of a year with four digits.", field=field)
    return instant(moment)


async def print_label(call: Call) -> Reply:
    """Print the label of an order, as a PDF page of A6 with its tracking number as a barcode."""
    return Reply(
        HTTPStatus.OK, await papers.labels(call.caravan, [OrderId(call.ids["order"])], call.seller), papers.MEDIA
    )


async def print_pick_list(call: Call) -> Reply:
    """Print what to take from the shelves for a seller's orders that wait, or for those that are named; a PDF."""
    query: wire.PickListQuery = call.query
    named = [OrderId(ids.number(OrderId, name.strip())) for name in (query.orders or "").split(",") if name.strip()]
    if not named and call.is_operator:
        raise Invalid("Name the orders.", field="orders")
    numbers = named or await papers.to_ship(call.caravan, call.seller)
    if not numbers:
        raise papers.NothingToShip
    location = LocationId(ids.number(LocationId, query.location) if query.location is not None else 0)
    if location:
        await call.ask(locations.own_location, call.seller, location)
    printed = await papers.pick_list(call.caravan, numbers, call.seller, location)
    return Reply(HTTPStatus.OK, printed, papers.MEDIA)


async def take_back(call: Call) -> Reply:
    """Take units back and refund the buyer."""
    new: wire.NewReturn = call.body
    order = OrderId(call.ids["order"])
    await call.ask(_own_order, BuyerId(0), call.seller, order)
    currency = await call.ask(_currency, order)
    if new.refund.currency != currency:
        raise Invalid(f"This order is in {currency}.", field="refund/currency")
    wanted = returns.Return(call.seller, order, new.line, new.quantity, new.refund.amount)
    return await call.do(returns.accept_return, wanted, order_for(call, order))


def _currency(house: House, order: OrderId) -> str:
    return alphabetic(int(house.orders.orders.unit[order]))


async def show_parcel(call: Call) -> Reply:
    """Show a parcel to who sent it, who waits for it, or the operator."""
    assert call.bearer is not None
    has_label = call.bearer.audience != "buyer"
    return call.say(await call.ask(_own_parcel, *_parties(call, None, None), ParcelId(call.ids["parcel"]), has_label))


def _own_parcel(
    house: House,
    buyer: BuyerId,
    seller: SellerId,
    parcel: ParcelId,
    has_label: bool,  # noqa: FBT001
) -> wire.Parcel:
    table = house.delivery.parcels
    if not 0 < parcel < len(table):
        raise NotFound("There is no such parcel.")
    order = OrderId(int(table.order[parcel]))
    mine = house.orders.orders
    if (buyer and mine.buyer[order] != buyer) or (seller and mine.seller[order] != seller):
        raise NotFound("There is no such parcel.")
    return ordered.parcel(house, parcel, has_label=has_label)


async def scan_parcel(call: Call) -> Reply:
    """Note what a carrier says. A seller's word counts from now: a back-dated delivery would release money early."""
    new: wire.NewScan = call.body
    parcel, at = ParcelId(call.ids["parcel"]), call.now
    if new.at is not None:
        if not call.is_operator:
            raise Invalid("Only the operator says when a scan was.", field="at")
        at = _instant(new.at, "at")
        if not _SCANS_SINCE <= at <= call.now:
            raise Invalid("A scan was in the past, and in this century.", field="at")
    status = delivery.ParcelStatus[new.status.upper()]
    wanted = fulfillment.Scans(integers(at), integers(parcel), integers(status), integers(call.seller))
    return await call.do(fulfillment.scan_parcels, wanted, lambda house, _: ordered.parcel(house, parcel), is_many=True)


_ANY = (BUYER, SELLER, OPERATOR)
_SELLERS = (SELLER, OPERATOR)

OPERATIONS = (
    Operation(
        method="GET", path="/v1/orders", summary="List my orders", handler=list_orders, who=_ANY, scope="orders:read",
        query=wire.OrdersQuery, response=wire.Page[wire.Order], refusals=(InvalidRequest, NotFound),
    ),
    Operation(
        method="GET", path="/v1/orders/{order}", summary="Show an order of mine", handler=show_order, who=_ANY,
        scope="orders:read", query=wire.OrderQuery, response=wire.Order, refusals=(InvalidRequest, NotFound),
    ),
    Operation(
        method="POST", path="/v1/orders/{order}/cancel", summary="Call an order off", handler=cancel_order, who=_ANY,
        scope="orders:write", response=wire.Order, key="required",
        refusals=(
            NotFound, orders.OrderNotOpen, orders.AlreadyFulfilled, payments.PaymentUnderWay, payments.DisputeUnderWay,
        ),
    ),
    Operation(
        method="POST", path="/v1/orders/{order}/parcels", summary="Hand an order over", handler=hand_over,
        who=_SELLERS, scope="orders:write", request=wire.NewParcel, response=wire.Parcel, status=HTTPStatus.CREATED,
        location="/v1/parcels/{id}", key="required",
        refusals=(
            NotFound, Invalid, orders.OrderNotOpen, orders.AlreadyFulfilled, payments.PaymentNotCaptured,
            fulfillment.LiesInSeveralPlaces, parcels.GoesInParcels,
        ),
    ),
    Operation(
        method="GET", path="/v1/orders/{order}/label", summary="Print an order's label", handler=print_label, who=_SELLERS,
        scope="orders:read", refusals=(NotFound, papers.AddressUnknown, fulfillment.LiesInSeveralPlaces),
    ),
    Operation(
        method="GET", path="/v1/pick_list", summary="Print what to take from the shelves", handler=print_pick_list,
        who=_SELLERS, scope="orders:read", query=wire.PickListQuery, refusals=(NotFound, Invalid, papers.NothingToShip),
    ),
    Operation(
        method="POST", path="/v1/orders/{order}/returns", summary="Take units back and refund", handler=take_back,
        who=_SELLERS, scope="orders:write", request=wire.NewReturn, response=wire.Order, key="required",
        refusals=(NotFound, Invalid, orders.NothingToReturn, ledger.EntryRefused, payments.DisputeUnderWay),
    ),
    Operation(
        method="GET", path="/v1/parcels/{parcel}", summary="Show a parcel", handler=show_parcel, who=_ANY,
        scope="orders:read", response=wire.Parcel, refusals=(NotFound,),
    ),
    Operation(
        method="POST", path="/v1/parcels/{parcel}/scans", summary="Note what a carrier says", handler=scan_parcel,
        who=_SELLERS, scope="orders:write", request=wire.NewScan, response=wire.Parcel, key="optional",
        refusals=(NotFound, Invalid, fulfillment.ParcelNotSent),
    ),
)  # fmt: skip
