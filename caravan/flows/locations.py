"""Locations: a seller opens places to send from, brings their stock into line, moves it between them, and closes them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from caravan.cell import Decision, Section
from caravan.flows import places, selling
from caravan.flows.house import House, as_facts, fold, integers
from caravan.kernel.clock import Instant
from caravan.kernel.errors import Invalid, NotFound, Refusal
from caravan.kernel.ids import ListingId, LocationId, MoveId, SellerId, SkuId
from caravan.trade import catalog, ledger, moves
from caravan.trade.ledger import Kind, Reason
from caravan.world import partners

COUNTS_MAX = 5_000


class LocationNotEmpty(Refusal):
    """There is stock at this location, something to send from it, or stock on its way to it."""


class NewLocation(NamedTuple):
    """A seller opens a location; `by` names the token's subject."""

    seller: SellerId
    draft: partners.LocationDraft
    by: str


class Changed(NamedTuple):
    """A location is to be as the draft says; seller 0 is the operator."""

    seller: SellerId
    location: LocationId
    draft: partners.LocationDraft
    by: str
    revision: int | None = None


class Named(NamedTuple):
    """A seller (0: the operator) means a location of theirs."""

    seller: SellerId
    location: LocationId


class Sending(NamedTuple):
    """Units of listings go from a location to another; with `arrives` they are there at once, without a way between."""

    seller: SellerId
    source: LocationId
    target: LocationId
    lines: tuple[tuple[ListingId, int], ...]
    reference: str
    by: str
    arrives: bool = False


class Arrival(NamedTuple):
    """A move has arrived: so many units of each of its lines, or all of them where that is not said."""

    seller: SellerId
    move: MoveId
    by: str
    quantities: tuple[int, ...] | None = None


class TurningBack(NamedTuple):
    """A move is called off."""

    seller: SellerId
    move: MoveId
    by: str


class Count(NamedTuple):
    """So many units of a listing are on the shelf of a location, those that checkouts hold among them."""

    listing: ListingId
    location: LocationId
    on_hand: int


class Counting(NamedTuple):
    """A seller counted what is on their shelves, all of it or a part; a trial changes nothing."""

    seller: SellerId
    counts: tuple[Count, ...]
    is_trial: bool = False


class Counted(NamedTuple):
    """What came of counts: how many there were, how many changed something, and units that came in and went out by them."""

    counts: int
    changed: int
    units_in: int
    units_out: int


class WrongCounts(Invalid):
    """Of a list of counts something is wrong; each fault is named with its row, its field and why. Nothing was changed."""

    def __init__(self, faults: Sequence[tuple[int, str, str]] = ()) -> None:
        told = [{"row": row, "field": field, "reason": reason} for row, field, reason in faults]
        super().__init__("\n".join(f"row {row}, {field}: {reason}" for row, field, reason in faults), faults=told)


def own_location(house: House, seller: SellerId, location: LocationId) -> partners.Location:
    """Give a location. Refuses another seller's (0 is the operator) as not found."""
    place = partners.location_of(house.partners, location)
    if seller and place.seller != seller:
        raise NotFound("There is no such location.")
    return place


def open_location(house: House, new: NewLocation, *, now: Instant) -> Decision:
    """Open one more location of a seller; give its number."""
    merchant = partners.seller_of(house.partners, new.seller)
    partners.require_room(house.partners, merchant.seller)
    location = LocationId(len(house.partners.locations))
    said = partners.describe_location(
        house.partners, new.draft, location=location, seller=merchant.seller, by=new.by, now=now
    )
    opened = partners.open_location(new.draft, location=location, seller=merchant.seller, now=now)
    return Decision(as_facts(opened, said), lambda: location)


def describe_location(house: House, changed: Changed, *, now: Instant) -> Decision:
    """Say what a location is like from now on; give its number."""
    place = own_location(house, changed.seller, changed.location)
    said = partners.describe_location(
        house.partners, changed.draft, location=place.location, seller=place.seller, by=changed.by, now=now,
        revision=changed.revision,
    )  # fmt: skip
    return Decision(as_facts(said), lambda: place.location)


def close_location(house: House, named: Named, *, now: Instant) -> Decision:
    """Close a location where nothing is any more; listings that are at home there get another. Gives its number.

    Refuses one with stock, with something bought that has not left it, or with stock on its way to it.
    """
    place = own_location(house, named.seller, named.location)
    closed = partners.close_location(house.partners, location=place.location, now=now)
    there = {name: int(_posted(house, kind, place.location).sum()) for name, kind in _THERE.items()}
    if any(there.values()):
        said = ", ".join(f"{units} units {words}" for units, words in zip(there.values(), _SAID, strict=True) if units)
        raise LocationNotEmpty(f"This location can't close yet: {said}. Move or send them first.", **there)
    others = [one.location for one in partners.open_locations(house.partners, place.seller)]
    target = next(one for one in others if one != place.location)
    homes = catalog.relocate(house.catalog, seller=place.seller, source=place.location, target=target, now=now)
    return Decision(as_facts(*homes, closed), lambda: place.location)


