"""The seller's pages of one order: pack it whole or in parcels, print papers, hand over, and answer what is claimed."""

from collections.abc import Awaitable, Callable

from starlette.responses import Response

from caravan.flows import claims, dispatch, fulfillment, locations, parcels, returns
from caravan.flows.house import House, integers
from caravan.flows.postman import Quote
from caravan.kernel import ids
from caravan.kernel.errors import CaravanError, Invalid, Outage, Refusal
from caravan.kernel.ids import ClaimId, LocationId, OrderId, ParcelId
from caravan.kernel.money import Money, alphabetic
from caravan.trade import delivery
from caravan.trade.claims import claim_of, standing_claims
from caravan.web import papers, postage
from caravan.web.api.ordered import label as label_of
from caravan.web.pages import claiming, records
from caravan.web.pages.forms import Form
from caravan.web.pages.visit import Visit, path_id, wrong_field
from caravan.web.reach import ask, do
from caravan.web.till import take_in, take_in_part

CARRIERS = (
    "Own courier", "DHL", "DPD", "GLS", "UPS", "FedEx", "Correios", "CTT", "La Poste", "PostNL", "Poste Italiane",
)  # fmt: skip
_LINES_MAX = 100
_SCANNED = {"delivered": delivery.ParcelStatus.DELIVERED, "lost": delivery.ParcelStatus.LOST}


async def order(visit: Visit) -> Response:
    """Show one order, with where it goes, its parcels and its claims."""
    return await _show(visit, OrderId(path_id(visit, OrderId)))


async def _show(
    visit: Visit, number: OrderId, wrong: dict[str, str] | None = None, status: int = 200,
    quotes: tuple[ParcelId, list[Quote]] = (ParcelId(0), []),  # Neither is changed.
) -> Response:  # fmt: skip
    sale = await ask(visit.caravan, records.sale, number, visit.seller)
    place = await records.destination(visit.caravan, sale.address)
    tracking = await ask(visit.caravan, dispatch.tracking_of, sale.number)
    packed = [parcel.parcel for parcel in sale.parcels if parcel.is_packed]
    trackings = await ask(visit.caravan, _trackings, packed)
    stuck = await ask(visit.caravan, lambda house: {one.parcel: label_of(house, one.parcel) for one in sale.parcels})
    weights = {parcel: await postage.weight(visit.caravan, parcel) for parcel in packed}
    told = await ask(visit.caravan, claiming.told, sale.claims)
    return await visit.show(
        "sell_order.html", status=status, order=sale, place=place, carriers=CARRIERS, tracking=tracking,
        trackings=trackings, claims=told, wrong=wrong or {}, stuck=stuck, weights=weights, quoted=quotes[0],
        quotes=[(one.rate, Money(one.rate.amount_minor, one.rate.currency)) for one in quotes[1]],
        has_carriers=bool(visit.caravan.postman.carriers),
    )  # fmt: skip


def _trackings(house: House, numbers: list[ParcelId]) -> dict[int, str]:
    return {number: dispatch.parcel_tracking_of(house, number) for number in numbers}


async def _trying(visit: Visit, number: OrderId, act: Callable[[], Awaitable[str]]) -> Response:
    """Do something about an order and go back to it with a note; what was refused is said on its page."""
    try:
        note = await act()
    except Outage:
        raise
    except CaravanError as refusal:
        wrong = wrong_field(refusal) if isinstance(refusal, Invalid) else {}
        return await _show(visit, number, wrong or {"": str(refusal)}, 422)
    return visit.go(f"/sell/orders/{ids.text(OrderId, number)}", note)


async def label(visit: Visit) -> Response:
    """Print the label of one order."""
    number = OrderId(path_id(visit, OrderId))
    return _printed(await papers.labels(visit.caravan, [number], visit.seller), ids.text(OrderId, number))


async def labels(visit: Visit) -> Response:
    """Print the labels of all orders that wait to be handed over."""
    return _printed(
        await papers.labels(visit.caravan, await _waiting(visit), visit.seller, skips_unknown=True), "labels"
    )


async def pick_list(visit: Visit) -> Response:
    """Print what to take from the shelves for the orders that wait; of one location, or of all."""
    named = visit.request.query_params.get("location", "")
    location = LocationId(ids.number(LocationId, named) if named else 0)
    if location:
        await ask(visit.caravan, locations.own_location, visit.seller, location)
    printed = await papers.pick_list(visit.caravan, await _waiting(visit), visit.seller, location)
    return _printed(printed, "pick-list")


