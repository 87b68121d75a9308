"""The seller's pages of locations: where they send from, what moves between them, and stock lists in and out."""

from typing import NamedTuple

from starlette.responses import Response

from caravan.flows import locations, stock_lists
from caravan.flows.house import House
from caravan.kernel import ids
from caravan.kernel.errors import CaravanError, Invalid, Outage
from caravan.kernel.ids import ListingId, LocationId, MoveId, SellerId
from caravan.trade import moves
from caravan.trade.ledger import Kind
from caravan.web.api.places import clock, minutes
from caravan.web.pages.forms import Form
from caravan.web.pages.visit import Visit, path_id, wrong_field
from caravan.web.reach import ask, do
from caravan.world import partners

_LIST_CHARACTERS_MAX = 400_000
_MOVES_SHOWN = 20
_HANDLING_DAYS_MAX, _PRIORITY_MAX = 60, 1_000


class Place(NamedTuple):
    """A location with what is there: units to sell or held, sold and still there, and on their way to it."""

    at: partners.Location
    on_hand: int
    committed: int
    coming: int


class Moving(NamedTuple):
    """A move in words."""

    move: moves.Move
    source: str
    target: str
    lines: list[tuple[str, int]]


async def overview(visit: Visit) -> Response:
    """Show the seller's locations and what is on its way between them."""
    return await _show(visit, {})


async def _show(visit: Visit, wrong: dict[str, str], status: int = 200) -> Response:
    mine = await ask(visit.caravan, _places, visit.seller)
    under_way = await ask(visit.caravan, _moves, visit.seller)
    return await visit.show("sell_locations.html", status=status, places=mine, moves=under_way, wrong=wrong)


def _places(house: House, seller: int) -> list[Place]:
    numbers, accounts = house.partners.sellers[seller].locations, house.ledger.accounts
    found = []
    for number in numbers:
        is_here = accounts.owner == number
        sums = [int(accounts.posted[is_here & (accounts.kind == kind)].sum()) for kind in _THERE]
        found.append(Place(house.partners.locations[number], *sums))
    return found


_THERE = (Kind.AVAILABLE, Kind.COMMITTED, Kind.MOVING)


def _moves(house: House, seller: int) -> list[Moving]:
    found = moves.moves_of(house.moves, SellerId(seller), before=2**62, limit=_MOVES_SHOWN)
    known, catalog = house.partners.locations, house.catalog
    return [
        Moving(
            one, known[one.source].label, known[one.target].label,
            [
                (catalog.products[catalog.skus[sku].product].title, units)
                for sku, units in zip(one.skus, one.quantities, strict=True)
            ],
        )
        for one in found
    ]  # fmt: skip


def draft_in(form: Form) -> partners.LocationDraft:
    """Read the description of a location."""
    served = form.text("serves", longest=2_000, is_needed=False).upper().replace(";", ",").split(",")
    return partners.LocationDraft(
        name=form.text("name", longest=120), country=form.text("country", longest=2),
        city=form.text("city", longest=120, is_needed=False), postcode=form.text("postcode", longest=20, is_needed=False),
        region=form.text("region", longest=7, is_needed=False).upper(), line1=form.text("line1", is_needed=False),
        line2=form.text("line2", is_needed=False),
        handling_days=form.integer("handling_days", least=0, most=_HANDLING_DAYS_MAX, default=0),
        cut_off=minutes(form.text("cut_off", longest=5, is_needed=False)),
        priority=form.integer("priority", least=0, most=_PRIORITY_MAX, default=0),
        serves=tuple(one.strip() for one in served if one.strip()), takes_returns=form.has("takes_returns"),
    )  # fmt: skip


async def new_location(visit: Visit) -> Response:
    """Ask where the place is."""
    return await visit.show("sell_location.html", place=None, wrong={}, form=visit.form.fields)


async def open_location(visit: Visit) -> Response:
    """Open one more location."""
    try:
        new = locations.NewLocation(visit.seller, draft_in(visit.form), f"seller:{visit.seller}")
        await do(visit.caravan, locations.open_location, new)
    except (Invalid, partners.TooManyLocations) as refusal:
        wrong = wrong_field(refusal) if isinstance(refusal, Invalid) else {"name": str(refusal)}
        return await visit.show("sell_location.html", status=422, place=None, wrong=wrong, form=visit.form.fields)
    return visit.go("/sell/locations", "location_opened")


