"""Operations on delivery promises: the date for a listing, what an order's buyer was told, how promises come out."""

from caravan.client import wire
from caravan.flows import promises
from caravan.flows.house import House, integers
from caravan.kernel import ids
from caravan.kernel.clock import iso
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.ids import ListingId, OrderId, SellerId
from caravan.trade import delivery
from caravan.web.api.call import Call, Reply
from caravan.web.api.operations import BUYER, OPERATOR, PUBLIC, SELLER, Operation


async def show_promise(call: Call) -> Reply:
    """Promise a delivery date for a listing that would be ordered now, to a country."""
    query: wire.PromiseQuery = call.query
    desk, at, listing = call.caravan.desk, call.now, ListingId(call.ids["listing"])

    def quote(house: House) -> promises.Quote:
        asks = promises.ask_for(house, desk, [listing], query.country, at=at)
        places = promises.origins(house, [listing], query.country)
        return promises.quotes(desk, asks, promises.leaving(places, [at]))[0]

    found: promises.Quote = await call.ask(quote)
    return call.say(
        wire.Promise(
            promised_at=iso(found.promised_at), median_at=iso(found.median_at), probability=found.probability,
            model=found.model, basis=found.basis,  # type: ignore[arg-type]
            parcels=found.parcels, is_new_seller=found.is_new_seller, sentence=found.sentence,
        )
    )  # fmt: skip


async def show_order_promise(call: Call) -> Reply:
    """Show the date that the buyer of an order was told, and how it stands now."""
    order, now, desk = OrderId(call.ids["order"]), call.now, call.caravan.desk
    assert call.bearer is not None
    audience, subject = call.bearer.audience, call.bearer.subject

    def show(house: House) -> wire.OrderPromise:
        table = house.orders.orders
        known = 0 < order < len(table)
        mine = known and (audience == "operator" or int(getattr(table, audience)[order]) == subject)
        found = promises.promise_of(house, order, now=now) if mine else None
        if found is None:
            raise NotFound("No date was promised for this order." if mine else "There is no such order.")
        is_open = not table.received_at[order] and not table.canceled_at[order]
        day = promises.outlook(house, desk, integers(order), now=now).promised if is_open else None
        return _told(found, 0 if day is None else int(delivery.ended(day)[0]), int(table.received_at[order]))

    return call.say(await call.ask(show))


def _told(found: delivery.Promise, expected_at: int, delivered_at: int) -> wire.OrderPromise:
    return wire.OrderPromise(
        order=ids.text(OrderId, found.order), promised_at=iso(found.promised_at), median_at=iso(found.median_at),
        probability=found.probability, model=found.model, basis=found.basis,  # type: ignore[arg-type]
        parcels=found.parcels, origin=found.origin, destination=found.destination, made_at=iso(found.made_at),
        revised_at=iso(found.expected_at) if found.expected_at else None,
        expected_at=iso(expected_at) if expected_at else None,
        delivered_at=iso(delivered_at) if delivered_at else None, status=found.status,  # type: ignore[arg-type]
    )  # fmt: skip


async def score_promises(call: Call) -> Reply:
    """Say how the promises of the last days came out: of all, or of a seller; a seller sees their own."""
    query: wire.PromiseScoreQuery = call.query
    seller = SellerId(ids.number(SellerId, query.seller)) if query.seller else SellerId(0)
    if not call.is_operator:
        if seller not in {0, call.seller}:
            raise NotFound("There is no such seller.")
        seller = call.seller
    now = call.now
    found: delivery.Score = await call.ask(lambda house: promises.score(house, now=now, days=query.days, seller=seller))
    settled = found.kept + found.missed
    return call.say(
        wire.PromiseScore(
            days=query.days, promises=found.promises, kept=found.kept, missed=found.missed,
            kept_share=round(found.kept / settled, 4) if settled else None,
            promised_share=round(found.promised, 4) if settled else None,
        )
    )  # fmt: skip


_EVERYBODY = (BUYER, SELLER, OPERATOR)

OPERATIONS = (
    Operation(
        method="GET", path="/v1/listings/{listing}/promise", summary="Promise a delivery date", handler=show_promise,
        who=(PUBLIC, *_EVERYBODY), query=wire.PromiseQuery, response=wire.Promise, is_open_to_browsers=True,
        refusals=(NotFound, Invalid, promises.NotLearned),
    ),
    Operation(
        method="GET", path="/v1/orders/{order}/promise", summary="Show the promise of an order of mine",
        handler=show_order_promise, who=_EVERYBODY, scope="orders:read", response=wire.OrderPromise,
        refusals=(NotFound, promises.NotLearned),
    ),
    Operation(
        method="GET", path="/v1/promises/score", summary="Say how promises came out", handler=score_promises,
        who=(SELLER, OPERATOR), scope="orders:read", query=wire.PromiseScoreQuery, response=wire.PromiseScore,
        refusals=(NotFound,),
    ),
)  # fmt: skip
