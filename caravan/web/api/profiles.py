"""Operations on profiles and segments: what is known of a person, for whom a rule holds, and who comes and goes."""

from http import HTTPStatus

from starlette.concurrency import run_in_threadpool

from caravan.client import wire
from caravan.flows import profiles as knowing
from caravan.flows import tables
from caravan.flows.house import House
from caravan.insight import profiles
from caravan.kernel import ids
from caravan.kernel.errors import Invalid, NotFound
from caravan.kernel.ids import BuyerId
from caravan.kernel.money import numeric
from caravan.web import asking, profiling
from caravan.web.api import cursors
from caravan.web.api.call import Call, Reply
from caravan.web.api.operations import BUYER, OPERATOR, Operation

_READ, _WRITE = "profiles:read", "profiles:write"
_ARROW, _CSV = "application/vnd.apache.arrow.stream", "text/csv; charset=utf-8"


async def list_traits(call: Call) -> Reply:
    """List every trait: what it means, the facts that it is made of, how long these count, and what the person sees."""
    return call.say(await call.ask(_traits))


def _traits(house: House, _: object = None) -> wire.TraitCatalog:
    market = house.markets.market
    return profiling.catalog_of(market.currency if market is not None else "EUR", house.profiles.forecast)


async def set_forecast(call: Call) -> Reply:
    """Let a forecast hold that was learned with caravan profiles learn; estimates are made with it from now on."""
    new: wire.NewForecast = call.body
    told = {name: getattr(new, name) for name in ("r", "alpha", "a", "b", "p", "q", "v", "level", "covered", "buyers")}
    forecast = profiles.Forecast(**told, unit=numeric(new.currency), learned_at=call.now)
    return await call.do(knowing.take_forecast, forecast, _traits)


async def show_buyer_profile(call: Call) -> Reply:
    """Show what is known of whom a buyer is, with every buyer that is tied to them."""
    return call.say(profiling.profile_shown(await _person(call, buyer=call.ids["buyer"])))


async def show_identity_profile(call: Call) -> Reply:
    """Show what is known of an identity."""
    return call.say(profiling.profile_shown(await _person(call, identity=call.ids["identity"])))


async def show_my_profile(call: Call) -> Reply:
    """Show a buyer what is known of them and from where, but for what compares them with others."""
    return call.say(profiling.profile_shown(await _person(call, buyer=call.buyer), is_own=True))


async def _person(call: Call, *, buyer: int = 0, identity: int = 0) -> knowing.Profile:
    return await run_in_threadpool(call.caravan.profiles.person, buyer=buyer, identity=identity)


async def count_segment(call: Call) -> Reply:
    """Say how many people a rule holds for and how many of them the purpose leaves out; nothing is kept."""
    asked: wire.SegmentQuestion = call.body
    rule = profiles.read_rule(asked.rule)
    counted = await run_in_threadpool(
        call.caravan.profiles.count, rule, asked.purpose, needs_consent=asked.needs_consent
    )
    return call.say(profiling.count_shown(counted))


async def list_segments(call: Call) -> Reply:
    """List all segments with how many are in each now."""
    found = await call.ask(lambda house: profiles.segments(house.profiles))
    desk = call.caravan.profiles
    shown = await run_in_threadpool(lambda: [profiling.segment_shown(desk, one) for one in found])
    return call.say(wire.Segments(data=shown))


async def set_segment(call: Call) -> Reply:
    """Set a segment: from now on it is whoever its rule holds for. One of the same name is set anew."""
    new: wire.NewSegment = call.body
    wanted = knowing.NewSegment(new.name, new.rule, new.purpose, new.needs_consent)
    return await call.do(knowing.set_segment, wanted, _set_now)


def _set_now(house: House, number: int) -> wire.SegmentSet:
    known = profiles.segment_of(house.profiles, number)
    return profiling.set_shown(known)


async def show_segment(call: Call) -> Reply:
    """Show a segment with how many are in it now."""
    known = await _segment(call)
    return call.say(await run_in_threadpool(profiling.segment_shown, call.caravan.profiles, known))


async def drop_segment(call: Call) -> Reply:
    """Let a segment be no more."""
    return await call.do(knowing.drop_segment, call.ids["segment"], lambda _, _number: None)


