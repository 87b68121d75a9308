"""Promises: what the house knows of journeys, the desk that answers with dates, and the facts that come of it."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from caravan.cell import Decision
from caravan.flows.house import House, integers
from caravan.flows.places import lying, sent_from
from caravan.kernel.clock import DAY, MINUTE, SECOND, Instant
from caravan.kernel.errors import Invalid, NotFound, Outage
from caravan.kernel.ids import ListingId, OrderId, ParcelId, SellerId
from caravan.trade import delivery
from caravan.world import partners

JOURNEYS_MAX = 300_000  # The latest count; what is older says little of today.
PROMISES_AT_ONCE_MAX = 8_192
PROMISED_WITHIN = 60 * MINUTE  # An older order was brought in, or placed while nothing ran: nobody was told a date.
LEARN_EVERY = DAY
RECALIBRATE_AFTER = 5 * SECOND  # since the last time, when there are new facts
RECALIBRATE_EVERY = 10 * MINUTE  # without any, because time passes for what is open
_AREA_CHARACTERS = 2


class NotLearned(Outage):
    """Delivery dates are being learned, which takes a moment after a start: ask again then."""


class Quote(NamedTuple):
    """A date that somebody is told: the parcel arrives by the end of that day with this probability."""

    promised_at: int
    median_at: int
    probability: float
    model: str
    basis: str
    parcels: int
    is_new_seller: bool
    sentence: str


@dataclass(frozen=True)
class Notes:
    """Dates to note for orders, with why and by what they were made."""

    orders: np.ndarray
    sellers: np.ndarray
    dates: delivery.Dates
    why: Sequence[delivery.Reasons]
    model: str
    origins: Sequence[str]
    destinations: Sequence[str]
    level: float


class Later(NamedTuple):
    """Later days for orders whose promise will probably be missed."""

    orders: np.ndarray
    days: np.ndarray


class Regions:
    """Numbers for names of regions and areas; a name keeps its number, so that what was learned stays good."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._numbers: dict[str, int] = {}

    def number(self, name: str) -> int:
        """Give the number of a name, a new one where it was not known; -1 for no name."""
        if not name:
            return -1
        if name not in self._numbers:
            self._numbers[name] = len(self.names)
            self.names.append(name)
        return self._numbers[name]


class Desk:
    """Where promises are asked for: what was learned and how things move now, replaced whole when facts come in.

    Nothing here is kept: it is a view of the log, learned anew at a start. Questions may come from any thread.
    """

    def __init__(self) -> None:
        self.regions, self.areas = Regions(), Regions()
        self._now: tuple[delivery.Trained, delivery.Calibration] | None = (
            None  # Replaced whole: the two belong together.
        )
        self._seen: tuple[int, ...] = ()
        self._busy = threading.Lock()

    def look(self, house: House) -> tuple[delivery.Journeys, delivery.Made, tuple[int, ...]]:
        """Copy what the house knows of journeys and promises; call it where the house stands still."""
        return journeys(house, self.regions, self.areas), _made(house), _versions(house)

    def is_due(self, house: House, now: Instant) -> bool:
        """Whether facts came in that promises should know of, or enough time passed."""
        if self._now is None:
            return True
        passed = now - self._now[1].at
        return passed >= RECALIBRATE_EVERY or (passed >= RECALIBRATE_AFTER and self._seen != _versions(house))

    def learn(
        self, seen: tuple[delivery.Journeys, delivery.Made, tuple[int, ...]], now: Instant,
        progress: Callable[[str, int, int], None] = lambda *_: None,
    ) -> None:  # fmt: skip
        """Set everything by what was seen: anew from the ground up once a day, and the calibration each time."""
        found, made, versions = seen
        with self._busy:
            trained = self._now[0] if self._now else None
            if trained is None or now - trained.at >= LEARN_EVERY or not trained.is_learned:
                trained = delivery.train(found, now=now, progress=progress)
            fresh = delivery.calibrate(trained, found, now=now)
            self._now = trained, delivery.steer(trained, fresh, found, made, level=fresh.level)
            self._seen = versions

    def current(self) -> tuple[delivery.Trained, delivery.Calibration]:
        """Give what answers stand on. Refuses before anything was learned, which takes a moment after a start."""
        if self._now is None:
            raise NotLearned
        return self._now