async def parcel_label(visit: Visit) -> Response:
    """Print the label of one parcel."""
    number = ParcelId(path_id(visit, ParcelId))
    return _printed(await papers.parcel_label(visit.caravan, number, visit.seller), ids.text(ParcelId, number))


async def parcel_picks(visit: Visit) -> Response:
    """Print what to take from the shelves for one parcel."""
    number = ParcelId(path_id(visit, ParcelId))
    return _printed(
        await papers.parcel_picks(visit.caravan, number, visit.seller), f"{ids.text(ParcelId, number)}-picks"
    )


async def _waiting(visit: Visit) -> list[OrderId]:
    numbers = await papers.to_ship(visit.caravan, visit.seller)
    return numbers or records.nothing("Nothing waits to be handed over.")


def _printed(document: bytes, name: str) -> Response:
    return Response(
        document, media_type=papers.MEDIA, headers={"content-disposition": f'inline; filename="{name}.pdf"'}
    )


async def hand_over(visit: Visit) -> Response:
    """Note that an order was given to a carrier as a whole."""
    number = OrderId(path_id(visit, OrderId))

    async def act() -> str:
        wanted = fulfillment.Handover(
            at=integers(visit.caravan.clock.now()), orders=integers(number), sellers=integers(visit.seller),
            promised_at=integers(0), carriers=[visit.form.text("carrier", longest=100)],
            trackings=[visit.form.text("tracking", longest=100, is_needed=False)],
        )  # fmt: skip
        await take_in(visit.caravan, [number], visit.seller)
        await do(visit.caravan, fulfillment.hand_over, wanted, is_many=True)
        return "handed_over"

    return await _trying(visit, number, act)


def contents_in(form: Form) -> dict[int, int]:
    """Read how many units of each line were chosen; lines with none are left out."""
    found = {
        line: form.integer(f"line-{line}", least=0, most=1_000_000, default=0)
        for line in range(_LINES_MAX)
        if f"line-{line}" in form.fields
    }
    return {line: quantity for line, quantity in found.items() if quantity}


async def pack(visit: Visit) -> Response:
    """Pack what was chosen into a parcel of its own."""
    number = OrderId(path_id(visit, OrderId))

    async def act() -> str:
        await do(visit.caravan, parcels.pack_parcel, parcels.Packing(number, visit.seller, contents_in(visit.form)))
        return "packed"

    return await _trying(visit, number, act)


async def call_off_rest(visit: Visit) -> Response:
    """Call off what has not left of an order."""
    number = OrderId(path_id(visit, OrderId))

    async def act() -> str:
        await do(visit.caravan, parcels.call_off, parcels.Rest(number, visit.seller))
        return "rest_canceled"

    return await _trying(visit, number, act)


async def quote(visit: Visit) -> Response:
    """Show what carriers would take for a parcel."""
    parcel = ParcelId(path_id(visit, ParcelId))
    number = await ask(visit.caravan, parcels.own_parcel, parcel, visit.seller)
    try:
        grams = visit.form.integer("weight", least=1, most=postage.WEIGHT_GRAMS_MAX)
        found = await postage.rates(visit.caravan, parcel, visit.seller, grams)
    except Refusal as refusal:
        return await _show(visit, number, {"": str(refusal)}, 422)
    return await _show(visit, number, quotes=(parcel, found))


async def buy_label(visit: Visit) -> Response:
    """Buy a parcel's label at a rate that was shown."""
    parcel = ParcelId(path_id(visit, ParcelId))

    async def act() -> str:
        await postage.buy(visit.caravan, parcel, visit.seller, visit.form.text("rate", longest=120))
        return "label_bought"

    return await _trying(visit, await ask(visit.caravan, parcels.own_parcel, parcel, visit.seller), act)


async def void_label(visit: Visit) -> Response:
    """Take a parcel's label back."""
    parcel = ParcelId(path_id(visit, ParcelId))

    async def act() -> str:
        await postage.void(visit.caravan, parcel, visit.seller)
        return "label_voided"

    return await _trying(visit, await ask(visit.caravan, parcels.own_parcel, parcel, visit.seller), act)