async def location(visit: Visit) -> Response:
    """Show one location, with all that can be changed about it."""
    return await _show_location(visit, {})


async def _show_location(visit: Visit, wrong: dict[str, str], status: int = 200) -> Response:
    number = LocationId(path_id(visit, LocationId))
    place = await ask(visit.caravan, locations.own_location, visit.seller, number)
    typed = {
        "name": place.label, "country": place.country, "city": place.city, "postcode": place.postcode,
        "region": place.region, "line1": place.line1, "line2": place.line2, "handling_days": str(place.handling_days),
        "cut_off": clock(place.cut_off), "priority": str(place.priority), "serves": ", ".join(place.serves),
        "takes_returns": "yes" if place.takes_returns else "",
    }  # fmt: skip
    form = visit.form.fields if visit.form.has("name") else typed
    return await visit.show("sell_location.html", status=status, place=place, wrong=wrong, form=form)


async def change_location(visit: Visit) -> Response:
    """Change a location, close it, or open it again."""
    number, form = LocationId(path_id(visit, LocationId)), visit.form
    wanted = form.fields.get("change", "")
    named = locations.Named(visit.seller, number)
    try:
        if wanted == "close":
            await do(visit.caravan, locations.close_location, named)
        elif wanted == "reopen":
            await do(visit.caravan, locations.reopen_location, named)
        else:
            changed = locations.Changed(visit.seller, number, draft_in(form), f"seller:{visit.seller}")
            await do(visit.caravan, locations.describe_location, changed)
    except Outage:
        raise
    except CaravanError as refusal:
        wrong = wrong_field(refusal) if isinstance(refusal, Invalid) else {"": _said(refusal)}
        return await _show_location(visit, wrong, 422)
    return visit.go("/sell/locations", {"close": "location_closed"}.get(wanted, "location_changed"))


def _said(refusal: CaravanError) -> str:
    return str(refusal) or (type(refusal).__doc__ or "")


async def move_stock(visit: Visit) -> Response:
    """Let units of a listing leave a location for another."""
    form = visit.form
    listing = ListingId(form.id(ListingId, "listing"))
    back = f"/sell/listings/{ids.text(ListingId, listing)}"
    sending = locations.Sending(
        visit.seller, LocationId(form.id(LocationId, "source")), LocationId(form.id(LocationId, "target")),
        ((listing, form.integer("units", least=1, most=1_000_000)),), form.text("reference", longest=100, is_needed=False),
        f"seller:{visit.seller}", form.has("arrived"),
    )  # fmt: skip
    await do(visit.caravan, locations.send_stock, sending)
    return visit.go(back, "stock_moved" if sending.arrives else "stock_sent")


async def end_move(visit: Visit) -> Response:
    """Say that a move has arrived, all of it or so many units of each line, or turn it back."""
    number, by = MoveId(path_id(visit, MoveId)), f"seller:{visit.seller}"
    move = await ask(visit.caravan, locations.own_move, visit.seller, number)
    try:
        if visit.form.fields.get("to") == "back":
            await do(visit.caravan, locations.turn_back, locations.TurningBack(visit.seller, number, by))
            return visit.go("/sell/locations", "stock_back")
        got = tuple(
            visit.form.integer(f"line-{line}", least=0, most=units, default=units)
            for line, units in enumerate(move.quantities)
        )
        await do(visit.caravan, locations.receive_move, locations.Arrival(visit.seller, number, by, got))
    except (Invalid, moves.MoveOver) as refusal:
        return await _show(visit, {"": _said(refusal)}, 422)
    return visit.go("/sell/locations", "stock_moved")


async def stock_list(visit: Visit) -> Response:
    """Give stock by location as CSV."""
    text = await ask(visit.caravan, stock_lists.write_counts, visit.seller)
    headers = {"content-disposition": 'attachment; filename="stock.csv"'}
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)


async def load_stock_list(visit: Visit) -> Response:
    """Bring stock to what a list says, or only look at it."""
    is_trial = visit.form.has("trial")
    try:
        text = visit.form.text("document", longest=_LIST_CHARACTERS_MAX)
        await do(visit.caravan, stock_lists.load_counts, stock_lists.Loading(visit.seller, text, is_trial))
    except Invalid as refusal:
        return await _show(visit, {"document": str(refusal)}, 422)
    return visit.go("/sell/locations", "stock_fits" if is_trial else "stock_counted")