_THERE = {"on_hand": Kind.AVAILABLE, "committed": Kind.COMMITTED, "coming": Kind.MOVING}
_SAID = ("are on its shelves", "wait to be sent from it", "are on their way to it")


def _posted(house: House, kind: Kind, location: int) -> np.ndarray:
    accounts = house.ledger.accounts
    found: np.ndarray = accounts.posted[(accounts.kind == kind) & (accounts.owner == location)]
    return found


def reopen_location(house: House, named: Named, *, now: Instant) -> Decision:
    """Let a closed location send again; give its number."""
    place = own_location(house, named.seller, named.location)
    fact = partners.reopen_location(house.partners, location=place.location, now=now)
    return Decision(as_facts(fact), lambda: place.location)


# Moves.


def send_stock(house: House, sending: Sending, *, now: Instant) -> Decision:
    """Let units leave a location for another; give the move. Refuses more than is free there.

    On the way they can't be bought; they can again once they have arrived.
    """
    seller = sending.seller or own_location(house, sending.seller, sending.source).seller
    for location in (sending.source, sending.target):
        if not own_location(house, seller, location).is_open:
            raise partners.WrongLocationState("This location is closed.")
    for listing, _ in sending.lines:
        selling.own_listing(house, seller=seller, listing=listing)
    skus = [SkuId(int(house.catalog.listings.sku[listing])) for listing, _ in sending.lines]
    quantities = [quantity for _, quantity in sending.lines]
    sent = moves.send_stock(
        house.moves, seller=seller, source=sending.source, target=sending.target,
        listings=[listing for listing, _ in sending.lines], skus=skus, quantities=quantities,
        reference=sending.reference, by=sending.by, now=now,
    )  # fmt: skip
    _require_free(house, sending)
    between = ((Kind.AVAILABLE, sending.source), (Kind.MOVING, sending.target))
    facts: list[Section] = []
    _shift(house, between, skus, quantities, (Reason.STOCK_SENT, sent.move), facts, now=now)
    facts += fold(house, as_facts(sent))
    if sending.arrives:
        _arrive(house, Arrival(seller, sent.move, sending.by), facts, now=now)
    return Decision(facts, lambda: sent.move)


def _require_free(house: House, sending: Sending) -> None:
    """Refuse more units than are free where they would leave; nothing was changed for it."""
    for place, (listing, quantity) in enumerate(sending.lines):
        sku = int(house.catalog.listings.sku[listing])
        posted, held = ledger.balance(house.ledger, Kind.AVAILABLE, owner=sending.source, unit=sku)
        if posted - held < quantity:
            raise ledger.OutOfStock(
                f"Only {posted - held} are free there.", sku=sku, available=posted - held, line=place
            )


def own_move(house: House, seller: SellerId, number: MoveId) -> moves.Move:
    """Give a move. Refuses another seller's (0 is the operator) as not found."""
    move = moves.move_of(house.moves, number)
    if seller and move.seller != seller:
        raise NotFound("There is no such move.")
    return move


def receive_move(house: House, arrival: Arrival, *, now: Instant) -> Decision:
    """Put what of a move has arrived on the shelf where it went; what is missing is in no stock any more. Gives the move."""
    facts: list[Section] = []
    _arrive(house, arrival, facts, now=now)
    return Decision(facts, lambda: arrival.move)


def _arrive(house: House, arrival: Arrival, facts: list[Section], *, now: Instant) -> None:
    move = own_move(house, arrival.seller, arrival.move)
    quantities = list(move.quantities if arrival.quantities is None else arrival.quantities)
    arrived = moves.receive_move(move, quantities=quantities, by=arrival.by, now=now)
    target, reason = LocationId(move.target), (Reason.STOCK_ARRIVED, arrived.move)
    _shift(house, ((Kind.MOVING, target), (Kind.AVAILABLE, target)), move.skus, quantities, reason, facts, now=now)
    missing = [sent - got for sent, got in zip(move.quantities, quantities, strict=True)]
    _shift(house, ((Kind.MOVING, target), (Kind.SUPPLIED, 0)), move.skus, missing, reason, facts, now=now)
    facts += fold(house, as_facts(arrived))


def turn_back(house: House, turning: TurningBack, *, now: Instant) -> Decision:
    """Call a move off: its units are on the shelf that they left, or where that closed, on another. Gives the move."""
    move = own_move(house, turning.seller, turning.move)
    fact = moves.turn_back(move, by=turning.by, now=now)
    back = partners.returns_to(house.partners, LocationId(move.source))
    if house.partners.locations[move.source].is_open:
        back = LocationId(move.source)
    facts: list[Section] = []
    between = ((Kind.MOVING, move.target), (Kind.AVAILABLE, back))
    _shift(house, between, move.skus, move.quantities, (Reason.STOCK_TURNED_BACK, fact.move), facts, now=now)
    facts += fold(house, as_facts(fact))
    return Decision(facts, lambda: turning.move)