def journeys(house: House, regions: Regions, areas: Regions) -> delivery.Journeys:
    """Give what the house knows of the latest orders, one row each in the order of their numbers."""
    table, first = house.orders.orders, max(1, len(house.orders.orders) - JOURNEYS_MAX)
    orders = np.arange(first, len(table))
    lines = table.first_line[orders]
    listing_places = house.orders.lines.location[lines] if len(orders) else lines
    origins, origin_area = _places(house, regions, areas)
    destinations = _destinations(house, regions)
    handed = np.zeros(len(table), np.int64)
    sent = house.delivery.parcels
    # Written backwards, so that an order's first parcel that has left is the one that stays.
    left = np.flatnonzero(sent.handed_over_at)[::-1]
    handed[sent.order[left]] = sent.handed_over_at[left]
    shipping = np.zeros(len(table), np.int64)
    np.add.at(shipping, house.orders.lines.order[1:], house.orders.lines.shipping[1:])
    nothing = np.zeros(len(orders), np.int64)
    return delivery.Journeys(
        sellers=table.seller[orders], origins=origins[listing_places],
        destinations=destinations[house.orders.purchases.address[table.purchase[orders]], 0]
        if len(orders) else nothing,
        origin_area=origin_area[listing_places], destination_area=nothing - 1, distance_km=nothing + np.nan,
        weight_grams=nothing, shipping_minor=shipping[orders], placed_at=table.placed_at[orders],
        handed_over_at=handed[orders], delivered_at=table.received_at[orders].copy(),
        canceled_at=table.canceled_at[orders].copy(), regions=tuple(regions.names), areas=tuple(areas.names),
    )  # fmt: skip


def _places(house: House, regions: Regions, areas: Regions) -> tuple[np.ndarray, np.ndarray]:
    """Give the region and the area of each location by its number."""
    found = [
        (regions.number(place.country), areas.number(f"{place.country}/{place.postcode[:_AREA_CHARACTERS]}"))
        if place.country
        else (-1, -1)
        for place in house.partners.locations
    ]
    both = np.array(found, np.int64)
    return both[:, 0], both[:, 1]


def _destinations(house: House, regions: Regions) -> np.ndarray:
    """Give the region of each address by its number: of an address, only the country is known outside the vault."""
    return np.array([[regions.number(address.country)] for address in house.identity.addresses], np.int64)


