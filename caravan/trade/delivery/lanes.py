"""What is learned offline from journeys: how long each part of the way takes, by lane, seller, place, weight and hour.

A journey's length is counted in working days to the middle of the day of arrival, each passing by as much as the whole
network moved on it, so that a crisis bends nothing of what is learned. Its logarithm is a sum of effects (market, hour and weekday, distance, origin, destination, lane, weight, shipping
price, seller, areas), each shrunk towards nothing by how little has been seen of it: a new seller or lane has no effect
of its own, and is answered by what is left of the sum. What is still open counts for as much as its age tells (Buckley
and James), so that slow parcels are not left out because they have not arrived.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import xxhash

from caravan.kernel.clock import DAY, HOUR, Instant
from caravan.trade.delivery.journeys import Asks, Journeys, asks_of
from caravan.trade.delivery.pace import FIRST_DAYS, Pace, Shape, looked_back, measure, steady
from caravan.trade.delivery.workdays import Workdays, day_of, learn_workdays, passed_today

LOST_AFTER_DAYS = 75  # Olist's slowest of a thousand take 70; what is open for longer is a claim, no late parcel.
HISTORY_DAYS = 400
LEARNED_FROM = 200  # deliveries; with fewer, a market's promises stand on defaults
_HALF_LIFE_DAYS = 150.0
_SWEEPS = 4
_ROUNDS = 3  # The pace is measured against what was learned, and that is learned anew by the pace.
_LEAST_DAYS = 0.05
_GRID = 512
_DISTANCE_BINS, _WEIGHT_BINS, _SHIPPING_BINS = 24, 10, 16
_WEEK_HOURS, _HOURS_A_BIN = 168, 3
_SHARE_MAX = 0.9995
_MATURE_DAYS = 90
# How many parcels of its own an effect needs to count for half, in the order of the cells.
EFFECTS = (
    "moment", "distance", "origin", "destination", "lane", "weight", "shipping", "seller", "origin_area",
    "destination_area",
)  # fmt: skip
_SHRINKAGE = (30.0, 30.0, 30.0, 30.0, 30.0, 30.0, 30.0, 15.0, 20.0, 30.0)
_SCALED = (1, 2, 3, 6, 7)  # the effects that also tell how widely journeys differ
LANE, SELLER, ORIGIN, DESTINATION = (EFFECTS.index(name) for name in ("lane", "seller", "origin", "destination"))

# What holds where nothing is learned yet: a seller packs in 2 working days; a parcel takes 3 within a country, 8 abroad.
_DEFAULT_PACKING, _DEFAULT_INLAND, _DEFAULT_ABROAD, _DEFAULT_SPREAD = 2.0, 3.0, 8.0, 0.45

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Layout:
    """How a row becomes cells: which number of the flat table of effects it has in each column."""

    regions: Sequence[str]
    countries: Sequence[str]
    country: np.ndarray  # by region + 1
    areas: int
    sellers: int
    distance: np.ndarray  # edges of the bins
    weight: np.ndarray
    shipping: np.ndarray
    offsets: np.ndarray  # int64 [effects + 1]

    @property
    def lanes(self) -> int:
        """How many lanes have a cell."""
        return int(self.offsets[LANE + 1] - self.offsets[LANE])

    def cells(self, asks: Asks, at: np.ndarray) -> np.ndarray:
        """Give the cells of rows whose part of the way begins at `at`; int64 [effects, n]."""
        size = len(self.regions) + 1
        # Micros of the week, counted from a Thursday.
        hours = (at // HOUR) % _WEEK_HOURS
        origin = np.where(asks.origins < size - 1, asks.origins, -1) + 1
        destination = np.where(asks.destinations < size - 1, asks.destinations, -1) + 1
        found = np.empty((len(EFFECTS), len(asks)), np.int64)
        found[0] = hours // _HOURS_A_BIN
        found[1] = _bin(self.distance, asks.distance_km)
        found[2], found[3] = origin, destination
        found[4] = np.where((origin > 0) & (destination > 0), origin * size + destination, 0)
        found[5] = _bin(self.weight, np.where(asks.weight_grams > 0, asks.weight_grams, np.nan))
        found[6] = _bin(self.shipping, np.where(asks.shipping_minor > 0, asks.shipping_minor, np.nan))
        found[7] = np.where((asks.sellers > 0) & (asks.sellers < self.sellers), asks.sellers, 0)
        found[8] = np.where(asks.origin_area < self.areas, asks.origin_area, -1) + 1
        found[9] = np.where(asks.destination_area < self.areas, asks.destination_area, -1) + 1
        found += self.offsets[:-1, None]
        return found

    def country_of(self, asks: Asks) -> np.ndarray:
        """Give the calendar by which each row's parcel is delivered."""
        known = np.where(asks.destinations < len(self.regions), asks.destinations, -1)
        calendars: np.ndarray = self.country[known + 1]
        return calendars


