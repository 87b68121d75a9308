"""Operations that take behavior events as Segment's SDKs send them: change the host and the write key, and they arrive.

A message that says nothing that is used here is skipped and the answer says why; it is never an error, because what sends
them would try the same again for days. One with a messageId has its effect once, however often it is sent.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from concurrent.futures import Future
from http import HTTPStatus
from typing import Any

from caravan.cell import Answer, Key
from caravan.client import wire
from caravan.flows import discovering, lookalikes, tracking
from caravan.flows.house import House
from caravan.insight import discovery, oneid
from caravan.kernel import ids
from caravan.kernel.errors import Invalid, Refusal
from caravan.kernel.ids import BuyerId, ListingId, ProductId
from caravan.web import access, suggesting
from caravan.web.api.call import Call, Reply
from caravan.web.api.operations import OPERATOR, PUBLIC, Operation
from caravan.web.api.problems import MissingScope, Unauthenticated

EVENTS = "events:write"
TIES = "identities:write"
_SIGNALS = {
    "product viewed": discovery.Signal.VIEWED, "product clicked": discovery.Signal.CLICKED,
    "product added": discovery.Signal.CARTED,
}  # fmt: skip
_PURPOSES = frozenset({"analytics", "personalization", "functional"})
_ROBOTS = ("bot", "crawl", "spider", "slurp", "headless", "monitor")
_NOBODY = BuyerId(0)
_SCOPE_BYTES = 16
_PLACE_MAX = 1_000
_LEFT = "product left"
_DURATION_MAX = 1e9


class _Skipped(Exception):
    """Why a message is not used."""


async def track_event(call: Call) -> Reply:
    """Take what somebody did: products that were viewed, clicked or added become signals."""
    return await _take(call, "track", [call.body])


async def identify_person(call: Call) -> Reply:
    """Take who somebody is: their identifiers are tied, if the write key may tie."""
    return await _take(call, "identify", [call.body])


async def alias_person(call: Call) -> Reply:
    """Take that two names are of one person."""
    return await _take(call, "alias", [call.body])


async def note_page(call: Call) -> Reply:
    """Take that a page was looked at: of a product's, for how long, where that is told."""
    return await _take(call, "page", [call.body])


async def note_screen(call: Call) -> Reply:
    """Take that a screen of an app was looked at: of a product's, for how long, where that is told."""
    return await _take(call, "screen", [call.body])


async def note_group(call: Call) -> Reply:
    """Take that somebody belongs to a group; nothing is made of it yet."""
    return await _take(call, "group", [call.body])


async def take_batch(call: Call) -> Reply:
    """Take up to 500 messages of any type, in order."""
    body: wire.TrackedBatch = call.body
    return await _take(call, "", body.batch)


async def _take(call: Call, kind: str, messages: Sequence[wire.TrackedMessage]) -> Reply:
    bearer = await _admitted(call)
    skipped: list[wire.SkippedEvent] = []
    taken: list[tuple[wire.TrackedMessage, Future[Any]]] = []
    for message in messages:
        try:
            wanted = await _read(call, kind or message.type, message, may_tie=TIES in bearer.scopes)
        except _Skipped as why:
            skipped.append(wire.SkippedEvent(message_id=message.message_id or None, reason=str(why)))
            continue
        taken.append((message, _submitted(call, bearer, message, wanted)))
    for message, future in taken:
        try:
            await asyncio.wrap_future(future)
        except Refusal as refusal:
            skipped.append(wire.SkippedEvent(message_id=message.message_id or None, reason=str(refusal)))
    return call.say(wire.EventsTaken(noted=len(messages) - len(skipped), skipped=skipped))


async def _admitted(call: Call) -> access.Bearer:
    """Give whose write key this is: Basic's user, a bearer token, or, from a page that can set no header, in the body."""
    bearer = call.bearer
    if bearer is None and call.body.write_key:
        bearer = await access.bearer_of(call.caravan, call.body.write_key)
    if bearer is None or bearer.audience != OPERATOR:
        raise Unauthenticated("Show a write key: a token of the operator with the scope events:write.")
    if EVENTS not in bearer.scopes:
        raise MissingScope(f"This needs the scope {EVENTS}.", scope=EVENTS)
    return bearer


def _submitted(
    call: Call, bearer: access.Bearer, message: wire.TrackedMessage, wanted: tracking.Tracked
) -> "Future[Any]":
    cell = call.caravan.cell
    call.caravan.noting.flush()  # What is clicked on was shown before.
    if not message.message_id:
        return cell.submit(tracking.track, wanted, is_many=True)
    meant = hashlib.sha256(f"events\0{bearer.audience}\0{message.message_id}".encode()).digest()
    return cell.submit(
        tracking.track, wanted, is_many=True, key=Key(meant[:_SCOPE_BYTES], meant),
        render=lambda _: Answer(HTTPStatus.OK, b""),
    )  # fmt: skip