def _made(house: House) -> delivery.Made:
    made, first = house.promises.made, max(1, len(house.orders.orders) - JOURNEYS_MAX)
    rows = made.order[1:] - first
    kept = rows >= 0
    return delivery.Made(rows[kept], made.promised_at[1:][kept] // DAY)


def _versions(house: House) -> tuple[int, ...]:
    return house.delivery.version, house.orders.version


def ask_for(house: House, desk: Desk, listings: Sequence[ListingId], country: str, *, at: Instant) -> delivery.Asks:
    """Put what is known of listings and a country into the terms of promises. Refuses an unknown listing."""
    if len(country) != 2 or not country.isalpha() or not country.isupper():  # noqa: PLR2004
        raise Invalid("A country is two capital letters, such as PT.", field="country")
    numbers, table = integers(list(listings)), house.catalog.listings
    if not len(numbers) or (numbers <= 0).any() or (numbers >= len(table)).any():
        raise NotFound("There is no such listing.")
    places = origins(house, numbers.tolist(), country)
    nothing = np.zeros(len(numbers), np.int64)
    return delivery.Asks(
        sellers=table.seller[numbers].copy(),
        origins=integers([desk.regions.number(place.country) for place in places]),
        destinations=nothing + desk.regions.number(country),
        origin_area=integers([desk.areas.number(f"{one.country}/{one.postcode[:_AREA_CHARACTERS]}") for one in places]),
        destination_area=nothing - 1, distance_km=nothing + np.nan, weight_grams=nothing,
        shipping_minor=table.shipping[numbers].copy(), placed_at=nothing + at,
    )  # fmt: skip


def origins(house: House, listings: Sequence[int], country: str) -> list[partners.Location]:
    """Give the location that one unit of each listing would be sent to a country from, if it were ordered now."""
    table, found = house.catalog.listings, []
    for listing in listings:
        seller, home = SellerId(int(table.seller[listing])), int(table.location[listing])
        ranked = partners.ranked(house.partners, seller, country, "") if house.partners.has_several[seller] else []
        there = {spot.location for spot in lying(house, ListingId(listing)) if spot.available > 0} if ranked else set()
        found.append(house.partners.locations[next((place for place in ranked if place in there), home)])
    return found


def leaving(places: Sequence[partners.Location], at: Sequence[int]) -> np.ndarray:
    """Give when something that is ordered at a time may leave each place at the earliest, where its seller says so.

    0 where they don't. Handling days are Monday to Friday; after the cut-off an order is the next day's.
    """
    moments = np.zeros(len(places), np.int64)
    for row, (place, placed) in enumerate(zip(places, at, strict=True)):
        if not place.handling_days and not place.cut_off:
            continue
        day = placed // DAY + (1 if place.cut_off and placed % DAY >= place.cut_off * MINUTE else 0)
        left = place.handling_days
        while left or _is_weekend(day):
            day += 1
            left -= bool(left) and not _is_weekend(day)
        moments[row] = max(day * DAY, placed)
    return moments


def _is_weekend(day: int) -> bool:
    return (day + _THURSDAY) % 7 >= _SATURDAY


_THURSDAY, _SATURDAY = 3, 5  # Day 0 was one; counted from Monday.


def _not_before(desk: Desk, asks: delivery.Asks, dates: delivery.Dates, leaves: np.ndarray) -> delivery.Dates:
    """Move dates to what can be kept where things leave no sooner than at these moments, 0 for any time."""
    trained, calibration = desk.current()
    promised, median = dates.promised.copy(), dates.median.copy()
    for moment in np.unique(leaves[leaves > 0]).tolist():
        rows = np.flatnonzero(leaves == moment)
        later = delivery.outlook(
            trained, calibration, asks.take(rows), handed_over_at=leaves[rows], now=Instant(moment)
        )
        promised[rows] = np.maximum(promised[rows], later.promised)
        median[rows] = np.maximum(median[rows], later.median)
    return delivery.Dates(promised, median)


def quotes(desk: Desk, asks: delivery.Asks, leaves: np.ndarray | None = None) -> list[Quote]:
    """Promise a date for each ask, and say why; no sooner than what leaves at these moments (0: any time) can be there."""
    trained, calibration = desk.current()
    dates = delivery.promise(trained, calibration, asks)
    dates = dates if leaves is None else _not_before(desk, asks, dates, leaves)
    why = delivery.reasons(trained, calibration, asks, dates)
    by, middle = delivery.ended(dates.promised).tolist(), delivery.ended(dates.median).tolist()
    return [
        Quote(
            by[row], middle[row], calibration.level, trained.version, one.basis, one.parcels, one.is_new_seller,
            explain(one, calibration.level),
        )
        for row, one in enumerate(why)
    ]  # fmt: skip


_BASES = {
    "lane": "from {parcels:,} parcels on this way",
    "regions": "from {parcels:,} parcels from or to these places, for few took just this way",
    "market": "from all {parcels:,} parcels of this market, for few went from or to these places",
    "defaults": "from what is usual elsewhere, for this market has delivered too little to learn from",
}
_SPEED_TOLD = 0.1  # from which difference on a sentence says that a lane is slower or faster than usual


def explain(why: delivery.Reasons, level: float) -> str:
    """Put the reasons of a promise into a sentence."""
    said = f"{level:.0%} sure, " + _BASES[why.basis].format(parcels=why.parcels)
    if why.packing_days:
        said += f"; about {why.packing_days} of the days are packing"
    if why.is_new_seller and why.basis != "defaults":
        said += "; the seller is new here, so others' pace was taken"
    if why.lane_speed < 1 - _SPEED_TOLD:
        said += "; this way is slower than usual at the moment"
    if why.lane_speed > 1 + _SPEED_TOLD:
        said += "; this way is faster than usual at the moment"
    return said + "."


def due(house: House, desk: Desk, *, now: Instant) -> Notes | None:
    """Give the dates to note for orders that were just placed and have none; None where there are none."""
    table = house.orders.orders
    first = max(house.promises.last_order + 1, 1)
    orders = np.arange(first, min(len(table), first + PROMISES_AT_ONCE_MAX))
    # Looked at from the newest, so that a history brought in is passed over at once.
    orders = orders if len(orders) and table.placed_at[-1] > now - PROMISED_WITHIN else orders[:0]
    if len(orders) == PROMISES_AT_ONCE_MAX:
        begins = int(np.searchsorted(table.placed_at[first:], now - PROMISED_WITHIN)) + first
        orders = np.arange(begins, min(len(table), begins + PROMISES_AT_ONCE_MAX))
    orders = orders[(table.placed_at[orders] > now - PROMISED_WITHIN) & (table.canceled_at[orders] == 0)]
    if not len(orders):
        return None
    trained, calibration = desk.current()
    asked, spots = _asks_of_orders(house, desk, orders)
    asks, placed_at = asked.asks, asked.asks.placed_at.tolist()
    dates = delivery.promise(trained, calibration, asks)
    dates = _not_before(
        desk, asks, dates, leaving([house.partners.locations[one] for one in spots.locations], placed_at)
    )
    last = spots.last(dates.promised)
    asks, dates = asks.take(last), delivery.Dates(dates.promised[last], dates.median[last])
    why = delivery.reasons(trained, calibration, asks, dates)
    from_, to = ([names[row] for row in last.tolist()] for names in (asked.origins, asked.destinations))
    return Notes(orders, asks.sellers, dates, why, trained.version, from_, to, calibration.level)


class _Asked(NamedTuple):
    asks: delivery.Asks
    origins: list[str]
    destinations: list[str]


class _Spots(NamedTuple):
    """The locations that orders are sent from, one row each: whose it is (its place among the orders), and which."""

    of: np.ndarray
    locations: list[int]

    def last(self, days: np.ndarray) -> np.ndarray:
        """Give for each order the row with the latest day; int64 [orders]."""
        order = np.lexsort((days, self.of))
        ends = np.flatnonzero(np.append(self.of[order][1:] != self.of[order][:-1], True))
        found: np.ndarray = order[ends]
        return found


def _spots_of(house: House, orders: np.ndarray) -> _Spots:
    table, lines = house.orders.orders, house.orders.lines
    if len(house.partners.locations) == len(house.partners.sellers):  # Each seller has one.
        return _Spots(np.arange(len(orders)), lines.location[table.first_line[orders]].tolist())
    found = [
        (place, location)
        for place, (first, count) in enumerate(
            zip(table.first_line[orders].tolist(), table.lines[orders].tolist(), strict=True)
        )
        for location in dict.fromkeys(lines.location[first : first + count].tolist())
    ]
    return _Spots(integers([place for place, _ in found]), [location for _, location in found])


def _asks_of_orders(house: House, desk: Desk, wanted: np.ndarray) -> tuple[_Asked, _Spots]:
    """Put orders into the terms of promises: one row for each location that an order is sent from."""
    table, lines, spots = house.orders.orders, house.orders.lines, _spots_of(house, wanted)
    orders = wanted[spots.of]
    firsts = table.first_line[orders]
    places = [house.partners.locations[place] for place in spots.locations]
    addresses = house.orders.purchases.address[table.purchase[orders]].tolist()
    countries = [house.identity.addresses[address].country for address in addresses]
    shipping = integers([
        lines.shipping[first : first + count].sum()
        for first, count in zip(firsts.tolist(), table.lines[orders].tolist(), strict=True)
    ])  # fmt: skip
    nothing = np.zeros(len(orders), np.int64)
    asks = delivery.Asks(
        sellers=table.seller[orders].copy(), origins=integers([desk.regions.number(one.country) for one in places]),
        destinations=integers([desk.regions.number(country) for country in countries]),
        origin_area=integers([
            desk.areas.number(f"{one.country}/{one.postcode[:_AREA_CHARACTERS]}" if one.country else "")
            for one in places
        ]),
        destination_area=nothing - 1, distance_km=nothing + np.nan, weight_grams=nothing, shipping_minor=shipping,
        placed_at=table.placed_at[orders].copy(),
    )  # fmt: skip
    return _Asked(asks, [one.country for one in places], countries), spots


def note(house: House, notes: Notes, *, now: Instant) -> Decision:
    """Note dates for orders that have none yet. Answers how many."""
    known = house.promises.of_order
    rows = np.array([row for row, order in enumerate(notes.orders.tolist()) if order not in known], np.int64)
    if not len(rows):
        return Decision((), lambda: 0)
    fact = delivery.make(
        orders=notes.orders[rows], sellers=notes.sellers[rows],
        dates=delivery.Dates(notes.dates.promised[rows], notes.dates.median[rows]),
        why=[notes.why[row] for row in rows], model=notes.model, origins=[notes.origins[row] for row in rows],
        destinations=[notes.destinations[row] for row in rows], at=now, level=notes.level,
    )  # fmt: skip
    return Decision([fact], lambda: len(rows))


def outlook(house: House, desk: Desk, orders: np.ndarray, *, now: Instant) -> delivery.Dates:
    """Say when open orders will arrive, knowing how far they have come; days since 1970."""
    trained, calibration = desk.current()
    asked, spots = _asks_of_orders(house, desk, orders)
    handed = [
        _left_at(house, order, location)
        for order, location in zip(orders[spots.of].tolist(), spots.locations, strict=True)
    ]
    dates = delivery.outlook(trained, calibration, asked.asks, handed_over_at=integers(handed), now=now)
    last = spots.last(dates.promised)
    return delivery.Dates(dates.promised[last], dates.median[last])


def _left_at(house: House, order: int, location: int) -> int:
    """Give when the first parcel of an order left a location; 0 where none has."""
    left = house.delivery.parcels.handed_over_at
    for parcel in house.delivery.by_order.get(order, ()):
        if left[parcel] and sent_from(house, ParcelId(parcel)) == location:
            return int(left[parcel])
    return 0


def slipping(house: House, desk: Desk, *, now: Instant) -> Later | None:
    """Give open orders whose date will probably be missed, with the later day to tell; each once a later day."""
    made, table = house.promises.made, house.orders.orders
    recent = np.flatnonzero(made.made_at > now - 60 * DAY)[-PROMISES_AT_ONCE_MAX:]
    orders = made.order[recent]
    is_open = (table.received_at[orders] == 0) & (table.canceled_at[orders] == 0)
    recent, orders = recent[is_open], orders[is_open]
    if not len(orders):
        return None
    dates = outlook(house, desk, orders, now=now)
    told = np.maximum(made.promised_at[recent], made.expected_at[recent]) // DAY
    # The middle of what may still come is beyond the date: it is likelier missed than kept.
    late = (dates.median > told) & (dates.promised > told)
    return Later(orders[late], dates.promised[late]) if late.any() else None


def revise(house: House, later: Later, *, now: Instant) -> Decision:  # noqa: ARG001  # A flow is given the house.
    """Note the later days that buyers are told. Answers how many."""
    fact = delivery.revise(orders=later.orders, days=later.days, at=now)
    return Decision([fact], lambda: len(later.orders))


def promise_of(house: House, order: OrderId, *, now: Instant) -> delivery.Promise | None:
    """Give the promise of an order, None where none was made."""
    return delivery.promise_of(house.promises, order, delivered_at=int(house.orders.orders.received_at[order]), now=now)


def score(house: House, *, now: Instant, days: int, seller: int = 0) -> delivery.Score:
    """Count how the promises of the last days came out, of all sellers or of one."""
    table = house.orders.orders
    return delivery.score(
        house.promises, delivered_at=table.received_at, canceled_at=table.canceled_at, now=now, days=days, seller=seller
    )


__all__ = [
    "Desk",
    "Later",
    "NotLearned",
    "Notes",
    "Quote",
    "Regions",
    "ask_for",
    "due",
    "explain",
    "journeys",
    "leaving",
    "note",
    "origins",
    "outlook",
    "promise_of",
    "quotes",
    "revise",
    "score",
    "slipping",
]