@dataclass(frozen=True)
class Stage:
    """What is known of one part of the way: the effects, and the shape of what they leave open.

    A journey of z on the scale of its row has arrived with probability 1 - exp(-hazard(z)).
    """

    effects: np.ndarray
    scales: np.ndarray
    mean: float
    scale: float
    z: np.ndarray
    hazard: np.ndarray
    lost: float

    def place(self, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give the mean and the width of the logarithm of each row's length; float64 [n] each."""
        return (
            self.mean + self.effects[cells].sum(axis=0),
            np.exp(self.scale + self.scales[cells].sum(axis=0)),
        )


@dataclass(frozen=True)
class Trained:
    """All that promises need to know, learned from the facts up to `at`; it has the name of its content."""

    version: str
    at: Instant
    parcels: int
    workdays: Workdays  # as usual
    pace: Pace  # up to `at`
    layout: Layout
    ordered: Stage  # from the order to the door
    underway: Stage  # from the carrier to the door
    seen: np.ndarray  # deliveries by cell

    @property
    def is_learned(self) -> bool:
        """Whether enough parcels arrived to learn from."""
        return self.parcels >= LEARNED_FROM


def _bin(edges: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Give the bin of each value, 0 where it is not known."""
    bins: np.ndarray = np.where(np.isnan(values), 0, np.searchsorted(edges, values, side="right") + 1)
    return bins


def survived(workdays: Workdays, country: np.ndarray, now: int) -> np.ndarray:
    """Give the working time up to which a parcel that is open now is known not to have arrived; float64 [countries asked]."""
    morning = np.full(len(country), float(int(now) // DAY))
    before, after = workdays.at(country, morning), workdays.at(country, morning + 1)
    time: np.ndarray = before + (after - before) * passed_today(Instant(int(now)))
    return time


def usable(journeys: Journeys, now: int, *, days: int, open_days: int = LOST_AFTER_DAYS) -> np.ndarray:
    """Give the rows that tell something at a time: ordered within so many days, not called off, not given up as lost."""
    age = now - journeys.placed_at
    arrived = (journeys.delivered_at > 0) & (journeys.delivered_at <= now)
    called_off = (journeys.canceled_at > 0) & (journeys.canceled_at <= now) & ~arrived
    told = (age > 0) & (age < days * DAY) & ~called_off & (arrived | (age < open_days * DAY))
    return np.flatnonzero(told)


def train(journeys: Journeys, *, now: Instant, progress: Progress = lambda *_: None) -> Trained:
    """Learn from all that is known of journeys at a time. Nothing later than `now` is looked at."""
    rows = journeys.take(usable(journeys, now, days=HISTORY_DAYS))
    layout = _lay_out(rows)
    arrived = (rows.delivered_at > 0) & (rows.delivered_at <= now)
    asks = asks_of(rows)
    country = layout.country_of(asks)
    workdays = learn_workdays(layout.countries, country[arrived], rows.delivered_at[arrived] // DAY)
    lost = _lost(journeys, now)
    ordered, pace = _learn_with_pace(layout, workdays, rows, now=now, lost=lost, progress=progress)
    gone = np.flatnonzero((rows.handed_over_at > 0) & (rows.handed_over_at <= now))
    sent = rows.take(gone)
    underway = _learn(layout, pace.clock(workdays), sent, sent.handed_over_at, now=now, lost=lost / 2)
    progress("train", _ROUNDS + 1, _ROUNDS + 1)
    cells = layout.cells(asks, rows.placed_at)[:, arrived]
    seen = np.bincount(cells.ravel(), minlength=int(layout.offsets[-1]))
    name = xxhash.xxh3_64()
    for stage in (ordered, underway):
        for array in (stage.effects, stage.scales, stage.z, stage.hazard):
            name.update(np.ascontiguousarray(array).view(np.uint8).data)
    return Trained(
        version=f"lanes-2-{name.hexdigest()[:8]}", at=now, parcels=int(arrived.sum()), workdays=workdays,
        pace=pace, layout=layout, ordered=ordered, underway=underway, seen=seen,
    )  # fmt: skip


def _learn_with_pace(
    layout: Layout, workdays: Workdays, rows: Journeys, *, now: Instant, lost: float, progress: Progress
) -> tuple[Stage, Pace]:
    """Learn a way from the order to the door, and the pace of each day, in turns."""
    first = int(rows.placed_at.min(initial=now)) // DAY
    pace = steady(first, layout.lanes)
    stage = _learn(layout, workdays, rows, rows.placed_at, now=now, lost=lost)
    progress("train", 1, _ROUNDS + 1)
    if int(((rows.delivered_at > 0) & (rows.delivered_at <= now)).sum()) < LEARNED_FROM:
        return stage, pace
    for done in range(2, _ROUNDS + 1):
        seen = measure_ordered(layout, workdays, pace, stage, rows, now=now, first=first)
        pace = looked_back(*seen)
        stage = _learn(layout, pace.clock(workdays), rows, rows.placed_at, now=now, lost=lost)
        progress("train", done, _ROUNDS + 1)
    return stage, pace


def measure_ordered(
    layout: Layout, workdays: Workdays, before: Pace, stage: Stage, rows: Journeys, *, now: Instant, first: int
) -> tuple[Pace, np.ndarray, np.ndarray]:
    """Measure the pace of each day from `first` on by all that was ordered; also arrivals and those expected by day."""
    rows = rows.take(np.argsort(rows.placed_at, kind="stable"))
    asks = asks_of(rows)
    cells = layout.cells(asks, rows.placed_at)
    shape = Shape(*stage.place(cells), stage.z, stage.hazard, stage.lost)
    return measure(
        workdays, before, rows, shape, country=layout.country_of(asks), lane=cells[LANE] - layout.offsets[LANE], now=now,
        first=first,
    )  # fmt: skip


def _lay_out(rows: Journeys) -> Layout:
    countries = ["", *sorted({name[:2] for name in rows.regions})]
    place = {name: number for number, name in enumerate(countries)}
    edges = [
        _edges(rows.distance_km, _DISTANCE_BINS), _edges(rows.weight_grams, _WEIGHT_BINS),
        _edges(rows.shipping_minor, _SHIPPING_BINS),
    ]  # fmt: skip
    regions, areas, sellers = len(rows.regions) + 1, len(rows.areas) + 1, int(rows.sellers.max(initial=0)) + 1
    sizes = (
        _WEEK_HOURS // _HOURS_A_BIN, len(edges[0]) + 2, regions, regions, regions * regions, len(edges[1]) + 2,
        len(edges[2]) + 2, sellers, areas, areas,
    )  # fmt: skip
    return Layout(
        regions=tuple(rows.regions), countries=countries,
        country=np.array([0, *(place[name[:2]] for name in rows.regions)], np.int64), areas=len(rows.areas),
        sellers=sellers, distance=edges[0], weight=edges[1], shipping=edges[2],
        offsets=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
    )  # fmt: skip


def _edges(values: np.ndarray, bins: int) -> np.ndarray:
    known = values[~np.isnan(values.astype(np.float64))]
    known = known[known > 0]
    return np.unique(np.quantile(known, np.linspace(0, 1, bins + 1)[1:-1])) if len(known) else np.zeros(0)


def _lost(journeys: Journeys, now: int) -> float:
    """Give the share of orders that never arrive, of those old enough to tell."""
    age = (now - journeys.placed_at) / DAY
    old = (age > _MATURE_DAYS) & (age < HISTORY_DAYS)
    arrived = (journeys.delivered_at > 0) & (journeys.delivered_at <= now)
    old &= ~((journeys.canceled_at > 0) & (journeys.canceled_at <= now) & ~arrived)
    return float((old & ~arrived).sum() + 1) / float(old.sum() + 100)


def lengths(
    workdays: Workdays, country: np.ndarray, since: np.ndarray, delivered_at: np.ndarray, *, now: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give when parts of the way began and ended in working time, and whether they ended with the arrival."""
    begun = workdays.at(country, day_of(since))
    arrived = (delivered_at > 0) & (delivered_at <= now)
    noon = workdays.at(country, delivered_at // DAY + 0.5)
    ended = np.where(arrived, noon, survived(workdays, country, now))
    return begun, np.maximum(ended, begun + _LEAST_DAYS), arrived


def logarithm(days: np.ndarray) -> np.ndarray:
    """Give the logarithm of lengths in working days, as effects add up in it."""
    logarithms: np.ndarray = np.log(np.maximum(days, 0.0) + FIRST_DAYS)
    return logarithms


def _learn(
    layout: Layout, workdays: Workdays, rows: Journeys, since: np.ndarray, *, now: Instant, lost: float
) -> Stage:
    asks = asks_of(rows)
    begun, ended, arrived = lengths(workdays, layout.country_of(asks), since, rows.delivered_at, now=now)
    size = int(layout.offsets[-1])
    if int(arrived.sum()) < LEARNED_FROM:
        return _default(layout, size, from_order=bool(len(since) == 0 or (since == rows.placed_at).all()))
    cells, told = layout.cells(asks, since), logarithm(ended - begun)
    age = (now - since) / DAY
    recent = 0.5 ** (age / _HALF_LIFE_DAYS)
    effects, at, mean = _sweep(layout, cells, told, arrived, recent)
    scales, scale = _spread(layout, cells[:, arrived], (told - at)[arrived], recent[arrived])
    width = np.exp(scale + scales[cells].sum(axis=0))
    z, hazard = _curve((told - at) / width, arrived, recent, lost=lost)
    return Stage(effects=effects, scales=scales, mean=mean, scale=scale, z=z, hazard=hazard, lost=lost)


def _sweep(
    layout: Layout, cells: np.ndarray, told: np.ndarray, arrived: np.ndarray, recent: np.ndarray
) -> tuple[np.ndarray, np.ndarray, float]:
    """Fit the effects in turns until they hardly move; give them, the fitted values and the mean."""
    effects = np.zeros(int(layout.offsets[-1]))
    at = np.full(len(told), float(np.average(told[arrived], weights=recent[arrived])))
    mean, width = float(at[0]), _DEFAULT_SPREAD
    is_open = ~arrived
    weight, wanted = recent.copy(), told.copy()
    for _ in range(_SWEEPS):
        wanted[is_open], told_share = _expected(told[is_open], at[is_open], width)
        weight[is_open] = recent[is_open] * told_share
        rest = wanted - at
        shift = float(np.average(rest, weights=weight))
        mean, at, rest = mean + shift, at + shift, rest - shift
        for number, shrinkage in enumerate(_SHRINKAGE):
            first, last = layout.offsets[number], layout.offsets[number + 1]
            cell = cells[number] - first
            seen = np.bincount(cell, weight, minlength=last - first)
            total = np.bincount(cell, weight * (rest + effects[first:last][cell]), minlength=last - first)
            change = total / (seen + shrinkage) - effects[first:last]
            effects[first:last] += change
            at += change[cell]
            rest -= change[cell]
        width = float(np.sqrt(np.average(rest[arrived] ** 2, weights=recent[arrived])))
    return effects, at, mean


def _expected(told: np.ndarray, at: np.ndarray, width: float) -> tuple[np.ndarray, np.ndarray]:
    """Give how long open parcels will take as far as anybody knows, and how much their age tells: 0 nothing, 1 all."""
    z = (told - at) / width
    density = np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
    # The normal tail, to within a thousandth, without a library for it.
    beyond = np.maximum(0.5 * (1 - np.tanh(0.7978846 * (z + 0.044715 * z**3))), 1e-6)
    return at + width * np.maximum(density / beyond, z), 1 - beyond


def _spread(layout: Layout, cells: np.ndarray, rest: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, float]:
    scales = np.zeros(int(layout.offsets[-1]))
    told = np.log(np.abs(rest) + 0.05)
    scale = float(np.average(told, weights=weight))
    left = told - scale
    for number in _SCALED:
        first, last = layout.offsets[number], layout.offsets[number + 1]
        cell = cells[number] - first
        seen = np.bincount(cell, weight, minlength=last - first)
        scales[first:last] = np.bincount(cell, weight * left, minlength=last - first) / (seen + 2 * _SHRINKAGE[number])
        left -= scales[first:last][cell]
    return scales, scale


def _curve(z: np.ndarray, arrived: np.ndarray, weight: np.ndarray, *, lost: float) -> tuple[np.ndarray, np.ndarray]:
    """Give the hazard that has piled up at each z, by Kaplan and Meier, of those that arrive at all."""
    order = np.argsort(z, kind="stable")
    z, arrived, weight = z[order], arrived[order], weight[order]
    at_risk = np.cumsum(weight[::-1])[::-1]
    left = np.cumprod(np.where(arrived, 1 - weight / np.maximum(at_risk, weight), 1.0))
    share = np.minimum((1 - left) / (1 - lost), _SHARE_MAX)[arrived]
    hazard = -np.log(1 - share)
    points = np.unique(np.searchsorted(share, np.linspace(0, share[-1], _GRID)).clip(0, len(share) - 1))
    return z[arrived][points], hazard[points]


def _default(layout: Layout, size: int, *, from_order: bool) -> Stage:
    """Give what holds for a market of which too little is known, in the same terms as what is learned."""
    packing = _DEFAULT_PACKING if from_order else 0.0
    effects = np.zeros(size)
    abroad, inland = np.log(packing + _DEFAULT_ABROAD + FIRST_DAYS), np.log(packing + _DEFAULT_INLAND + FIRST_DAYS)
    first, regions = layout.offsets[LANE], len(layout.regions) + 1
    is_inland = np.zeros((regions, regions), np.bool_)
    is_inland[1:, 1:] = layout.country[1:, None] == layout.country[None, 1:]
    effects[first : layout.offsets[LANE + 1]] = np.where(is_inland, inland - abroad, 0.0).ravel()
    z = np.linspace(-3, 4, _GRID)
    share = np.minimum(0.5 * (1 + np.tanh(0.7978846 * (z + 0.044715 * z**3))), _SHARE_MAX)
    return Stage(
        effects=effects, scales=np.zeros(size), mean=float(abroad), scale=float(np.log(_DEFAULT_SPREAD)), z=z,
        hazard=-np.log(1 - share), lost=0.0,
    )  # fmt: skip
