"""Operations on locations: open, change and close them; move stock between them; count it, as CSV."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta

from caravan.cell import Decision
from caravan.client import locations as wire
from caravan.client.wire import Page
from caravan.flows import locations, stock_lists
from caravan.flows.house import House
from caravan.kernel import ids
from caravan.kernel.clock import Instant, iso
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.ids import ListingId, LocationId, MoveId, SellerId, SkuId
from caravan.trade import ledger, moves
from caravan.web.api import cursors
from caravan.web.api.call import Call, Reply
from caravan.web.api.operations import OPERATOR, SELLER, Operation
from caravan.web.api.problems import PreconditionRequired
from caravan.web.api.resources import time
from caravan.world import partners

CSV = "text/csv; charset=utf-8"
_Number = Annotated[int, Meta(ge=0, le=2**62)]
_HOUR = 60


def clock(minutes: int) -> str:
    """Write minutes after midnight as a time of the day; nothing for none."""
    return f"{minutes // _HOUR:02}:{minutes % _HOUR:02}" if minutes else ""


def minutes(text: str) -> int:
    """Read a time of the day; nothing, and midnight, is none. Refuses what is no time as Invalid."""
    if not text:
        return 0
    hour, _, minute = text.partition(":")
    if not (hour.isdigit() and minute.isdigit() and int(hour) < 24 and int(minute) < _HOUR):  # noqa: PLR2004
        raise Invalid("A time of the day is written as 15:00.", field="cut_off")
    return int(hour) * _HOUR + int(minute)


def location(house: House, number: LocationId) -> wire.Location:
    """Show a location to its seller."""
    place = partners.location_of(house.partners, number)
    return wire.Location(
        id=ids.text(LocationId, number), seller=ids.text(SellerId, place.seller), name=place.label,
        country=place.country, city=place.city, postcode=place.postcode, region=place.region, line1=place.line1,
        line2=place.line2, handling_days=place.handling_days, cut_off=clock(place.cut_off), priority=place.priority,
        serves=list(place.serves), takes_returns=place.takes_returns, is_open=place.is_open, revision=place.revision,
    )  # fmt: skip


def move(house: House, number: MoveId) -> wire.Move:
    """Show a move to its seller."""
    found = moves.move_of(house.moves, number)
    nothing: list[int | None] = [None] * len(found.quantities)
    arrived: list[int | None] = [*found.arrived] or nothing
    return wire.Move(
        id=ids.text(MoveId, number), seller=ids.text(SellerId, found.seller), source=ids.text(LocationId, found.source),
        target=ids.text(LocationId, found.target), status=found.status.value, reference=found.reference,
        lines=[
            wire.MovedLine(
                listing=ids.text(ListingId, listing), sku=ids.text(SkuId, sku),
                title=house.catalog.products[house.catalog.skus[sku].product].title,
                option=house.catalog.skus[sku].option, quantity=quantity, arrived=got,
            )
            for listing, sku, quantity, got in zip(found.listings, found.skus, found.quantities, arrived, strict=True)
        ],
        sent_at=iso(found.sent_at), ended_at=time(found.ended_at),
    )  # fmt: skip


def _who(call: Call) -> str:
    return ids.text(SellerId, call.seller) if call.seller else "operator"


def _seller(call: Call, named: str | None, *, is_needed: bool = True) -> SellerId:
    """Give the seller who is acted for: the one who calls, or whom the operator names."""
    seller = SellerId(ids.number(SellerId, named)) if named is not None else SellerId(0)
    if not call.seller:
        if not seller and is_needed:
            raise Invalid("The operator has to name a seller.", field="seller")
        return seller
    if seller not in {0, call.seller}:
        raise NotFound("There is no such seller.")
    return call.seller


async def list_locations(call: Call) -> Reply:
    """List a seller's locations, those that are closed too, in the order in which they were opened."""
    query: wire.LocationsQuery = call.query
    seller, after = _seller(call, query.seller), cursors.read(query.after, _Number) or 0

    def show(house: House) -> list[wire.Location]:
        numbers = [one for one in partners.seller_of(house.partners, seller).locations if one > after]
        return [location(house, one) for one in numbers[: query.limit + 1]]

    found: list[wire.Location] = await call.ask(show)
    shown, has_more = found[: query.limit], len(found) > query.limit
    following = cursors.write(ids.number(LocationId, shown[-1].id)) if has_more else None
    return call.say(Page[wire.Location](data=shown, has_more=has_more, next=following))