def _shift(  # What is shifted, between what, and why.
    house: House, between: tuple[tuple[Kind, int], tuple[Kind, int]], skus: Sequence[int], quantities: Sequence[int],
    why: tuple[Reason, int], facts: list[Section], *, now: Instant,
) -> None:  # fmt: skip
    """Move units that are there from one account to another."""
    rows = [row for row, quantity in enumerate(quantities) if quantity]
    if not rows:
        return
    book, units, amounts = (
        house.ledger,
        integers([skus[row] for row in rows]),
        integers([quantities[row] for row in rows]),
    )
    legs, one = ledger.Legs(), np.zeros(len(rows), np.int64)
    for (kind, owner), sign in zip(between, (-1, 1), strict=True):
        facts += places.open_shelf(house, owner, units, now=now) if kind == Kind.AVAILABLE else []
        accounts, opened = ledger.open_accounts(book, kind, owners=owner, units=units, at=now)
        facts += opened
        legs.post(one, accounts=accounts, amounts=sign * amounts)
    reason, reference = why
    outcomes = ledger.record(book, legs, reason=reason, references=integers(reference), at=integers(now))
    assert outcomes.recorded.all(), "What is free can leave, and what is on its way can arrive."
    facts += outcomes.facts


# Counts.


def set_stock(house: House, counting: Counting, *, now: Instant) -> Decision:
    """Bring stock to what was counted, all of it or none; give a Counted. Refuses as WrongCounts with every fault.

    What checkouts hold is on hand; what was bought and waits to be sent is not. A count below what is held is refused.
    """
    faults = list(_faults(house, counting))
    if faults:
        raise WrongCounts(faults)
    facts: list[Section] = []
    changes = [(one, one.on_hand - _on_hand(house, one.listing, one.location)) for one in counting.counts]
    changed = [(one, change) for one, change in changes if change]
    for one, change in () if counting.is_trial else changed:
        receipt = selling.stock_receipt(one.listing, change, at=now, location=one.location)
        selling.take_stock(house, receipt, facts, now=now)
    counted = Counted(
        len(changes), len(changed), sum(change for _, change in changed if change > 0),
        -sum(change for _, change in changed if change < 0),
    )  # fmt: skip
    return Decision(facts, lambda: counted)


def _on_hand(house: House, listing: int, location: int) -> int:
    sku = int(house.catalog.listings.sku[listing])
    return ledger.balance(house.ledger, Kind.AVAILABLE, owner=location, unit=sku)[0]


def _faults(house: House, counting: Counting) -> list[tuple[int, str, str]]:
    """Give all that is wrong with counts: the row (from 1), the field, and why."""
    found, seen = list[tuple[int, str, str]](), dict[tuple[int, int], int]()
    if not 0 < len(counting.counts) <= COUNTS_MAX:
        return [(0, "file", f"A list has 1 to {COUNTS_MAX} counts.")]
    table, known = house.catalog.listings, house.partners.locations
    for row, (listing, location, on_hand) in enumerate(counting.counts, 1):
        is_known = 0 < listing < len(table) and counting.seller in {0, int(table.seller[listing])}
        if not is_known:
            found.append((row, "listing", "There is no such listing of yours."))
        if not 0 < location < len(known) or (is_known and known[location].seller != table.seller[listing]):
            found.append((row, "location", "There is no such location of yours."))
            continue
        if not known[location].is_open:
            found.append((row, "location", "This location is closed."))
        if not is_known:
            continue
        place = location, int(table.sku[listing])
        if place in seen:
            found.append((row, "listing", f"Row {seen[place]} has counted this SKU there already."))
        seen.setdefault(place, row)
        held = ledger.balance(house.ledger, Kind.AVAILABLE, owner=location, unit=place[1])[1]
        if not 0 <= on_hand <= selling.UNITS_PER_RECEIPT_MAX:
            found.append((row, "on_hand", f"Is 0 to {selling.UNITS_PER_RECEIPT_MAX}."))
        elif on_hand < held:
            found.append((row, "on_hand", f"{held} are held by checkouts just now: count them too, or wait."))
    return found


def counts_of(house: House, seller: SellerId, *, after: int, limit: int) -> list[tuple[ListingId, places.Lying]]:
    """Give where a seller's units are, listing by listing from one on, and how many listings that were at most."""
    table = house.catalog.listings
    numbers = np.flatnonzero((table.seller == seller) & (table.status != catalog.ListingStatus.RETIRED))
    chosen = numbers[numbers > after][:limit].tolist()
    return [(ListingId(one), spot) for one in chosen for spot in places.lying(house, ListingId(one))]