async def _read(call: Call, kind: str, message: wire.TrackedMessage, *, may_tie: bool) -> tracking.Tracked:
    """Read a message; raises _Skipped with why it is of no use."""
    agent = str(message.context.get("userAgent", "")).lower()
    if any(word in agent for word in _ROBOTS):
        raise _Skipped("robot")
    if _is_forbidden(message.context.get("consent")):
        raise _Skipped("no_consent")
    if kind in {"track", "page", "screen"}:
        return tracking.Tracked(doings=await _doings(call, kind, message))
    if kind in {"identify", "alias"}:
        return tracking.Tracked(seen=_seen(call, kind, message, may_tie=may_tie))
    raise _Skipped("not_used")


def _is_forbidden(consent: object) -> bool:
    preferences = consent.get("categoryPreferences") if isinstance(consent, dict) else None
    told = preferences.items() if isinstance(preferences, dict) else ()
    return any(str(name).lower() in _PURPOSES and allowed is False for name, allowed in told)


async def _doings(call: Call, kind: str, message: wire.TrackedMessage) -> discovering.Doings:
    event = (message.event or "").strip().lower() if kind == "track" else _LEFT
    signal, dwell_ms = _SIGNALS.get(event), _dwell_ms(message.properties)
    if signal is None and (event != _LEFT or dwell_ms is None):
        raise _Skipped("not_used")
    who = message.anonymous_id or message.user_id
    if not who:
        raise _Skipped("nobody")
    told = message.properties
    product = await call.ask(_product, str(told.get("product_id") or ""), str(told.get("sku") or ""))
    if not product:
        raise _Skipped("unknown_product")
    surface = str(told.get("list_id") or "")
    place = told.get("position")
    # Segment counts places from 1.
    position = place - 1 if isinstance(place, int) and 0 < place <= _PLACE_MAX else -1
    doings: list[discovering.Doing | discovering.Left] = []
    if signal is not None:
        doings.append(
            discovering.Doing(product, signal, surface if surface in discovery.SURFACES else "", position)
        )  # fmt: skip
    if dwell_ms is not None and signal in {None, discovery.Signal.VIEWED}:
        doings.append(discovering.Left(product, dwell_ms))
    return discovering.Doings(suggesting.mark_of(call.caravan, str(who)), _NOBODY, tuple(doings))


def _dwell_ms(told: dict[str, Any]) -> int | None:
    """Give for how long a page was seen: as `dwell_ms`, or as `duration` in seconds; None where neither says it."""
    for name, factor in (("dwell_ms", 1), ("duration", 1_000)):
        value = told.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _DURATION_MAX:
            return min(round(value * factor), discovery.DWELL_MS_MAX)
    return None


def _product(house: House, *named: str) -> ProductId:
    """Give the product that is named by its id or one of its listings'; 0 where there is none."""
    for name in named:
        for kind, count in ((ProductId, len(house.catalog.products)), (ListingId, len(house.catalog.listings))):
            try:
                number = ids.number(kind, name)
            except Invalid:
                continue
            if 0 < number < count:
                return discovering.product_of(house, ListingId(number)) if kind is ListingId else ProductId(number)
    return ProductId(0)


def _seen(call: Call, kind: str, message: wire.TrackedMessage, *, may_tie: bool) -> oneid.Observations:
    if not may_tie:
        raise _Skipped("key_may_not_tie")
    named = [(oneid.Type.LOGIN, message.user_id)]
    if kind == "alias":
        named.append((oneid.Type.COOKIE, message.previous_id))
    else:
        traits = message.traits
        named.append((oneid.Type.COOKIE, message.anonymous_id))
        named += [
            (oneid.Type[trait.upper()], traits.get(trait))
            for trait in ("email", "phone")
            if traits.get(f"{trait}_verified") is True
        ]
    group: list[tuple[oneid.Type, str]] = []
    for of, value in named:
        try:
            oneid.normal(of, str(value or ""))
        except (Invalid, Refusal):
            continue  # Empty, or a value that stands for nobody.
        group.append((of, str(value)))
    if len(group) < 2:  # noqa: PLR2004  # One alone ties nothing.
        raise _Skipped("nothing_to_tie")
    return lookalikes.marked(call.caravan.vault, [group], ["events"])


OPERATIONS = tuple(
    Operation(
        method="POST", path=path, summary=summary, handler=handler, who=(PUBLIC, OPERATOR), request=request,
        response=wire.EventsTaken, takes_write_key=True, is_open_to_browsers=True, refusals=(MissingScope,),
    )
    for path, summary, handler, request in (
        ("/v1/track", "Take an event as Segment's SDKs send it", track_event, wire.TrackedMessage),
        ("/v1/identify", "Take who somebody is", identify_person, wire.TrackedMessage),
        ("/v1/alias", "Take that two names are of one person", alias_person, wire.TrackedMessage),
        ("/v1/page", "Take that a page was looked at", note_page, wire.TrackedMessage),
        ("/v1/screen", "Take that a screen was looked at", note_screen, wire.TrackedMessage),
        ("/v1/group", "Take that somebody belongs to a group", note_group, wire.TrackedMessage),
        ("/v1/batch", "Take events of any type together", take_batch, wire.TrackedBatch),
    )
)  # fmt: skip
