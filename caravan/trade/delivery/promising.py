"""Promises: the date by which a parcel arrives with a stated probability, re-set as facts come in.

Set anew from the last days' facts, in milliseconds: how fast the network moves and each lane against it, slowed by the
orders that wait, and the level at which dates are chosen, so that of a month's promises as many come out kept as were
promised. All of it is a pure function of journeys and a time.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numba import njit

from caravan.kernel.clock import DAY, Instant
from caravan.trade.delivery.journeys import Asks, Journeys
from caravan.trade.delivery.lanes import (
    DESTINATION,
    LANE,
    LOST_AFTER_DAYS,
    ORIGIN,
    SELLER,
    Stage,
    Trained,
    measure_ordered,
    survived,
    usable,
)
from caravan.trade.delivery.pace import FIRST_DAYS, FOLLOWED_DAYS, Pace, interpolate, slowed
from caravan.trade.delivery.workdays import FIRST_DAY, Workdays, day_of

LEVEL = 0.9
# A network that kept its pace would miss a tenth of dates chosen at 90 %. It doesn't: surprises are mostly bad, and so a
# fifth more are missed (seen on ten months of one marketplace).
_SURPRISES = 1.2
_KNOWN_FROM = 30  # parcels, from which a lane, a region or a seller is called known


@dataclass(frozen=True)
class Calibration:
    """What has been set anew at a time: how fast parcels move, and the level at which dates are chosen."""

    at: Instant
    pace: Pace
    clock: Workdays  # working time in which days count by that pace
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
            aged = interpolate((np.log(known_until[row] - begun[row] + FIRST_DAYS) - at) / width, z, hazard)
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


def calibrate(trained: Trained, journeys: Journeys, *, now: Instant, level: float = LEVEL) -> Calibration:
    """Set the pace anew by what is known at a time. Nothing later than `now` is looked at."""
    pace = trained.pace
    if trained.is_learned:
        rows = journeys.take(usable(journeys, now, days=LOST_AFTER_DAYS))
        first = max(int(now) // DAY - FOLLOWED_DAYS, pace.first)
        pace, _, _ = measure_ordered(
            trained.layout, trained.workdays, pace, trained.ordered, rows, now=now, first=first
        )  # fmt: skip
        pace = replace(pace, load=slowed(journeys.placed_at, now=now))
    return Calibration(now, pace, pace.clock(trained.workdays), level, cautious(level))


def cautious(level: float) -> float:
    """Give the level at which dates are chosen so that surprises leave `level` of them kept."""
    return 1 - (1 - level) / _SURPRISES


def missed(share: np.ndarray) -> np.ndarray:
    """Give how likely dates are missed that a network keeping its pace would miss with this probability."""
    likely: np.ndarray = np.minimum(share * _SURPRISES, 1.0)
    return likely


def promise(trained: Trained, calibration: Calibration, asks: Asks) -> Dates:
    """Promise a day for each parcel that is not ordered yet, or just now."""
    return promise_at(trained, calibration, asks, np.array([calibration.chosen]))


def promise_at(trained: Trained, calibration: Calibration, asks: Asks, levels: np.ndarray) -> Dates:
    """Promise at levels of one's own; `promised` is then int64 [n, levels]."""
    nothing = np.full(len(asks), -np.inf)
    days = _days(trained, trained.ordered, calibration, asks, asks.placed_at, nothing, np.append(levels, 0.5))
    promised = days[:, 0] if len(levels) == 1 else days[:, :-1]
    return Dates(promised, days[:, -1])


def outlook(
    trained: Trained, calibration: Calibration, asks: Asks, *, handed_over_at: np.ndarray, now: Instant
) -> Dates:
    """Say for parcels that are open now when they will arrive, knowing how far they have come and that they are open.

    `handed_over_at` is 0 where a parcel is still with its seller. No day is earlier than today.
    """
    levels = np.array([cautious(calibration.level), 0.5])
    until = survived(calibration.clock, trained.layout.country_of(asks), now)
    days = _days(trained, trained.ordered, calibration, asks, asks.placed_at, until, levels)
    gone = (handed_over_at > 0) & (handed_over_at <= now)
    since = np.where(gone, handed_over_at, asks.placed_at)
    after = _days(trained, trained.underway, calibration, asks, since, until, levels)
    days = np.maximum(np.where(gone[:, None], after, days), int(now) // DAY)
    return Dates(days[:, 0], days[:, 1])


def _days(
    trained: Trained, stage: Stage, calibration: Calibration, asks: Asks, since: np.ndarray, known_until: np.ndarray,
    levels: np.ndarray,
) -> np.ndarray:  # fmt: skip
    layout, workdays = trained.layout, calibration.clock
    country, cells = layout.country_of(asks), layout.cells(asks, since)
    begun = workdays.at(country, day_of(since))
    days = np.empty((len(asks), len(levels)), np.int64)
    _answer(
        cells, begun, known_until, country, stage.effects, stage.scales, stage.mean, stage.scale, stage.z,
        stage.hazard, calibration.pace.lanes, int(layout.offsets[LANE]), LANE, workdays.passed, FIRST_DAY, levels, days,
    )  # fmt: skip
    found: np.ndarray = np.maximum(days, (since // DAY)[:, None])
    return found


class Reasons(NamedTuple):
    """Why a promise is what it is: on what it stands, and the parts of the way in days."""

    basis: str  # lane, regions, market or defaults
    parcels: int  # of the lane, or of what it fell back to
    is_new_seller: bool
    packing_days: int
    lane_speed: float  # now, where 1 is as fast as usual


def reasons(trained: Trained, calibration: Calibration, asks: Asks, dates: Dates) -> list[Reasons]:
    """Explain promises: on how many parcels each stands, and how the days fall to the seller and to the carriers."""
    layout = trained.layout
    cells = layout.cells(asks, asks.placed_at)
    seen = np.where(cells != layout.offsets[:-1, None], trained.seen[cells], 0)
    way = _days(
        trained, trained.underway, calibration, asks, asks.placed_at, np.full(len(asks), -np.inf),
        np.array([0.5]),
    )[:, 0]  # fmt: skip
    packing = np.maximum(dates.median - way, 0)
    now = calibration.pace.ahead * calibration.pace.load / trained.pace.usual
    speed = now * calibration.pace.lanes[cells[LANE] - layout.offsets[LANE]]
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
        found.append(Reasons(basis, parcels, is_new, int(packing[row]), float(speed[row])))
    return found


def ended(days: np.ndarray) -> np.ndarray:
    """Give the last moment of days since 1970, in UTC; int64 [n]."""
    moments: np.ndarray = (days + 1) * DAY - 1
    return moments