async def open_location(call: Call) -> Reply:
    """Open one more location."""
    new: wire.NewLocation = call.body
    said = {name: value for name, value in msgspec.structs.asdict(new).items() if name != "seller"}
    draft = partners.LocationDraft(**said | {"cut_off": minutes(new.cut_off), "serves": tuple(new.serves)})
    return await call.do(
        locations.open_location, locations.NewLocation(_seller(call, new.seller), draft, _who(call)), location
    )


async def show_location(call: Call) -> Reply:
    """Show one."""
    number = LocationId(call.ids["location"])
    await call.ask(locations.own_location, call.seller, number)
    return call.say(await call.ask(location, number))


class _Edit(NamedTuple):
    seller: SellerId
    location: LocationId
    edit: wire.LocationEdit
    by: str
    revision: int | None


async def change_location(call: Call) -> Reply:
    """Change a location."""
    wanted = _Edit(call.seller, LocationId(call.ids["location"]), call.body, _who(call), call.revision)
    return await call.do(_change, wanted, location)


def _change(house: House, wanted: _Edit, *, now: Instant) -> Decision:
    """Change a location as it stands, so that what the edit does not name stays as it is at that moment."""
    place = locations.own_location(house, wanted.seller, wanted.location)
    said = msgspec.structs.asdict(wanted.edit)
    given = {name: value for name, value in said.items() if value is not msgspec.UNSET}
    if "cut_off" in given:
        given["cut_off"] = minutes(given["cut_off"])
    if "serves" in given:
        given["serves"] = tuple(given["serves"])
    draft = msgspec.structs.replace(partners.drafted(place), **given)
    changed = locations.Changed(wanted.seller, wanted.location, draft, wanted.by, wanted.revision)
    return locations.describe_location(house, changed, now=now)


async def close_location(call: Call) -> Reply:
    """Close a location where nothing is any more."""
    named = locations.Named(call.seller, LocationId(call.ids["location"]))
    return await call.do(locations.close_location, named, location)


async def reopen_location(call: Call) -> Reply:
    """Let a closed location send again."""
    named = locations.Named(call.seller, LocationId(call.ids["location"]))
    return await call.do(locations.reopen_location, named, location)


# Moves.


async def send_stock(call: Call) -> Reply:
    """Let units leave a location for another; they can be bought again once they have arrived."""
    new: wire.NewMove = call.body
    lines = tuple((ListingId(ids.number(ListingId, line.listing)), line.quantity) for line in new.lines)
    source, target = (LocationId(ids.number(LocationId, one)) for one in (new.source, new.target))
    wanted = locations.Sending(call.seller, source, target, lines, new.reference, _who(call), new.is_arrived)
    return await call.do(locations.send_stock, wanted, move)


async def list_moves(call: Call) -> Reply:
    """List a seller's moves, the newest first; the operator's list has everybody's."""
    query: wire.MovesQuery = call.query
    seller = _seller(call, query.seller, is_needed=False)
    before = cursors.read(query.after, _Number) or 2**62

    def show(house: House) -> list[wire.Move]:
        found = moves.moves_of(house.moves, seller, before=before, limit=query.limit + 1)
        return [move(house, MoveId(one.move)) for one in found]

    found: list[wire.Move] = await call.ask(show)
    shown, has_more = found[: query.limit], len(found) > query.limit
    following = cursors.write(ids.number(MoveId, shown[-1].id)) if has_more else None
    return call.say(Page[wire.Move](data=shown, has_more=has_more, next=following))


async def show_move(call: Call) -> Reply:
    """Show one."""
    number = MoveId(call.ids["move"])
    await call.ask(locations.own_move, call.seller, number)
    return call.say(await call.ask(move, number))


async def receive_move(call: Call) -> Reply:
    """Put what has arrived on the shelf where it went; what is missing is in no stock any more."""
    said = call.body.quantities
    arrival = locations.Arrival(
        call.seller, MoveId(call.ids["move"]), _who(call), None if said is None else tuple(said)
    )
    return await call.do(locations.receive_move, arrival, move)


async def turn_move_back(call: Call) -> Reply:
    """Call a move off: its units are on the shelf that they left."""
    return await call.do(
        locations.turn_back, locations.TurningBack(call.seller, MoveId(call.ids["move"]), _who(call)), move
    )


# Counts.


async def show_stock_list(call: Call) -> Reply:
    """Give a seller's stock by location as CSV, to be changed and loaded again."""
    seller = _seller(call, call.query.seller)
    text: str = await call.ask(stock_lists.write_counts, seller)
    return Reply(HTTPStatus.OK, text.encode(), CSV, {"content-disposition": 'attachment; filename="stock.csv"'})