async def list_members(call: Call) -> Reply:
    """List who is in a segment now, in pages; with `format` csv or arrow all of them at once, a row a buyer."""
    query: wire.MembersQuery = call.query
    known, desk = await _segment(call), call.caravan.profiles
    if query.format != "json":
        table, _ = await run_in_threadpool(tables.members_of, desk, known)
        if query.format == "csv":
            return Reply(HTTPStatus.OK, tables.csv_of(table), _CSV)
        return Reply(HTTPStatus.OK, asking.stream_of(table), _ARROW)
    after = cursors.read(query.after, int)
    members = await run_in_threadpool(desk.members, known)
    found = desk.in_groups(members, after=after, limit=query.limit + 1)
    shown, has_more = found[: query.limit], len(found) > query.limit
    last = shown[-1] if shown else None
    return call.say(
        wire.Page[wire.SegmentMember](
            data=[
                wire.SegmentMember(
                    identity=tables.identity_text(one.identity), buyers=[ids.text(BuyerId, buyer) for buyer in one.buyers]
                )
                for one in shown
            ],
            has_more=has_more, next=cursors.write(last.identity or -last.buyers[0]) if has_more and last else None,
        )
    )  # fmt: skip


async def list_changes(call: Call) -> Reply:
    """Say who entered a segment and who left since an answer's `next`: so it is subscribed to, by asking when it suits.

    What a `next` stands for is kept in memory, of the last 64 answers; one that is no longer known is answered with a reset.
    """
    query: wire.ChangesQuery = call.query
    known = await _segment(call)
    stamp = cursors.read(query.after, str) or ""
    found = await run_in_threadpool(call.caravan.profiles.changes, known, stamp, limit=query.limit)
    return call.say(
        wire.SegmentChanges(
            data=[
                wire.SegmentChange(
                    identity=tables.identity_text(one.key), buyer=ids.text(BuyerId, -one.key) if one.key < 0 else None,
                    has_entered=one.has_entered,
                )
                for one in found.changes
            ],
            next=cursors.write(found.stamp), has_more=found.has_more, is_reset=found.is_reset, position=found.position,
        )
    )  # fmt: skip


async def _segment(call: Call) -> profiles.Segment:
    known: profiles.Segment = await call.ask(lambda house: profiles.segment_of(house.profiles, call.ids["segment"]))
    return known


OPERATIONS = (
    Operation(
        method="GET", path="/v1/profiles/traits", summary="List what a profile says", handler=list_traits, who=(OPERATOR,),
        scope=_READ, response=wire.TraitCatalog,
    ),
    Operation(
        method="PUT", path="/v1/profiles/forecast", summary="Take up what was learned", handler=set_forecast, who=(OPERATOR,),
        scope=_WRITE, request=wire.NewForecast, response=wire.TraitCatalog, refusals=(Invalid,),
    ),
    Operation(
        method="GET", path="/v1/buyers/me/profile", summary="Show my profile", handler=show_my_profile, who=(BUYER,),
        response=wire.Profile, refusals=(NotFound,),
    ),
    Operation(
        method="GET", path="/v1/buyers/{buyer}/profile", summary="Show a buyer's profile", handler=show_buyer_profile,
        who=(OPERATOR,), scope=_READ, response=wire.Profile, refusals=(NotFound,),
    ),
    Operation(
        method="GET", path="/v1/identities/{identity}/profile", summary="Show an identity's profile",
        handler=show_identity_profile, who=(OPERATOR,), scope=_READ, response=wire.Profile, refusals=(NotFound,),
    ),
    Operation(
        method="POST", path="/v1/segments/count", summary="Count before saving", handler=count_segment, who=(OPERATOR,),
        scope=_READ, request=wire.SegmentQuestion, response=wire.SegmentCount, refusals=(profiles.WrongRule,),
    ),
    Operation(
        method="GET", path="/v1/segments", summary="List segments", handler=list_segments, who=(OPERATOR,), scope=_READ,
        response=wire.Segments,
    ),
    Operation(
        method="POST", path="/v1/segments", summary="Set a segment", handler=set_segment, who=(OPERATOR,), scope=_WRITE,
        request=wire.NewSegment, response=wire.SegmentSet, key="optional",
        refusals=(profiles.WrongRule, profiles.TooManySegments, Invalid),
    ),
    Operation(
        method="GET", path="/v1/segments/{segment}", summary="Show a segment", handler=show_segment, who=(OPERATOR,),
        scope=_READ, response=wire.Segment, refusals=(NotFound,),
    ),
    Operation(
        method="DELETE", path="/v1/segments/{segment}", summary="Drop a segment", handler=drop_segment, who=(OPERATOR,),
        scope=_WRITE, status=HTTPStatus.NO_CONTENT, refusals=(NotFound,),
    ),
    Operation(
        method="GET", path="/v1/segments/{segment}/members", summary="List who is in a segment", handler=list_members,
        who=(OPERATOR,), scope=_READ, query=wire.MembersQuery, response=wire.Page[wire.SegmentMember],
        refusals=(NotFound,),
    ),
    Operation(
        method="GET", path="/v1/segments/{segment}/changes", summary="Follow a segment", handler=list_changes, who=(OPERATOR,),
        scope=_READ, query=wire.ChangesQuery, response=wire.SegmentChanges, refusals=(NotFound,),
    ),
)  # fmt: skip