async def send_parcel(visit: Visit) -> Response:
    """Note that a parcel was given to a carrier."""
    parcel = ParcelId(path_id(visit, ParcelId))

    async def act() -> str:
        await take_in_part(visit.caravan, parcel, visit.seller)
        sending = parcels.Sending(
            parcel, visit.seller, visit.form.text("carrier", longest=100),
            visit.form.text("tracking", longest=100, is_needed=False),
        )  # fmt: skip
        await do(visit.caravan, parcels.send_parcel, sending)
        return "handed_over"

    return await _trying(visit, await ask(visit.caravan, parcels.own_parcel, parcel, visit.seller), act)


async def unpack_parcel(visit: Visit) -> Response:
    """Unpack a parcel that has not left."""
    parcel = ParcelId(path_id(visit, ParcelId))

    async def act() -> str:
        await do(visit.caravan, claims.give_up_anew, parcels.Unpacking(parcel, visit.seller))
        return "unpacked"

    return await _trying(visit, await ask(visit.caravan, parcels.own_parcel, parcel, visit.seller), act)


async def scan_parcel(visit: Visit) -> Response:
    """Note that a parcel has arrived, or is lost, for sellers who bring it themselves or see it in the carrier's pages."""
    parcel = ParcelId(path_id(visit, ParcelId))

    async def act() -> str:
        to = visit.form.fields.get("to", "")
        if to not in _SCANNED:
            raise Invalid("A parcel is delivered or lost.", field="to")
        scan = fulfillment.Scans(
            at=integers(visit.caravan.clock.now()), parcels=integers(parcel), sellers=integers(visit.seller),
            statuses=integers(int(_SCANNED[to])),
        )  # fmt: skip
        await do(visit.caravan, fulfillment.scan_parcels, scan, is_many=True)
        return to

    return await _trying(visit, await ask(visit.caravan, parcels.own_parcel, parcel, visit.seller), act)


async def cancel(visit: Visit) -> Response:
    """Call an order off that can't be fulfilled."""
    number = OrderId(path_id(visit, OrderId))

    async def act() -> str:
        wanted = fulfillment.Cancellation(
            integers(visit.caravan.clock.now()), integers(number), integers(visit.seller), integers(0)
        )
        await do(visit.caravan, fulfillment.cancel_orders, wanted, is_many=True)
        return "canceled"

    return await _trying(visit, number, act)


async def take_back(visit: Visit) -> Response:
    """Take units back: for money, or for others that go out anew."""
    number = OrderId(path_id(visit, OrderId))
    sale = await ask(visit.caravan, records.sale, number, visit.seller)

    async def act() -> str:
        line = visit.form.integer("line", least=0, most=len(sale.lines) - 1)
        quantity = visit.form.integer("quantity", least=1, most=1_000_000)
        if visit.form.fields.get("how") == "anew":
            await do(visit.caravan, returns.accept_exchange, returns.Exchange(visit.seller, number, line, quantity))
            return "exchanged_units"
        refund = visit.form.minor("refund", sale.total.currency)
        await do(visit.caravan, returns.accept_return, returns.Return(visit.seller, number, line, quantity, refund))
        return "taken_back"

    return await _trying(visit, number, act)


async def open_claims(visit: Visit) -> Response:
    """Show the seller's claims that are not over, those first that wait for an answer."""
    found = await ask(visit.caravan, lambda house: standing_claims(house.claims, seller=visit.seller))
    told = await ask(visit.caravan, claiming.told, found[: records.ROWS])
    return await visit.show("sell_claims.html", claims=told)


async def answer_claim(visit: Visit) -> Response:
    """Give money back for a claim, deny it, or send such units anew."""
    number = ClaimId(path_id(visit, ClaimId))
    claim = await ask(visit.caravan, lambda house: claim_of(house.claims, number))
    await ask(visit.caravan, records.sale, OrderId(claim.order), visit.seller)

    async def act() -> str:
        answer = visit.form.fields.get("answer", "")
        if answer not in {"money", "anew", "no"}:
            raise Invalid("Give money back, send it anew, or say no.", field="answer")
        amount = visit.form.minor("amount", alphabetic(claim.unit)) if answer == "money" else 0
        note = visit.form.text("note", longest=1_000, is_needed=False)
        wanted = claims.Answering(number, visit.seller, amount, note, answer == "anew")
        await do(visit.caravan, claims.answer_claim, wanted)
        return "claim_answered"

    return await _trying(visit, OrderId(claim.order), act)