async def load_stock_list(call: Call) -> Reply:
    """Bring stock to what a list as CSV says, all of it or none; every fault is told with its row, its field and why."""
    new: wire.NewCounts = call.body
    loading = stock_lists.Loading(_seller(call, new.seller), new.document, new.is_trial)

    def show(_: House, counted: locations.Counted) -> wire.Counted:
        return wire.Counted(**counted._asdict(), is_trial=new.is_trial)

    return await call.do(stock_lists.load_counts, loading, show)


_SELLERS = (SELLER, OPERATOR)
_Handler = Callable[[Call], Awaitable[Reply]]


def _moving(step: str, summary: str, handler: _Handler, request: type[msgspec.Struct] | None = None) -> Operation:
    return Operation(
        method="POST", path=f"/v1/moves/{{move}}/{step}", summary=summary, handler=handler, who=_SELLERS,
        scope="stock:write", request=request, response=wire.Move, key="required",
        refusals=(NotFound, Invalid, moves.MoveOver),
    )  # fmt: skip


OPERATIONS = (
    Operation(
        method="GET", path="/v1/locations", summary="List locations", handler=list_locations, who=_SELLERS,
        scope="catalog:read", query=wire.LocationsQuery, response=Page[wire.Location], refusals=(NotFound, Invalid),
    ),
    Operation(
        method="POST", path="/v1/locations", summary="Open a location", handler=open_location, who=_SELLERS,
        scope="stock:write", request=wire.NewLocation, response=wire.Location, status=HTTPStatus.CREATED,
        location="/v1/locations/{id}", key="optional", has_revision=True,
        refusals=(NotFound, Invalid, partners.TooManyLocations),
    ),
    Operation(
        method="GET", path="/v1/locations/{location}", summary="Show a location", handler=show_location, who=_SELLERS,
        scope="catalog:read", response=wire.Location, has_revision=True, refusals=(NotFound,),
    ),
    Operation(
        method="PATCH", path="/v1/locations/{location}", summary="Change a location", handler=change_location,
        who=_SELLERS, scope="stock:write", request=wire.LocationEdit, response=wire.Location, key="optional",
        has_revision=True, needs_revision=True,
        refusals=(NotFound, Invalid, PreconditionRequired, partners.StaleLocation),
    ),
    Operation(
        method="POST", path="/v1/locations/{location}/close", summary="Close a location", handler=close_location,
        who=_SELLERS, scope="stock:write", response=wire.Location, key="optional", has_revision=True,
        refusals=(NotFound, partners.WrongLocationState, partners.LastLocation, locations.LocationNotEmpty),
    ),
    Operation(
        method="POST", path="/v1/locations/{location}/reopen", summary="Open a closed location again",
        handler=reopen_location, who=_SELLERS, scope="stock:write", response=wire.Location, key="optional",
        has_revision=True, refusals=(NotFound, partners.WrongLocationState, partners.TooManyLocations),
    ),
    Operation(
        method="GET", path="/v1/moves", summary="List moves of stock", handler=list_moves, who=_SELLERS,
        scope="catalog:read", query=wire.MovesQuery, response=Page[wire.Move], refusals=(NotFound, Invalid),
    ),
    Operation(
        method="POST", path="/v1/moves", summary="Move stock to another location", handler=send_stock, who=_SELLERS,
        scope="stock:write", request=wire.NewMove, response=wire.Move, status=HTTPStatus.CREATED,
        location="/v1/moves/{id}", key="required",
        refusals=(NotFound, Invalid, ledger.OutOfStock, partners.WrongLocationState),
    ),
    Operation(
        method="GET", path="/v1/moves/{move}", summary="Show a move", handler=show_move, who=_SELLERS,
        scope="catalog:read", response=wire.Move, refusals=(NotFound,),
    ),
    _moving("arrival", "Say what of a move has arrived", receive_move, wire.MoveArrival),
    _moving("turn_back", "Call a move off", turn_move_back),
    Operation(
        method="GET", path="/v1/stock", summary="Give stock by location as CSV", handler=show_stock_list, who=_SELLERS,
        scope="catalog:read", query=wire.StockQuery, refusals=(NotFound, Invalid),
    ),
    Operation(
        method="POST", path="/v1/stock", summary="Load counted stock from CSV", handler=load_stock_list, who=_SELLERS,
        scope="stock:write", request=wire.NewCounts, response=wire.Counted, key="required",
        refusals=(NotFound, Invalid, locations.WrongCounts),
    ),
)  # fmt: skip
