"""Promises: the date by which a parcel arrives with a stated probability, re-set as facts come in.

Three things are set anew from the last days' facts, in milliseconds: how fast parcels move at each part of the way
against what was learned (arrivals against those expected, so that parcels still open count for the time they have
been seen), how fast each lane moves against that, and at which level dates are chosen, so that of the last thirty
days' promises as many come out kept as were promised. All of it is a pure function of journeys and a time.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit

from caravan.kernel.clock import DAY, Instant
from caravan.trade.delivery.journeys import Asks, Journeys, asks_of
from caravan.trade.delivery.lanes import (
    DESTINATION,
    FIRST_DAYS,
    LANE,
    LOST_AFTER_DAYS,
    ORIGIN,
    SELLER,
    Stage,
    Trained,
    lengths,
    logarithm,
    survived,
    usable,
)
from caravan.trade.delivery.workdays import FIRST_DAY, day_of

LEVEL = 0.9
_KEPT_OVER_DAYS = 30
_GAIN = 10.0  # How much too many or too few kept over those days moves the level of the next dates.
_LEVEL_DOWN, _LEVEL_UP = 2.0, 0.6  # of what is left to 1, at most
# Counting today as passed makes dates cautious when ways slow down; in calm months they come out kept oftener than they
# were chosen for, by so much of what is left to 1 (seen with near settings on July to October 2017).
_TRIMMED = 0.15
_FEW_PROMISES = 50
_STEADY = 300.0  # promises that weigh against being moved by chance
_SPAN_EDGES = (0, 1, 2, 4, 7, 11, 16, 24, 35)  # days back
_HALF_LIFE_DAYS = 3.0
_BANDS = (0.0, 0.25, 0.5, 0.7, 0.85, 0.94)
_STEADY_ALL, _STEADY_BAND, _STEADY_LANE = 50.0, 200.0, 300.0
_KNOWN_FROM = 30  # parcels, from which a lane, a region or a seller is called known


class Speeds(NamedTuple):
    """How fast parcels move now against what was learned, on one part of the way."""

    hazard: np.ndarray  # at each z of the stage, as things move now
    lanes: np.ndarray  # by cell of the lane, 1 as fast as all


@dataclass(frozen=True)
class Calibration:
    """What has been set anew at a time: the speeds of both parts of the way, and the level at which dates are chosen."""

    at: Instant
    ordered: Speeds
    underway: Speeds
    level: float  # what is promised
    chosen: float  # at which dates are chosen, so that `level` is what comes out


class Made(NamedTuple):
    """Promises that were made: rows of journeys and the promised day, int64 [n]."""

    rows: np.ndarray
    days: np.ndarray


class Dates(NamedTuple):
    """What is answered: days since 1970, int64 [n]."""

    promised: np.ndarray
    median: np.ndarray


@njit(cache=True, nogil=True)
def _interpolate(x: float, known: np.ndarray, values: np.ndarray) -> float:
    if x <= known[0]:
        return float(values[0]) if x == known[0] else 0.0
    last = known.shape[0] - 1
    if x >= known[last]:
        return float(values[last])
    place = np.searchsorted(known, x)
    low, high = known[place - 1], known[place]
    return float(values[place - 1] + (values[place] - values[place - 1]) * (x - low) / (high - low))


@njit(cache=True, nogil=True)
def _count(  # noqa: PLR0913, PLR0917  # Compiled: arrays in, one straight way through.
    begun: np.ndarray, ended: np.ndarray, arrived: np.ndarray, at: np.ndarray, width: np.ndarray,
    country: np.ndarray, lane: np.ndarray, edges: np.ndarray, weights: np.ndarray, z: np.ndarray,
    hazard: np.ndarray, bands: np.ndarray, speed: np.ndarray, lost: float,
    seen: np.ndarray, expected: np.ndarray, lane_seen: np.ndarray, lane_expected: np.ndarray,
) -> None:  # fmt: skip
    """Count arrivals and how many were to be expected, by band of the way and by lane; later spans weigh more."""
    spans, band_count = edges.shape[1] - 1, bands.shape[0] - 1
    for row in range(begun.shape[0]):
        for span in range(spans):
            newest, oldest = edges[country[row], span], edges[country[row], span + 1]
            if begun[row] >= newest or ended[row] <= oldest:
                continue
            is_arrival = arrived[row] and (ended[row] <= newest or span == 0)
            first = max(oldest, begun[row]) - begun[row]
            last = (ended[row] if is_arrival else min(ended[row], newest)) - begun[row]
            before = _interpolate((np.log(first + FIRST_DAYS) - at[row]) / width[row], z, hazard)
            after = _interpolate((np.log(last + FIRST_DAYS) - at[row]) / width[row], z, hazard)
            # What is still open may be lost; the longer it is open, the likelier.
            still = (1 - lost) * np.exp(-before)
            sure = 1.0 if is_arrival else still / (still + lost)
            for band in range(band_count):
                part = min(after, bands[band + 1]) - max(before, bands[band])
                if part > 0:
                    seen_here = weights[span] * sure * part * speed[band]
                    expected[band] += seen_here
                    lane_expected[lane[row]] += seen_here
                if is_arrival and bands[band] <= after < bands[band + 1]:
                    seen[band] += weights[span]
                    lane_seen[lane[row]] += weights[span]


@njit(cache=True, nogil=True)
def _answer(  # noqa: PLR0913, PLR0917  # Compiled: arrays in, one straight way through.
    cells: np.ndarray, begun: np.ndarray, known_until: np.ndarray, country: np.ndarray, effects: np.ndarray,
    scales: np.ndarray, mean: float, scale: float, z: np.ndarray, hazard: np.ndarray, lanes: np.ndarray,
    lane_first: int, lane_row: int, passed: np.ndarray, first_day: int, levels: np.ndarray, days: np.ndarray,
) -> None:  # fmt: skip
    """Give for each row and level the day by which the parcel has arrived with that probability."""
    for row in range(begun.shape[0]):
        at, width = mean, scale
        for effect in range(cells.shape[0]):
            at += effects[cells[effect, row]]
            width += scales[cells[effect, row]]
        width = np.exp(width)
        speed = lanes[cells[lane_row, row] - lane_first]
        aged = 0.0
        if known_until[row] > begun[row]:
            aged = _interpolate((np.log(known_until[row] - begun[row] + FIRST_DAYS) - at) / width, z, hazard)
        for level in range(levels.shape[0]):
            target = aged - np.log(1.0 - levels[level]) / speed
            # Beyond what was ever seen: the slowest that was, never earlier.
            place = min(np.searchsorted(hazard, target), z.shape[0] - 1)
            reached = z[place]
            if place > 0 and hazard[place] > hazard[place - 1] and target < hazard[place]:
                share = (target - hazard[place - 1]) / (hazard[place] - hazard[place - 1])
                reached = z[place - 1] + share * (z[place] - z[place - 1])
            until = max(begun[row] + np.exp(at + width * reached) - FIRST_DAYS, known_until[row])
            calendar = passed[country[row]]
            days[row, level] = np.searchsorted(calendar, until + 1e-9, side="right") - 1 + first_day


def calibrate(
    trained: Trained, journeys: Journeys, *, now: Instant, made: Made | None = None, level: float = LEVEL
) -> Calibration:
    """Set speeds and level anew by what is known at a time. Nothing later than `now` is looked at."""
    rows = journeys.take(usable(journeys, now, days=LOST_AFTER_DAYS))
    ordered = _speeds(trained, trained.ordered, rows, rows.placed_at, now=now)
    sent = rows.take(np.flatnonzero((rows.handed_over_at > 0) & (rows.handed_over_at <= now)))
    underway = _speeds(trained, trained.underway, sent, sent.handed_over_at, now=now)
    fresh = Calibration(at=now, ordered=ordered, underway=underway, level=level, chosen=_trimmed(level))
    return fresh if made is None else steer(trained, fresh, journeys, made, level=level)


def _speeds(trained: Trained, stage: Stage, rows: Journeys, since: np.ndarray, *, now: Instant) -> Speeds:
    layout = trained.layout
    first = int(layout.offsets[LANE])
    lanes = int(layout.offsets[LANE + 1]) - first
    if not trained.is_learned or not len(rows):
        return Speeds(stage.hazard, np.ones(lanes))
    asks = asks_of(rows)
    country, cells = layout.country_of(asks), layout.cells(asks, since)
    begun, ended, arrived = lengths(trained.workdays, country, since, rows.delivered_at, now=now)
    at, width = stage.place(cells)
    each = np.arange(len(layout.countries))
    edges = np.column_stack([survived(trained.workdays, each, now + DAY - back * DAY) for back in _SPAN_EDGES])
    weights = 0.5 ** ((np.array(_SPAN_EDGES[:-1]) + np.array(_SPAN_EDGES[1:])) / 2 / _HALF_LIFE_DAYS)
    bands = np.append(-np.log(1 - np.array(_BANDS)), np.inf)
    speed = np.ones(len(bands) - 1)
    for _ in range(2):  # First all, by band; then each lane against all.
        seen, expected = np.zeros(len(speed)), np.zeros(len(speed))
        lane_seen, lane_expected = np.zeros(lanes), np.zeros(lanes)
        _count(
            begun, ended, arrived, at, width, country, cells[LANE] - first, edges, weights, stage.z, stage.hazard,
            bands, speed, stage.lost, seen, expected, lane_seen, lane_expected,
        )  # fmt: skip
        if (speed == 1).all():
            together = (seen.sum() + _STEADY_ALL) / (expected.sum() + _STEADY_ALL)
            speed = (seen + _STEADY_BAND * together) / (expected + _STEADY_BAND)
    piled = np.clip(stage.hazard[:, None], bands[:-1], bands[1:]) - bands[:-1]
    return Speeds(piled @ speed, (lane_seen + _STEADY_LANE) / (lane_expected + _STEADY_LANE))


def steer(trained: Trained, fresh: Calibration, journeys: Journeys, made: Made, *, level: float) -> Calibration:
    """Choose the level of the next dates so that of the last thirty days' promises as many are kept as were promised.

    A promise that is not settled yet counts with the probability that it will be kept, as things move now.
    """
    now = fresh.at
    recent = journeys.placed_at[made.rows] > now - _KEPT_OVER_DAYS * DAY
    rows, days = journeys.take(made.rows[recent]), made.days[recent]
    open_or_arrived = (rows.canceled_at == 0) | (rows.canceled_at > now) | (rows.delivered_at > 0)
    rows, days = rows.take(np.flatnonzero(open_or_arrived)), days[open_or_arrived]
    if len(rows) < _FEW_PROMISES or not trained.is_learned:
        return Calibration(fresh.at, fresh.ordered, fresh.underway, level, _trimmed(level))
    kept, weight = _kept(trained, fresh, rows, days)
    error = float((weight * (kept - level)).sum() / max(weight.sum(), _STEADY))
    left = 1 - level
    chosen = min(max(_trimmed(level) - _GAIN * error, level - _LEVEL_DOWN * left, 0.05), level + _LEVEL_UP * left)
    return Calibration(fresh.at, fresh.ordered, fresh.underway, level, chosen)


def _trimmed(level: float) -> float:
    return level - _TRIMMED * (1 - level)


def _kept(trained: Trained, fresh: Calibration, rows: Journeys, days: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give for promises how sure it is that each is kept, and that its parcel arrives at all."""
    stage, speeds, layout = trained.ordered, fresh.ordered, trained.layout
    asks = asks_of(rows)
    country, cells = layout.country_of(asks), layout.cells(asks, rows.placed_at)
    begun, ended, arrived = lengths(trained.workdays, country, rows.placed_at, rows.delivered_at, now=fresh.at)
    at, width = stage.place(cells)
    pace = speeds.lanes[cells[LANE] - layout.offsets[LANE]]
    until = trained.workdays.at(country, days.astype(np.float64))

    def piled(time: np.ndarray) -> np.ndarray:
        z = (logarithm(time - begun) - at) / width
        hazard: np.ndarray = np.interp(z, stage.z, speeds.hazard, left=0.0) * pace
        return hazard

    aged = piled(ended)
    will = np.where(until <= ended, 0.0, 1 - np.exp(-np.maximum(piled(until) - aged, 0.0)))
    still = (1 - stage.lost) * np.exp(-aged)
    kept = np.where(arrived, rows.delivered_at // DAY <= days, will)
    return kept, np.where(arrived, 1.0, still / (still + stage.lost))


def promise(trained: Trained, calibration: Calibration, asks: Asks) -> Dates:
    """Promise a day for each parcel that is not ordered yet, or just now."""
    return promise_at(trained, calibration, asks, np.array([calibration.chosen]))


def promise_at(trained: Trained, calibration: Calibration, asks: Asks, levels: np.ndarray) -> Dates:
    """Promise at levels of one's own; `promised` is then int64 [n, levels]."""
    nothing = np.full(len(asks), -np.inf)
    days = _days(trained, trained.ordered, calibration.ordered, asks, asks.placed_at, nothing, np.append(levels, 0.5))
    promised = days[:, 0] if len(levels) == 1 else days[:, :-1]
    return Dates(promised, days[:, -1])


def outlook(
    trained: Trained, calibration: Calibration, asks: Asks, *, handed_over_at: np.ndarray, now: Instant
) -> Dates:
    """Say for parcels that are open now when they will arrive, knowing how far they have come and that they are open.

    `handed_over_at` is 0 where a parcel is still with its seller. No day is earlier than today.
    """
    levels = np.array([calibration.level, 0.5])
    until = survived(trained.workdays, trained.layout.country_of(asks), now)
    days = _days(trained, trained.ordered, calibration.ordered, asks, asks.placed_at, until, levels)
    gone = (handed_over_at > 0) & (handed_over_at <= now)
    since = np.where(gone, handed_over_at, asks.placed_at)
    after = _days(trained, trained.underway, calibration.underway, asks, since, until, levels)
    days = np.maximum(np.where(gone[:, None], after, days), int(now) // DAY)
    return Dates(days[:, 0], days[:, 1])


def _days(
    trained: Trained, stage: Stage, speeds: Speeds, asks: Asks, since: np.ndarray, known_until: np.ndarray,
    levels: np.ndarray,
) -> np.ndarray:  # fmt: skip
    layout, workdays = trained.layout, trained.workdays
    country, cells = layout.country_of(asks), layout.cells(asks, since)
    begun = workdays.at(country, day_of(since))
    days = np.empty((len(asks), len(levels)), np.int64)
    _answer(
        cells, begun, known_until, country, stage.effects, stage.scales, stage.mean, stage.scale, stage.z,
        speeds.hazard, speeds.lanes, int(layout.offsets[LANE]), LANE, workdays.passed, FIRST_DAY, levels, days,
    )  # fmt: skip
    found: np.ndarray = np.maximum(days, (since // DAY)[:, None])
    return found


class Reasons(NamedTuple):
    """Why a promise is what it is: on what it stands, and the parts of the way in days."""

    basis: str  # lane, regions, market or defaults
    parcels: int  # of the lane, or of what it fell back to
    is_new_seller: bool
    packing_days: int
    lane_speed: float  # as fast as usual is 1


def reasons(trained: Trained, calibration: Calibration, asks: Asks, dates: Dates) -> list[Reasons]:
    """Explain promises: on how many parcels each stands, and how the days fall to the seller and to the carriers."""
    layout = trained.layout
    cells = layout.cells(asks, asks.placed_at)
    seen = np.where(cells != layout.offsets[:-1, None], trained.seen[cells], 0)
    way = _days(
        trained, trained.underway, calibration.underway, asks, asks.placed_at, np.full(len(asks), -np.inf),
        np.array([0.5]),
    )[:, 0]  # fmt: skip
    packing = np.maximum(dates.median - way, 0)
    pace = calibration.ordered.lanes[cells[LANE] - layout.offsets[LANE]]
    found = []
    for row in range(len(asks)):
        lane, ends = int(seen[LANE, row]), int(min(seen[ORIGIN, row], seen[DESTINATION, row]))
        basis, parcels = "market", trained.parcels
        if not trained.is_learned:
            basis = "defaults"
        elif lane >= _KNOWN_FROM:
            basis, parcels = "lane", lane
        elif ends >= _KNOWN_FROM:
            basis, parcels = "regions", ends
        is_new = int(seen[SELLER, row]) < _KNOWN_FROM // 2
        found.append(Reasons(basis, parcels, is_new, int(packing[row]), float(pace[row])))
    return found


def ended(days: np.ndarray) -> np.ndarray:
    """Give the last moment of days since 1970, in UTC; int64 [n]."""
    moments: np.ndarray = (days + 1) * DAY - 1
    return moments
